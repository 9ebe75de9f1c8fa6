"""Global search: what a text finds in every room, as the reader may see it.

Each group asks the selectors of the app that owns the data, in a constant number of queries, and only
when the person may open that room. What is encrypted (remarks, names of CRM members) cannot be searched.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from attribution.live_codes.selectors import live_codes_visible_to
from contacts.directory.grams import search_grams
from contacts.directory.selectors import members_search, members_visible_to
from contacts.org.selectors import stores_of, stores_visible_to
from customers.crm.models import CrmMember
from customers.crm.selectors import members_search as crm_members_search
from customers.crm.selectors import members_visible_to as crm_members_visible_to
from customers.crm.selectors import orders_visible_to
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_by_phone, contacts_visible_to, relations_of
from customers.relations.showing import mask_name
from materials.library.selectors import materials_visible_to
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import mask_phone, normalise_phone
from scrm.core.scope import Scope
from scrm.home.menu import MENU, page_url

MOST = 5
LEAST_CHARACTERS = 2
MOST_CHARACTERS = 64
# Below this many digits a number is a part of something else; longer ones are also tried as a phone.
PHONE_DIGITS = 7
# An order number is found by its beginning from this length on.
ORDER_BEGINNING = 6
GUIDES_SHOWN = 3
LANGUAGES = ("zh-hans", "en")


@dataclass(frozen=True)
class Asked:
    """What somebody typed: the text, and the phone it is (E.164) or ""."""

    text: str
    phone: str = ""

    @property
    def is_long_enough(self) -> bool:
        """Tell whether it is worth asking; one Chinese character finds half of the company."""
        return len(self.text) >= LEAST_CHARACTERS


@dataclass(frozen=True)
class Hit:
    """One line of the answer."""

    title: str
    note: str
    url: str


@dataclass(frozen=True)
class Group:
    """The hits of one room; `more_url` is its list with the same search, "" when that is all."""

    key: str
    title: str
    icon: str
    hits: list[Hit]
    more_url: str = ""


@dataclass(frozen=True)
class Room:
    """A room that can be searched: who may, and how; `list_name` is the page with all of them."""

    key: str
    permission: str
    title: Promise
    icon: str
    list_name: str
    # The filter of the list page that takes the same text; "" when it has none.
    parameter: str
    find: Callable[[Scope, Asked], list[Hit]]


def asked(text: str) -> Asked:
    """Read what was typed: blanks trimmed, full-width letters and digits made plain, at most 64 characters."""
    plain = " ".join(unicodedata.normalize("NFKC", text).replace("\x00", "").split())
    plain = plain[:MOST_CHARACTERS]
    if sum(character.isdigit() for character in plain) < PHONE_DIGITS:
        return Asked(plain)
    try:
        return Asked(plain, normalise_phone(plain))
    except ValidationFailed:
        return Asked(plain)


def search(scope: Scope, wanted: Asked) -> list[Group]:
    """Return the groups with at least one hit, pages first; at most five hits each."""
    pages = _pages(scope, wanted)
    found = [Group("pages", _("Pages"), "arrow-right", pages)] if pages else []
    for room in rooms_of(scope):
        hits = room.find(scope, wanted)
        if hits:
            more = _more(room, wanted) if len(hits) > MOST else ""
            found.append(Group(room.key, str(room.title), room.icon, hits[:MOST], more))
    return found


def rooms_of(scope: Scope) -> list[Room]:
    """Return the rooms this person may search."""
    return [room for room in ROOMS if scope.allows(room.permission)]


def _more(room: Room, wanted: Asked) -> str:
    # A phone never stands in an address: addresses are kept in logs and histories.
    if wanted.phone or not room.parameter:
        return ""
    return reverse(room.list_name, query={room.parameter: wanted.text})


def _pages(scope: Scope, wanted: Asked) -> list[Hit]:
    """Return the pages of the menu whose name holds the text in any language; Latin words from their beginning."""
    text = wanted.text.casefold()
    begins = r"(?<![a-z0-9])" if text[:1].isascii() else ""
    wants = re.compile(begins + re.escape(text))
    hits = []
    for section in MENU:
        for leaf in section.leaves:
            url = page_url(scope, leaf.url_name)
            if url and any(wants.search(name) for name in _names(leaf.title)):
                hits.append(Hit(str(leaf.title), str(section.title), url))
    return hits[:MOST]


def _names(title: Promise) -> list[str]:
    names = []
    for language in LANGUAGES:
        with override(language):
            names.append(str(title).casefold())
    return names


# --- rooms -------------------------------------------------------------------------------------------------------


def _customers(scope: Scope, wanted: Asked) -> list[Hit]:
    """A part of the nickname, a full phone (verified, or in a remark the reader sees), an external_userid."""
    visible = contacts_visible_to(scope)
    exact = visible.filter(external_userid=wanted.text)
    if wanted.phone:
        found = contacts_by_phone(scope, visible, wanted.phone) | exact
    else:
        found = visible.filter(name_grams__contains=search_grams(wanted.text)) | exact
    contacts = list(found.order_by("-id")[: MOST + 1])
    followers = relations_of(scope, [contact.pk for contact in contacts])
    return [
        Hit(
            _name(scope, contact),
            " · ".join(
                relation.member.name or relation.member.userid
                for relation in followers.get(contact.pk, [])[:GUIDES_SHOWN]
            ),
            reverse("profile:detail", args=[contact.pk]),
        )
        for contact in contacts
    ]


def _name(scope: Scope, contact: ExternalContact) -> str:
    if not contact.name:
        return contact.external_userid
    return mask_name(contact.name) if scope.masked("name") else contact.name


def _crm_members(scope: Scope, wanted: Asked) -> list[Hit]:
    """A whole member number or a full phone."""
    found = crm_members_search(crm_members_visible_to(scope), wanted.text)
    return [
        Hit(
            member.member_no,
            " · ".join(
                part
                for part in (_crm_name(scope, member), mask_phone(member.phone), member.level)
                if part
            ),
            reverse("crm:list", query={"q": member.member_no}),
        )
        for member in found.order_by("-id")[: MOST + 1]
    ]


def _crm_name(scope: Scope, member: CrmMember) -> str:
    return mask_name(member.name) if scope.masked("name") else member.name


def _orders(scope: Scope, wanted: Asked) -> list[Hit]:
    """An order number or its beginning, or a whole member number."""
    matches = Q(order_no=wanted.text) | Q(member_no=wanted.text)
    if len(wanted.text) >= ORDER_BEGINNING:
        matches |= Q(order_no__startswith=wanted.text)
    found = orders_visible_to(scope).filter(matches).order_by("-paid_at", "-id")[: MOST + 1]
    return [
        Hit(
            order.order_no,
            f"{order.get_status_display()} · {order.amount}",
            reverse("crm:order", args=[order.pk]),
        )
        for order in found
    ]


def _members(scope: Scope, wanted: Asked) -> list[Hit]:
    """A part of the name, a whole userid or job number."""
    found = list(
        members_search(members_visible_to(scope), wanted.text).order_by("status", "name", "id")[
            : MOST + 1
        ]
    )
    stores = stores_of([member.pk for member in found])
    return [
        Hit(
            member.name or member.userid,
            " · ".join(
                part
                for part in (
                    member.userid,
                    stores[member.pk].name if member.pk in stores else "",
                    member.get_status_display(),
                )
                if part
            ),
            reverse("directory:members", query={"q": member.userid}),
        )
        for member in found
    ]


def _stores(scope: Scope, wanted: Asked) -> list[Hit]:
    """A part of the name or the beginning of the code."""
    matches = Q(name__icontains=wanted.text) | Q(code__istartswith=wanted.text)
    found = stores_visible_to(scope).filter(matches).order_by("status", "code")[: MOST + 1]
    return [
        Hit(
            store.name,
            f"{store.code} · {store.get_status_display()}",
            reverse("org:detail", args=[store.pk]),
        )
        for store in found
    ]


def _live_codes(scope: Scope, wanted: Asked) -> list[Hit]:
    """A part of the name, or the whole source parameter."""
    matches = Q(name__icontains=wanted.text) | Q(state=wanted.text)
    found = live_codes_visible_to(scope).filter(matches).order_by("-id")[: MOST + 1]
    return [
        Hit(code.name, code.get_status_display(), reverse("live_codes:detail", args=[code.pk]))
        for code in found
    ]


def _materials(scope: Scope, wanted: Asked) -> list[Hit]:
    """A part of the title."""
    found = materials_visible_to(scope).filter(title__icontains=wanted.text)
    return [
        Hit(
            material.title,
            f"{material.get_kind_display()} · {material.get_status_display()}",
            reverse("materials:detail", args=[material.pk]),
        )
        for material in found.order_by("-id")[: MOST + 1]
    ]


ROOMS: tuple[Room, ...] = (
    Room("customers", "relations.view", gettext_lazy("Customers"), "users", "relations:list", "q", _customers),
    Room("crm_members", "crm.view", gettext_lazy("CRM members"), "id", "crm:list", "q", _crm_members),
    Room("orders", "crm.view", gettext_lazy("Orders"), "receipt", "crm:orders", "q", _orders),
    Room("members", "directory.view", gettext_lazy("Members"), "address-book", "directory:members", "q", _members),
    Room("stores", "org.view", gettext_lazy("Stores"), "building-store", "org:list", "q", _stores),
    Room("live_codes", "live_codes.view", gettext_lazy("Live codes"), "qrcode", "live_codes:list", "name", _live_codes),
    Room("materials", "materials.view", gettext_lazy("Material library"), "photo", "materials:list", "q", _materials),
)  # fmt: skip
