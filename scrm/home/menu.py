"""The console's menu as data: nine sections, each leaf one URL and the permission it needs."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scrm.core.approvals.selectors import waiting_count
from scrm.core.scope import Scope


@dataclass(frozen=True)
class Leaf:
    """One entry: a URL name, the permission that shows it, words, an icon of the sprite."""

    url_name: str
    permission: str
    title: Promise
    icon: str
    # How many things there wait for this person.
    badge: Callable[[Scope], int] | None = None


@dataclass(frozen=True)
class Section:
    """A heading and its leaves; the first one has no heading."""

    title: Promise | str
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True)
class ShownLeaf:
    """A leaf as the sidebar draws it."""

    title: str
    url: str
    icon: str
    active: bool
    badge: int


@dataclass(frozen=True)
class ShownSection:
    """A section with at least one leaf that this person may open."""

    title: str
    leaves: tuple[ShownLeaf, ...]


MENU: tuple[Section, ...] = (
    Section("", (Leaf("home:index", "home.view", _("Home"), "home"),)),
    Section(
        _("Acquisition"),
        (
            Leaf("live_codes:list", "live_codes.view", _("Live codes"), "qrcode"),
            Leaf("welcome:list", "welcome.view", _("Welcome messages"), "message-heart"),
            Leaf("adds:list", "adds.view", _("Adds"), "user-plus"),
            Leaf("entries:list", "entries.view", _("Entries"), "door-enter"),
        ),
    ),
    Section(
        _("Customers"),
        (
            Leaf("relations:list", "relations.view", _("Customer list"), "users"),
            Leaf("customer_fields:list", "fields.view", _("Customer fields"), "list-check"),
            Leaf("serving:rules", "profile.rules", _("How to serve"), "star"),
            Leaf("serving:marks", "profile.mark", _("Not counted"), "eye-off"),
            Leaf("customer_sync:list", "relations.sync", _("Customer sync"), "refresh"),
            Leaf("customer_sync:missed", "relations.view", _("Missed changes"), "list-check"),
            Leaf("crm:list", "crm.view", _("CRM members"), "id"),
            Leaf("goods:list", "goods.view", _("Goods and stock"), "shopping-bag"),
            Leaf("intake:list", "intake.view", _("CRM sources"), "plug-connected"),
            Leaf("tags:list", "tags.view", _("Tags"), "tags"),
            Leaf("segments:list", "segments.view", _("Segments"), "users-group"),
            Leaf("segments:rules", "tag_rules.view", _("Tag rules"), "git-branch"),
            Leaf("segments:penetration", "segments.view", _("Friends and members"), "chart-bar"),
            Leaf("oneid:list", "oneid.view", _("Merge centre"), "git-merge"),
            Leaf("privacy:index", "privacy.view", _("Privacy"), "lock"),
            Leaf("groups:list", "groups.view", _("Customer groups"), "message"),
            Leaf("checkin:list", "checkin.view", _("Check-in"), "calendar"),
            Leaf("points:list", "points.view", _("Points"), "coin"),
            Leaf("inheritance:list", "inheritance.view", _("Hand-overs"), "users-group"),
        ),
    ),
    Section(
        _("Content"),
        (
            Leaf("materials:list", "materials.view", _("Material library"), "photo"),
            Leaf("material_reach:list", "materials.view", _("Reach"), "eye"),
        ),
    ),
    Section(
        _("Attribution"),
        (
            Leaf("sales:list", "sales.view", _("Attributed orders"), "receipt"),
            Leaf("sales:rules", "sales.view", _("Attribution rules"), "git-branch"),
            Leaf("touches:list", "touches.view", _("Touches"), "route"),
            Leaf("boards:index", "boards.view", _("Sales boards"), "chart-bar"),
        ),
    ),
    Section(
        _("Organisation"),
        (
            Leaf("directory:members", "directory.view", _("Members"), "address-book"),
            Leaf("directory:chase", "directory.view", _("Not ready to serve"), "clock"),
            Leaf("oa_sync:list", "oa_sync.view", _("OA sync"), "refresh"),
            Leaf("roster:list", "roster.view", _("Roster"), "calendar"),
            Leaf("org:list", "org.view", _("Stores"), "building-store"),
            Leaf("org:units", "org.view", _("Branch bindings"), "sitemap"),
            Leaf(
                "external_profiles:list",
                "external_profiles.view",
                _("External profiles"),
                "device-mobile",
            ),
            Leaf("drift:list", "drift.view", _("Address-book drift"), "eye"),
        ),
    ),
    Section(
        _("Risk"),
        (
            Leaf("anomalies:list", "anomalies.view", _("Monitor centre"), "alert-triangle"),
            Leaf("capacity:list", "capacity.view", _("Account capacity"), "stack-2"),
        ),
    ),
    Section(
        _("System"),
        (
            Leaf("setup:index", "setup.view", _("WeCom set-up"), "plug-connected"),
            Leaf("health:index", "health.view", _("Health"), "heart-rate-monitor"),
            Leaf("jobs:list", "jobs.view", _("Jobs"), "list-check"),
            Leaf("alerts:list", "alerts.view", _("Alerts"), "bell"),
            Leaf("inbox:list", "inbox.view", _("WeCom events"), "inbox"),
            Leaf("outbox:list", "outbox.view", _("Outgoing actions"), "send"),
            Leaf("api_keys:list", "api_keys.view", _("Partner keys"), "key"),
            Leaf("approvals:list", "approvals.view", _("Approvals"), "circle-check", waiting_count),
            Leaf("keys:index", "setup.view", _("Keys"), "key"),
            Leaf("roles:list", "roles.view", _("Roles"), "shield-lock"),
            Leaf("sessions:list", "sessions.view", _("Log-in sessions"), "user"),
            Leaf("audit:list", "audit.view", _("Audit"), "history"),
        ),
    ),
)


def menu_for(scope: Scope, *, view_name: str) -> tuple[ShownSection, ...]:
    """Return the sections and leaves a person may open; `view_name` is that of the page shown now."""
    here = _leaf_of(view_name)
    shown = (ShownSection(str(section.title), _shown(section, scope, here)) for section in MENU)
    return tuple(section for section in shown if section.leaves)


def _leaf_of(view_name: str) -> str:
    """Return the leaf a page belongs to: itself, else the first of its feature, "" without one."""
    names = [leaf.url_name for section in MENU for leaf in section.leaves]
    if view_name in names:
        return view_name
    feature, _colon, page = view_name.rpartition(":")
    siblings = [name for name in names if feature and name.startswith(f"{feature}:")]
    # `sales:rule_new` belongs to the leaf `sales:rules`, not to the first leaf of its feature.
    named = (name for name in siblings if page.startswith(name.rpartition(":")[2].rstrip("s")))
    return next(named, siblings[0] if siblings else "")


def _shown(section: Section, scope: Scope, here: str) -> tuple[ShownLeaf, ...]:
    found = []
    for leaf in section.leaves:
        url = url_of(leaf.url_name)
        if url and scope.allows(leaf.permission):
            active = leaf.url_name == here
            badge = leaf.badge(scope) if leaf.badge is not None else 0
            found.append(ShownLeaf(str(leaf.title), url, leaf.icon, active, badge))
    return tuple(found)


def page_url(scope: Scope, url_name: str) -> str:
    """Return the address of a page of the menu, "" when this person may not open it."""
    needed = next(
        (
            leaf.permission
            for section in MENU
            for leaf in section.leaves
            if leaf.url_name == url_name
        ),
        None,
    )
    return url_of(url_name) if needed is not None and scope.allows(needed) else ""


def url_of(url_name: str) -> str:
    """Return the address of a page, "" when this version does not have it."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""
