"""Every route × every role × {own, sibling store, other branch, deleted, ex-employee}.

The roles come from presets.toml, and two more hold all that a role below the whole company may carry: over one store,
and over one's own customers only. The routes come from the URL patterns. A route whose right such a role may carry is
asked here for objects of three stores, or named below with the reason; all others belong to the whole company.
"""

from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from contacts.org.services import binding_set
from contacts.roles.labels import PERMISSIONS, WHOLE_COMPANY
from contacts.roles.models import Role, RoleGrant
from contacts.roles.services import presets
from scrm.accounts.models import User
from scrm.core.approvals.exports import ask_for
from scrm.core.jobs.models import JobRun
from scrm.core.scope import SIGNED_IN
from scrm.home.access import Route, routes
from tests.architecture.places import OBJECTS, Arguments, Store, address, said
from tests.cast import Company, guide, person
from tests.factories.sales import settle

pytestmark = pytest.mark.django_db
PRESETS = {preset["code"]: preset for preset in presets()}
NARROW = PERMISSIONS.keys() - WHOLE_COMPANY
# What the role editor may at most put together below the whole company.
WIDEST = {
    "any_store": {"reach": "org", "permissions": sorted(NARROW)},
    "any_own": {"reach": "own", "permissions": sorted(NARROW)},
}
ROLES: dict[str, Any] = PRESETS | WIDEST
CONSOLE = [route for route in routes() if not route.is_api and route.mark not in {"", SIGNED_IN}]
OF_OBJECTS = {route.name: route for route in CONSOLE if "<" in route.path}
ROUTES = {name: route for name, route in OF_OBJECTS.items() if route.mark in NARROW}
LISTS = [route for route in CONSOLE if "<" not in route.path and route.mark in NARROW]
PLACES = ("own", "sibling", "other", "deleted")
# What each reach sees of the places; the whole company sees all that is there.
SEEN = {"branch": {"own", "sibling"}, "store": {"own"}, "all": {"own", "sibling", "other"}}
PASSED = {200, 302, 400, 409, 422}
REFUSED = {302, 403}
NOWHERE = UUID(int=0)
# How many lists show something of store A; IT sees no customer, an agency hardly one.
SHOWN = {"it_admin": 1, "agency": 2, "guide": 4, "store_manager": 4}

# The same for everybody who may open the page: no store, no person in it.
COMPANY_WIDE = {
    "tags:group": "tags are the company's",
    "tags:group_rename": "tags are the company's",
    "tags:group_move": "tags are the company's",
    "tags:group_delete": "tags are the company's",
    "tags:group_add": "tags are the company's",
    "tags:rename": "tags are the company's",
    "tags:move": "tags are the company's",
    "tags:delete": "tags are the company's",
    "tags:local_rename": "tags are the company's",
    "tags:local_delete": "tags are the company's",
    "anomalies:rule": "rules hold for the company",
    "goods:detail": "goods are the company's; their stock is narrowed by store: tests/customers/goods/test_goods.py",
    "entries:detail": "words of an entry; its figures are narrowed by store",
    "materials:create": "a kind of material, not an object",
    "materials:category_delete": "shelves are the company's",
    "org:template": "an empty file",
    "roles:role": "what a role may do; who holds it is narrowed by unit",
    "roles:change": "roles hold for the company: refused below it when it is asked for",
    "roles:delete": "roles hold for the company: refused below it",
    "sales:rule": "rules hold for the company",
}
# Objects whose place is asked for where they can be made by their own service.
ELSEWHERE = {
    "segments:detail": "tests/customers/segments/test_pages.py: shared, or its maker's",
    "segments:persons": "tests/customers/segments/test_pages.py: shared, or its maker's",
    "segments:edit": "tests/customers/segments/test_pages.py: shared, or its maker's",
    "segments:delete": "tests/customers/segments/test_pages.py: shared, or its maker's",
    "lists:view_delete": "tests/customers/lists/test_views.py: its owner's alone",
    "lists:export_take": "tests/customers/lists/test_bulk.py: for who asked for it alone",
    "org:import_detail": "tests/contacts/test_routes.py",
    "org:import_errors": "tests/contacts/test_routes.py",
    "org:import_approve": "tests/contacts/test_routes.py",
    "org:import_refuse": "tests/contacts/test_routes.py",
    "org:unit_file": "tests/contacts/org: a file of stores, its sender's and the whole company's",
    "org:unit_file_apply": "tests/contacts/org",
    "org:unit_file_drop": "tests/contacts/org",
    "org:unit_file_errors": "tests/contacts/org",
    "external_profiles:ask": "tests/contacts/profiles/test_templates.py",
    "external_profiles:detail": "tests/contacts/profiles/test_templates.py",
    "external_profiles:edit": "tests/contacts/profiles/test_templates.py",
    "external_profiles:publish": "tests/contacts/profiles/test_templates.py",
    "external_profiles:retire": "tests/contacts/profiles/test_templates.py",
    "roster:file": "tests/contacts/roster/test_files.py: a file of people, its sender's and the whole company's",
    "roster:file_drop": "tests/contacts/roster/test_files.py",
    "roster:file_errors": "tests/contacts/roster/test_files.py",
    "roster:file_send": "tests/contacts/roster/test_files.py",
    "org:unit": "tests/contacts/org: a branch or dealer, above the stores of this test",
}
# Pages of a room that is open below the whole company, which want the whole of it themselves.
COMPANY_LISTS = {
    "/console/drift/check/",
    "/console/external-profiles/check/",
    "/console/external-profiles/push/",
}
# What belongs to who made it, not to a store.
PERSONAL = {"jobs", "approvals"}
# A guide's own, whoever manages the store.
HERS_ALONE = {
    "h5:invitation_asked",
    "h5:invitation_reveal",
    "h5:material_confirm",
    "h5:task_done",
}
# Visible, and yet refused or absent for a reason that is not the place: nothing to hand out, another's decision.
NOT_FOR_ALL = {
    "jobs:cancel": {403},
    "jobs:restart": {403, 409},
    "jobs:errors": {404},
    "materials:file": {404},
    "live_codes:picture": {404},
    "h5:code_picture": {404},
    "h5:note_done": {404},
    "h5:side_bar_customer": {404},
}
MISSING = """
These routes name an object, and the access matrix does not know which of three stores it belongs to:
  {names}
Add each to OBJECTS in tests/architecture/places.py (what names the object of a store), or, with the reason, to
COMPANY_WIDE (no store, no person in it) or ELSEWHERE (which test asks it) in tests/architecture/test_object_matrix.py.
A right that only a role over the whole company may carry belongs into WHOLE_COMPANY in contacts/roles/labels.py instead."""


@pytest.fixture
def stores(company: Company) -> dict[str, Store]:
    """Store A, B beside it, and one of the other branch."""
    made = {
        "own": Store(company.store_a, guide("guide_li", "李娜", company.store_a), 1),
        "sibling": Store(company.store_b, guide("guide_wang", "王芳", company.store_b), 2),
        "other": Store(company.store_south, guide("guide_zhao", "赵敏", company.store_south), 3),
    }
    settle()
    return made


def somebody(code: str, company: Company, stores: dict[str, Store]) -> User:
    """A person of a role: the eastern branch, store A, or the whole company."""
    if code in WIDEST:
        Role.objects.create(code=code, name=code, masks=[], **WIDEST[code])
    if ROLES[code]["reach"] == "own":
        user = stores["own"].member.user
        assert user is not None
        RoleGrant.objects.filter(user=user).update(role=Role.objects.get(code=code))
        return user
    if ROLES[code]["reach"] == "all":
        return person(code, code)
    user = person(code, code, company.east if code == "branch_ops" else company.store_a)
    if code == "store_manager":
        # A manager serves the store by an account too.
        member = Member.objects.create(
            userid="manager", name="店长", status=Member.Status.ACTIVE, can_follow=True, user=user
        )
        binding_set(store=company.store_a, member=member, position=2, actor=None)
    return user


def arguments(name: str, place: str, stores: dict[str, Store], user: User) -> Arguments:
    """What names the object of a route at a place; a deleted one has an id that nothing has."""
    if name.partition(":")[0] in PERSONAL:
        found: Arguments = {"pk": _personal(name, place, stores, user)}
    else:
        found = OBJECTS[name](stores["own" if place == "deleted" else place])
    if place == "deleted":
        gone = {int: 999_999_999, str: "wm_gone"}
        found = {key: value if key in {"size", "part"} else gone.get(type(value), NOWHERE) for key, value in found.items()}  # fmt: skip
    return found


def _personal(name: str, place: str, stores: dict[str, Store], user: User) -> Any:
    owner = user if place in {"own", "deleted"} else stores[place].member.user
    if name.startswith("jobs:"):
        return JobRun.objects.create(kind="core.test", key=place, started_by=owner).pk
    return ask_for("boards", {}, rows=2000, page="/", actor=owner, reason="x").pk


def reach_of(code: str) -> str:
    """What of the places a role sees."""
    return "branch" if code == "branch_ops" else "all" if ROLES[code]["reach"] == "all" else "store"


def expected(code: str, route: Route, place: str) -> set[int]:
    """Which answers are right."""
    if route.mark not in ROLES[code]["permissions"]:
        return {403}
    feature, reach = route.name.partition(":")[0], reach_of(code)
    seen = {"own"} if feature in PERSONAL and reach != "all" else SEEN[reach]
    if place not in seen or (route.name in HERS_ALONE and ROLES[code]["reach"] != "own"):
        return {404}
    # Of a store, one's own customers are a part: pages about the store itself do not open.
    extra = {403, 404} if code in WIDEST else set()
    return PASSED | NOT_FOR_ALL.get(route.name, set()) | extra


def ask(client: Client, url: str) -> tuple[int, str]:
    """Status and words of a GET, or of a POST where there is no page; whatever it changed is undone."""
    with transaction.atomic():
        answer = client.get(url)
        if answer.status_code == 405:
            answer = client.post(url, {"reason": "matrix", "by": "guide"})
        words = said(answer) if answer.status_code == 200 else ""
        transaction.set_rollback(True)
    return answer.status_code, words


def strangers(code: str, stores: dict[str, Store], words: str) -> list[str]:
    """Marks of stores that a role does not reach, found in what it was shown."""
    seen = SEEN[reach_of(code)]
    return [mark for place, store in stores.items() if place not in seen for mark in store.marks if mark in words]  # fmt: skip


def wrong_cells(code: str, user: User, stores: dict[str, Store]) -> tuple[int, list[Any]]:
    """How many cells were asked, and those that answered otherwise or showed what lies elsewhere."""
    client = Client(raise_request_exception=False)
    client.force_login(user)
    asked, wrong = 0, []
    for name, route in ROUTES.items():
        if name not in OBJECTS and name.partition(":")[0] not in PERSONAL:
            continue
        # Who lacks the right is refused before any object is looked for.
        may = route.mark in ROLES[code]["permissions"]
        for place in PLACES if may else PLACES[:1]:
            with transaction.atomic():
                url = reverse(name, kwargs=arguments(name, place, stores, user))
                status, words = ask(client, url)
                transaction.set_rollback(True)
            asked += 1
            leaks = strangers(code, stores, words)
            if status not in expected(code, route, place) or leaks:
                wrong.append((name, place, status, leaks))
    return asked, wrong


def test_every_route_of_an_object_is_in_the_matrix() -> None:
    personal = {name for name in ROUTES if name.partition(":")[0] in PERSONAL}
    named = OBJECTS.keys() | COMPANY_WIDE.keys() | ELSEWHERE.keys() | personal
    missing = sorted(ROUTES.keys() - named)

    assert not missing, MISSING.format(names="\n  ".join(missing))
    assert sorted(named - ROUTES.keys()) == [], "named in the matrix, but no route any more"


def test_no_preset_below_the_whole_company_holds_a_right_over_all_of_it() -> None:
    assert PERMISSIONS.keys() >= WHOLE_COMPANY
    assert {
        code: sorted(WHOLE_COMPANY & set(preset["permissions"]))
        for code, preset in PRESETS.items()
        if preset["reach"] != "all" and WHOLE_COMPANY & set(preset["permissions"])
    } == {}


@pytest.mark.parametrize("code", sorted(ROLES))
def test_an_object_opens_only_where_the_role_reaches(
    code: str, company: Company, stores: dict[str, Store]
) -> None:
    user = somebody(code, company, stores)

    asked, wrong = wrong_cells(code, user, stores)

    assert wrong == []
    assert asked >= 60


@pytest.mark.parametrize("code", sorted(ROLES))
def test_a_list_a_figure_or_a_file_shows_nothing_from_elsewhere(
    code: str, company: Company, stores: dict[str, Store]
) -> None:
    user = somebody(code, company, stores)
    client = Client(raise_request_exception=False)
    client.force_login(user)
    wrong, own = [], 0

    for route in LISTS:
        status, words = ask(client, route.path)
        may = route.mark in ROLES[code]["permissions"]
        leaks = strangers(code, stores, words)
        # What was put together here at the utmost may meet a page that wants the whole company.
        refused_rightly = status == 403 and (
            not may or code in WIDEST or route.path in COMPANY_LISTS
        )
        if leaks or status >= 500 or (not refused_rightly and not (may and status != 403)):
            wrong.append((route.path, status, leaks))
        own += any(mark in words for mark in stores["own"].marks)

    assert wrong == []
    # the marks are really there to be seen
    assert own >= SHOWN.get(code, 8)


@pytest.mark.parametrize("code", sorted(ROLES))
def test_who_left_opens_nothing_at_all(
    code: str, company: Company, stores: dict[str, Store]
) -> None:
    # given somebody of the role whose account was closed
    user = somebody(code, company, stores)
    Member.objects.update_or_create(
        user=user, defaults={"status": Member.Status.LEFT}, create_defaults={"userid": "gone", "status": Member.Status.LEFT}
    )  # fmt: skip
    client = Client(raise_request_exception=False)
    client.force_login(user)
    opened = []

    for route in CONSOLE:
        known = route.name in OBJECTS and "<" in route.path
        url = reverse(route.name, kwargs=arguments(route.name, "own", stores, user)) if known else address(route)  # fmt: skip
        status, _words = ask(client, url)
        if status not in REFUSED:
            opened.append((route.name, status))

    assert opened == []
    assert RoleGrant.objects.filter(user=user, role__code=code).exists()
