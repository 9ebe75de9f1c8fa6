"""Who may open what of stores and bindings: own store, other store, other branch, dealer, half an editor, who left."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from contacts.directory.models import Member
from contacts.org.change_models import StoreChange
from contacts.org.models import BindingImport, OrgUnit, StoreBinding, UnitFile
from contacts.org.services import (
    binding_import,
    binding_import_apply,
    change_plan,
    unit_file_send,
)
from contacts.org.urls import urlpatterns
from contacts.roles import services as roles
from contacts.roles.models import Role
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.exceptions import PermissionDenied
from tests.cast import (
    Company,
    branch_ops,
    company,
    guide_li,
    guide_wang,
    hq_ops,
    outsider,
    person,
)
from tests.factories.accounts import UserFactory
from tests.factories.contacts import MemberFactory, StoreFactory

__all__ = ["branch_ops", "company", "guide_li", "guide_wang", "hq_ops", "outsider"]
pytestmark = pytest.mark.django_db
BINDINGS = "门店编码,工号或账号,顺序\nS1,guide_li,1\nS9,guide_li,\n"
UNITS = "编码,名称,类型,上级编码\nS77,新店,门店,B1\nS78,错店,仓库,B1\n"


@dataclass
class Room:
    """Everything the routes need to exist; what was sent in is the eastern branch's."""

    store: OrgUnit
    branch: OrgUnit
    binding: StoreBinding
    batch: BindingImport
    unit_file: UnitFile
    change: StoreChange

    def fingerprint(self) -> tuple[Any, ...]:
        """Return what a denied action must not have changed."""
        return (
            list(StoreBinding.objects.order_by("pk").values()),
            list(OrgUnit.objects.order_by("pk").values()),
            list(BindingImport.objects.order_by("pk").values_list("pk", "status")),
            list(UnitFile.objects.order_by("pk").values_list("pk", "status")),
            list(StoreChange.objects.order_by("pk").values_list("pk", "status")),
        )


@pytest.fixture
def room(
    company: Company, guide_li: Member, guide_wang: Member, hq_ops: User, branch_ops: User
) -> Room:
    """Store A with Li, a file of the eastern branch, a file of units, a planned closing."""
    return Room(
        store=company.store_a,
        branch=company.east,
        binding=StoreBinding.objects.get(member=guide_li),
        batch=binding_import(
            file=io.BytesIO(BINDINGS.encode()), filename="b.csv", actor=branch_ops, scope=scope_for(branch_ops)
        ),
        unit_file=unit_file_send(
            file=io.BytesIO(UNITS.encode()), filename="u.csv", existing="update", actor=hq_ops
        ),
        change=change_plan(
            kind="close", store=company.store_a, target=None, effective_on=timezone.localdate(),
            reason="lease ends", actor=hq_ops,
        ),
    )  # fmt: skip


def upload() -> dict[str, Any]:
    """Return a file of bindings as a form sends it."""
    return {"file": SimpleUploadedFile("b.csv", BINDINGS.encode()), "existing": "update"}


def units() -> dict[str, Any]:
    """Return a file of units as a form sends it."""
    return {"file": SimpleUploadedFile("u.csv", UNITS.encode()), "existing": "update"}


Route = tuple[str, Callable[[Room], dict[str, Any]], dict[str, Any] | Callable[[], dict[str, Any]] | None]  # fmt: skip
CLOSING = {"kind": "close", "effective_on": "2099-01-01", "reason": "x"}
ROUTES: list[Route] = [
    ("list", lambda r: {}, None),
    ("detail", lambda r: {"pk": r.store.pk}, None),
    ("bind", lambda r: {"pk": r.store.pk}, {"account": "guide_wang", "move": "on"}),
    ("change_plan", lambda r: {"pk": r.store.pk}, None),
    ("change_plan", lambda r: {"pk": r.store.pk}, CLOSING),
    ("retire", lambda r: {"pk": r.binding.pk}, {}),
    ("state", lambda r: {"pk": r.binding.pk}, {"state": "serve_only"}),
    ("shift", lambda r: {"pk": r.binding.pk}, {"to": "up"}),
    ("units", lambda r: {}, None),
    ("unit", lambda r: {"pk": r.branch.pk}, None),
    ("site", lambda r: {"pk": r.store.pk}, None),
    ("site", lambda r: {"pk": r.store.pk}, {"street_address": "x"}),
    ("units_import", lambda r: {}, None),
    ("units_import", lambda r: {}, units),
    ("unit_file", lambda r: {"pk": r.unit_file.pk}, None),
    ("unit_file_apply", lambda r: {"pk": r.unit_file.pk}, {}),
    ("unit_file_drop", lambda r: {"pk": r.unit_file.pk}, {}),
    ("unit_file_errors", lambda r: {"pk": r.unit_file.pk}, None),
    ("changes", lambda r: {}, None),
    ("change", lambda r: {"pk": r.change.pk}, None),
    ("change_approve", lambda r: {"pk": r.change.pk}, {}),
    ("change_cancel", lambda r: {"pk": r.change.pk}, {}),
    ("change_retry", lambda r: {"pk": r.change.pk}, {}),
    ("imports", lambda r: {}, None),
    ("import", lambda r: {}, None),
    ("import_detail", lambda r: {"pk": r.batch.pk}, None),
    ("import_approve", lambda r: {"pk": r.batch.pk}, {}),
    ("import_refuse", lambda r: {"pk": r.batch.pk}, {"note": "wrong month"}),
    ("import_errors", lambda r: {"pk": r.batch.pk}, None),
    ("template", lambda r: {"table": "bindings"}, None),
]
LISTS = {"list", "units", "changes"}
SENDING = {"imports", "import", "template"}
OWN = {"detail", "unit", "change"}
# Who → what answers 200. Everything else is 403, or 404 where the permission is there and the row is not hers.
MAY = {
    "branch": LISTS | OWN | SENDING | {"import_detail", "import_errors"},
    "colleague": LISTS | OWN | SENDING,
    "dealer_here": LISTS | OWN | SENDING,
    "dealer_elsewhere": LISTS | SENDING,
    "other_branch": LISTS | SENDING,
    "half_an_editor": LISTS | SENDING | OWN | {"change_plan", "site"},
    "own_store": set(),
    "other_store": set(),
    "guide": set(),
    "left": set(),
}
FILES = {"import_detail", "import_errors"}
UNIT_FILE = {"unit_file", "unit_file_apply", "unit_file_drop", "unit_file_errors"}
HIDDEN = {
    "colleague": FILES,
    "dealer_here": FILES,
    "dealer_elsewhere": OWN | FILES,
    "other_branch": OWN | FILES,
    "half_an_editor": FILES | UNIT_FILE | {"import_approve", "import_refuse"},
}
# The editor of one branch may change its own rows; that is no denial.
DOES = {
    "half_an_editor": {"bind", "retire", "state", "shift", "change_approve", "change_cancel", "change_retry"},
}  # fmt: skip


def who(name: str, room: Room, company: Company, request: pytest.FixtureRequest) -> User:
    """Return the person."""
    made: dict[str, Callable[[], User]] = {
        "branch": lambda: request.getfixturevalue("branch_ops"),
        "colleague": lambda: person("colleague", "branch_ops", company.east),
        "dealer_here": lambda: person("dealer", "dealer", company.east),
        "dealer_elsewhere": lambda: person("dealer", "dealer", company.south),
        "other_branch": lambda: request.getfixturevalue("outsider"),
        "half_an_editor": lambda: half_an_editor(company.east),
        "own_store": lambda: person("manager", "store_manager", company.store_a),
        "other_store": lambda: person("manager", "store_manager", company.store_b),
        "guide": lambda: User.objects.get(username="wecom:guide_li"),
        "left": left,
    }
    return made[name]()


def half_an_editor(unit: OrgUnit) -> User:
    """Return somebody whose role, made by the role editor, may check and change, but for one branch only."""
    user = UserFactory(username="half")
    role = Role.objects.create(
        code="half_editor", name="半个编辑", permissions=["org.view", "org.edit", "org.bind"],
        reach=Role.objects.get(code="branch_ops").reach,
    )  # fmt: skip
    roles.grant(user=user, role=role, org_unit=unit, actor=None)
    return user


def left() -> User:
    """Return an editor of headquarters whose account was deleted in WeCom."""
    user = person("wecom:gone", "hq_ops")
    MemberFactory(userid="gone", user=user, status=Member.Status.LEFT)
    return user


def call(client: Client, route: Route, room: Room) -> int:
    """Return the status of a call."""
    name, arguments, data = route
    url = reverse(f"org:{name}", kwargs=arguments(room))
    if data is None:
        return client.get(url).status_code
    return client.post(url, data() if callable(data) else data).status_code


def test_every_route_of_the_room_is_listed() -> None:
    assert {route[0] for route in ROUTES} == {pattern.name for pattern in urlpatterns}
    assert get_resolver().reverse_dict  # the room is mounted


@pytest.mark.parametrize("name", MAY)
def test_what_is_not_ones_own_is_refused_and_changes_nothing(
    name: str, room: Room, company: Company, request: pytest.FixtureRequest, client: Client
) -> None:
    # given this person, and the state of the world
    client.force_login(who(name, room, company, request))
    may, hidden, does = MAY[name], HIDDEN.get(name, set()), DOES.get(name, set())
    before = room.fingerprint()

    # when each route is called that is not hers
    denied = [
        route
        for route in ROUTES
        if route[0] not in does and (route[0] not in may or route[2] is not None)
    ]
    if name == "half_an_editor":
        denied = [route for route in denied if route[0] not in {"change_plan", "site"}]
    answers = {route[0]: call(client, route, room) for route in denied}

    # then each is refused, or not found where an answer would tell that the row exists
    assert answers == {each: 404 if each in hidden else 403 for each in answers}
    assert room.fingerprint() == before

    # and what is hers answers
    reads = [route for route in ROUTES if route[0] in may and route[2] is None]
    assert {route[0]: call(client, route, room) for route in reads} == {
        route[0]: 200 for route in reads
    }


def test_an_editor_of_one_branch_does_not_check_her_own_file(
    company: Company, guide_li: Member, hq_ops: User, client: Client
) -> None:
    # given a file she sent in herself
    editor = half_an_editor(company.east)
    MemberFactory(userid="fresh")
    batch = binding_import(
        file=io.BytesIO("门店编码,工号或账号\nS1,fresh".encode()), filename="b.csv", actor=editor,
        scope=scope_for(editor),
    )  # fmt: skip
    client.force_login(editor)

    # when she approves it
    page = client.get(reverse("org:import_detail", args=[batch.pk])).content.decode()
    client.post(reverse("org:import_approve", args=[batch.pk]))
    with pytest.raises(PermissionDenied):
        binding_import_apply(batch=batch, actor=editor, scope=scope_for(editor))

    # then it goes on waiting for headquarters
    batch.refresh_from_db()
    assert (batch.status, StoreBinding.objects.filter(member__userid="fresh").count()) == (
        "waiting", 0,
    )  # fmt: skip
    assert reverse("org:import_approve", args=[batch.pk]) not in page


def test_a_branch_cannot_take_another_branchs_account(
    company: Company, guide_li: Member, branch_ops: User, outsider: User
) -> None:
    # given Li of the eastern branch, and a new guide who stands nowhere yet
    MemberFactory(userid="fresh")
    rows = "门店编码,工号或账号\nS3,guide_li\nS3,fresh"

    # when the southern branch names both
    batch = binding_import(
        file=io.BytesIO(rows.encode()), filename="b.csv", actor=outsider, scope=scope_for(outsider)
    )

    # then the other branch's account is nobody it knows
    assert list(batch.rows.order_by("row_number").values_list("action", "code", "member__userid")) == [
        ("error", "account_unknown", None), ("bind", "", "fresh"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "stores"),
    [("branch", {"S1", "S2"}), ("other_branch", {"S3"}), ("dealer_at_store", {"S9"})],
)
def test_the_phone_form_and_the_rates_know_only_ones_own_stores(
    name: str, stores: set[str], room: Room, company: Company, request: pytest.FixtureRequest, client: Client
) -> None:  # fmt: skip
    # given a dealer below the south with one store
    if name == "dealer_at_store":
        dealer = OrgUnit.objects.create(
            kind="dealer", code="D1", name="经销商", parent=company.south, path=f"{company.south.path}900001/",
            pk=900001,
        )  # fmt: skip
        StoreFactory(
            code="S9", name="经销店", parent=dealer, path=f"{dealer.path}900002/", pk=900002
        )
        user = person("dealer", "dealer", dealer)
    else:
        user = who(name, room, company, request)
        if name == "other_branch":
            assert (
                OrgUnit.objects.filter(path__startswith=company.south.path, kind="store").count()
                == 1
            )
    client.force_login(user)

    phone = client.get("/h5/bind/")
    page = client.get(reverse("org:units"))

    assert {store.code for store in phone.context["stores"]} == stores
    assert page.context["total"].stores == len(stores)
    assert client.get(reverse("org:list")).context["total"].stores == len(stores)


def test_a_manager_sends_in_for_her_own_store_only(
    room: Room, company: Company, client: Client
) -> None:
    # given the manager of store B, who may send in by phone
    client.force_login(person("manager", "store_manager", company.store_b))
    MemberFactory(userid="fresh")
    before = room.fingerprint()

    # when she names store A, or takes an account of store A for her own
    other_store = client.post("/h5/bind/", {"store_code": "S1", "account": "fresh"})
    other_account = client.post("/h5/bind/", {"store_code": "S2", "account": "guide_li"})

    # then neither is hers to name
    assert (other_store.status_code, other_account.status_code) == (422, 422)
    assert room.fingerprint() == before
    assert {store.code for store in client.get("/h5/bind/").context["stores"]} == {"S2"}


@pytest.mark.parametrize(("name", "status"), [("guide", 403), ("left", 302)])
def test_who_may_not_send_sends_nothing_by_phone(
    name: str, status: int, room: Room, company: Company, request: pytest.FixtureRequest, client: Client
) -> None:  # fmt: skip
    client.force_login(who(name, room, company, request))
    before = room.fingerprint()

    client.get("/h5/bind/")
    answer = client.post("/h5/bind/", {"store_code": "S1", "account": "guide_li"})
    assert answer.status_code == status

    assert room.fingerprint() == before
