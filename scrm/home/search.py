"""Global search: what a text finds in every room, as the reader may see it.

Each group asks the selectors of the app that owns the data, in a constant number of queries, and only
when the person may open that room. Names of CRM members are encrypted and cannot be searched.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from attribution.live_codes.selectors import live_codes_visible_to
from contacts.directory.selectors import members_search, members_visible_to
from contacts.org.selectors import stores_of, stores_visible_to
from customers.crm.models import CrmMember
from customers.crm.selectors import members_search as crm_members_search
from customers.crm.selectors import members_visible_to as crm_members_visible_to
from customers.crm.selectors import orders_visible_to
from customers.lists.finding import Wanted, first_hits
from customers.relations.models import ExternalContact
from customers.relations.selectors import relations_of
from customers.relations.showing import mask_name
from materials.library.selectors import materials_visible_to
from scrm.core.phone import mask_phone
from scrm.core.scope import Scope
from scrm.core.searched import SEALED, TEXT, sealed_text
from scrm.home.menu import MENU, page_url

MOST = 5
# An order number is found by its beginning from this length on.
ORDER_BEGINNING = 6
GUIDES_SHOWN = 3
LANGUAGES = ("zh-hans", "en")


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
    find: Callable[[Scope, Wanted], list[Hit]]
    is_sealed: bool = False


def search(scope: Scope, wanted: Wanted) -> list[Group]:
    """Return the groups with at least one hit, pages first; at most five hits each."""
    pages = _pages(scope, wanted)
    found = [Group("pages", _("Pages"), "arrow-right", pages)] if pages else []
    for room in rooms_of(scope):
        hits = room.find(scope, wanted)
        if hits:
            more = _more(scope, room, wanted) if len(hits) > MOST else ""
            found.append(Group(room.key, str(room.title), room.icon, hits[:MOST], more))
    return found


def rooms_of(scope: Scope) -> list[Room]:
    """Return the rooms this person may search."""
    return [room for room in ROOMS if scope.allows(room.permission)]


def _more(scope: Scope, room: Room, wanted: Wanted) -> str:
    if not room.parameter:
        return ""
    # What was searched may be a phone or a name: where the list can, it stands sealed in the address.
    if room.parameter == TEXT and room.is_sealed:
        return reverse(room.list_name, query={SEALED: sealed_text(scope.user_id, wanted.text)})
    return "" if wanted.is_number else reverse(room.list_name, query={room.parameter: wanted.text})


def _pages(scope: Scope, wanted: Wanted) -> list[Hit]:
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


def _customers(scope: Scope, wanted: Wanted) -> list[Hit]:
    """A phone or its last four digits, nickname, remark, pinyin, member number, external_userid, unionid."""
    contacts = first_hits(scope, wanted, MOST + 1)
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


def _crm_members(scope: Scope, wanted: Wanted) -> list[Hit]:
    """A whole member number, a full phone or its last four digits."""
    found = crm_members_search(crm_members_visible_to(scope), wanted.text)
    return [
        Hit(
            member.member_no,
            " · ".join(
                part
                for part in (_crm_name(scope, member), mask_phone(member.phone), member.level)
                if part
            ),
            reverse("crm:list", query={SEALED: sealed_text(scope.user_id, member.member_no)}),
        )
        for member in found.order_by("-id")[: MOST + 1]
    ]


def _crm_name(scope: Scope, member: CrmMember) -> str:
    return mask_name(member.name) if scope.masked("name") else member.name


def _orders(scope: Scope, wanted: Wanted) -> list[Hit]:
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


def _members(scope: Scope, wanted: Wanted) -> list[Hit]:
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


def _stores(scope: Scope, wanted: Wanted) -> list[Hit]:
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


def _live_codes(scope: Scope, wanted: Wanted) -> list[Hit]:
    """A part of the name, or the whole source parameter."""
    matches = Q(name__icontains=wanted.text) | Q(state=wanted.text)
    found = live_codes_visible_to(scope).filter(matches).order_by("-id")[: MOST + 1]
    return [
        Hit(code.name, code.get_status_display(), reverse("live_codes:detail", args=[code.pk]))
        for code in found
    ]


def _materials(scope: Scope, wanted: Wanted) -> list[Hit]:
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
    Room("customers", "relations.view", gettext_lazy("Customers"), "users", "relations:list", "q", _customers, is_sealed=True),
    Room("crm_members", "crm.view", gettext_lazy("CRM members"), "id", "crm:list", "q", _crm_members, is_sealed=True),
    Room("orders", "crm.view", gettext_lazy("Orders"), "receipt", "crm:orders", "q", _orders),
    Room("members", "directory.view", gettext_lazy("Members"), "address-book", "directory:members", "q", _members),
    Room("stores", "org.view", gettext_lazy("Stores"), "building-store", "org:list", "q", _stores),
    Room("live_codes", "live_codes.view", gettext_lazy("Live codes"), "qrcode", "live_codes:list", "name", _live_codes),
    Room("materials", "materials.view", gettext_lazy("Material library"), "photo", "materials:list", "q", _materials),
)  # fmt: skip
