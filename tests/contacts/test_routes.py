"""Who may open what: every route of stores, address book and OA sync, for every role."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Member
from contacts.oa_sync.models import OaFile, OaPlanItem, OaPolicy, OaRowError, OaRun
from contacts.org.change_models import StoreChange
from contacts.org.models import BindingImport, OrgUnit, StoreBinding, UnitFile
from contacts.org.services import binding_import, change_plan, unit_file_send
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.jobs.models import JobRun
from tests.cast import (
    Company,
    auditor,
    branch_ops,
    company,
    guide_li,
    guide_wang,
    hq_ops,
    it_admin,
    outsider,
    person,
)
from tests.factories.contacts import MemberFactory

__all__ = [
    "auditor",
    "branch_ops",
    "company",
    "guide_li",
    "guide_wang",
    "hq_ops",
    "it_admin",
    "outsider",
]
pytestmark = pytest.mark.django_db
UNITS = "编码,名称,类型,上级编码\nS77,新店,门店,B1\nS78,错店,仓库,B1\n"
FILE = "门店编码,工号或账号,顺序\nS1,guide_li,1\nS9,guide_li,\n"


class Office:
    """Everything the routes need to exist, and who is who."""

    def __init__(self, company: Company, li: Member, hq: User, branch: User) -> None:
        self.company, self.li = company, li
        self.binding = StoreBinding.objects.get(member=li)
        self.run = OaRun.objects.create(
            status=OaRun.Status.PLANNED, item_counts={"member_create": 1}, error_count=1
        )
        for role in OaFile.Role.values:
            OaFile.objects.create(run=self.run, role=role, filename=f"{role}.csv", content=b"x")
        OaPlanItem.objects.create(
            run=self.run, position=1, kind="member_create", key="e1", reason="hired",
            after={"name": "李雷", "phone": "+8613800138000", "department": "人民路店"},
        )  # fmt: skip
        OaRowError.objects.create(
            run=self.run, role="employees", row_number=2, field="phone", column="手机", code="phone_blank",
            detail={"value": "", "params": {}, "row": {"工号": "E1"}},
        )  # fmt: skip
        self.batch = self._batch(branch)
        self.unit_file = unit_file_send(
            file=io.BytesIO(UNITS.encode()), filename="u.csv", existing="update", actor=hq
        )
        self.change = change_plan(
            kind="close", store=company.store_a, target=None, effective_on=timezone.localdate(),
            reason="lease ends", actor=hq,
        )  # fmt: skip

    def _batch(self, branch: User) -> BindingImport:
        return binding_import(
            file=io.BytesIO(FILE.encode()), filename="b.csv", actor=branch, scope=scope_for(branch)
        )

    def fingerprint(self) -> tuple[Any, ...]:
        """Return what a denied action must not have changed."""
        return (
            list(StoreBinding.objects.order_by("pk").values()),
            list(OaRun.objects.order_by("pk").values_list("pk", "status", "approved_by_id")),
            list(BindingImport.objects.order_by("pk").values_list("pk", "status")),
            OaPolicy.objects.count(), JobRun.objects.count(),
            list(OrgUnit.objects.order_by("pk").values_list("pk", "name", "status", "street_address")),
            list(UnitFile.objects.values_list("status")), list(StoreChange.objects.values_list("status")),
        )  # fmt: skip


@pytest.fixture
def office(
    company: Company, guide_li: Member, guide_wang: Member, hq_ops: User, branch_ops: User
) -> Office:
    """A store with an account, a waiting plan, a waiting file of the eastern branch."""
    return Office(company, guide_li, hq_ops, branch_ops)


Route = tuple[str, str, Callable[[Office], dict[str, Any]], dict[str, Any]]
ROUTES: list[Route] = [
    ("GET", "directory:members", lambda o: {}, {}),
    ("GET", "directory:departments", lambda o: {}, {}),
    ("POST", "directory:refresh", lambda o: {}, {}),
    ("GET", "org:list", lambda o: {}, {}),
    ("GET", "org:detail", lambda o: {"pk": o.company.store_a.pk}, {}),
    (
        "POST",
        "org:bind",
        lambda o: {"pk": o.company.store_b.pk},
        {"account": "guide_li", "move": "on"},
    ),
    ("POST", "org:retire", lambda o: {"pk": o.binding.pk}, {}),
    ("POST", "org:state", lambda o: {"pk": o.binding.pk}, {"state": "serve_only"}),
    ("POST", "org:shift", lambda o: {"pk": o.binding.pk}, {"to": "up"}),
    ("GET", "org:units_import", lambda o: {}, {}),
    ("GET", "org:units", lambda o: {}, {}),
    ("GET", "org:unit", lambda o: {"pk": o.company.east.pk}, {}),
    ("GET", "org:site", lambda o: {"pk": o.company.store_a.pk}, {}),
    ("POST", "org:site", lambda o: {"pk": o.company.store_a.pk}, {"street_address": "x"}),
    ("GET", "org:unit_file", lambda o: {"pk": o.unit_file.pk}, {}),
    ("POST", "org:unit_file_apply", lambda o: {"pk": o.unit_file.pk}, {}),
    ("POST", "org:unit_file_drop", lambda o: {"pk": o.unit_file.pk}, {}),
    ("GET", "org:unit_file_errors", lambda o: {"pk": o.unit_file.pk}, {}),
    ("GET", "org:changes", lambda o: {}, {}),
    ("GET", "org:change_plan", lambda o: {"pk": o.company.store_b.pk}, {}),
    ("GET", "org:change", lambda o: {"pk": o.change.pk}, {}),
    ("POST", "org:change_approve", lambda o: {"pk": o.change.pk}, {}),
    ("POST", "org:change_cancel", lambda o: {"pk": o.change.pk}, {}),
    ("POST", "org:change_retry", lambda o: {"pk": o.change.pk}, {}),
    ("GET", "org:imports", lambda o: {}, {}),
    ("GET", "org:import", lambda o: {}, {}),
    ("GET", "org:import_detail", lambda o: {"pk": o.batch.pk}, {}),
    ("GET", "org:import_errors", lambda o: {"pk": o.batch.pk}, {}),
    ("POST", "org:import_approve", lambda o: {"pk": o.batch.pk}, {}),
    ("POST", "org:import_refuse", lambda o: {"pk": o.batch.pk}, {"note": "wrong month"}),
    ("GET", "org:template", lambda o: {"table": "bindings"}, {}),
    ("GET", "oa_sync:list", lambda o: {}, {}),
    ("POST", "oa_sync:upload", lambda o: {}, {}),
    ("GET", "oa_sync:policy", lambda o: {}, {}),
    ("GET", "oa_sync:template", lambda o: {"role": "employees"}, {}),
    ("GET", "oa_sync:detail", lambda o: {"pk": o.run.pk}, {}),
    ("GET", "oa_sync:live", lambda o: {"pk": o.run.pk}, {}),
    ("POST", "oa_sync:approve", lambda o: {"pk": o.run.pk}, {}),
    ("POST", "oa_sync:discard", lambda o: {"pk": o.run.pk}, {}),
    ("POST", "oa_sync:continue", lambda o: {"pk": o.run.pk}, {}),
    ("POST", "oa_sync:again", lambda o: {"pk": o.run.pk}, {}),
    ("GET", "oa_sync:plan", lambda o: {"pk": o.run.pk}, {}),
    ("GET", "oa_sync:errors", lambda o: {"pk": o.run.pk, "role": "employees"}, {}),
]
READS = {"directory:members", "directory:departments", "org:list", "org:units", "org:changes"}
STORE = {"org:detail", "org:unit", "org:change"}
BRANCH_FILES = {"org:imports", "org:import", "org:template"}
OWN_FILE = {"org:import_detail", "org:import_errors"}
OA_READS = {"oa_sync:list", "oa_sync:detail", "oa_sync:live", "oa_sync:plan"}
OA_UPLOADS = {
    "directory:refresh",
    "oa_sync:upload",
    "oa_sync:template",
    "oa_sync:again",
    "oa_sync:errors",
}
# Everything else is refused with 403, or 404 where the permission is there and the row is not.
ALLOWED = {
    "auditor": READS | STORE | OA_READS,
    "branch_ops": READS | STORE | BRANCH_FILES | OWN_FILE,
    "outsider": READS | BRANCH_FILES,
    "it_admin": {"directory:members", "directory:departments"} | OA_READS | OA_UPLOADS,
    "agency": set(),
    "guide": set(),
    "ex_employee": set(),
}
HIDDEN = {"outsider": STORE | OWN_FILE}


def somebody(role: str, office: Office, request: pytest.FixtureRequest) -> User:
    """Return the person of a role."""
    if role == "guide":
        user = office.li.user
        assert user is not None
        return user
    if role == "agency":
        return person("agency", "agency", office.company.east)
    if role == "ex_employee":
        user = person("wecom:gone", "hq_ops")
        MemberFactory(userid="gone", user=user, status=Member.Status.LEFT)
        return user
    found: User = request.getfixturevalue(role)
    return found


def call(client: Client, route: Route, office: Office) -> int:
    """Return the status of a call."""
    method, name, arguments, data = route
    url = reverse(name, kwargs=arguments(office))
    response = client.get(url) if method == "GET" else client.post(url, data)
    return response.status_code


@pytest.mark.parametrize("role", ALLOWED)
def test_every_route_for_every_role(
    role: str, office: Office, request: pytest.FixtureRequest, client: Client
) -> None:
    # given somebody in this role, and the state of the world
    client.force_login(somebody(role, office, request))
    allowed, hidden = ALLOWED[role], HIDDEN.get(role, set())
    before = office.fingerprint()

    # when each route is called that the role may not use
    answers = {route[1]: call(client, route, office) for route in ROUTES if route[1] not in allowed}

    # then each is refused, or not found where it would tell that the row exists
    assert answers == {name: 404 if name in hidden else 403 for name in answers}
    assert office.fingerprint() == before

    # and the reads it may use answer
    reads = [route for route in ROUTES if route[1] in allowed and route[0] == "GET"]
    assert {route[1]: call(client, route, office) for route in reads} == {
        route[1]: 200 for route in reads
    }


@pytest.mark.parametrize("route", ROUTES, ids=[route[1] for route in ROUTES])
def test_nobody_is_let_in_without_a_login(route: Route, office: Office, client: Client) -> None:
    before = office.fingerprint()

    assert call(client, route, office) == 302

    assert office.fingerprint() == before


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_shows_in_both_languages(
    office: Office, hq_ops: User, client: Client, language: str
) -> None:
    hq_ops.language = language
    hq_ops.save()
    client.force_login(hq_ops)

    pages = [route for route in ROUTES if route[0] == "GET"]

    assert {route[1]: call(client, route, office) for route in pages} == {
        route[1]: 200 for route in pages
    }


def test_a_branch_sees_its_own_people_and_stores_only(
    office: Office, branch_ops: User, client: Client
) -> None:
    # given a guide in each branch
    MemberFactory(userid="southern", name="南方导购", org_path=office.company.south.path)
    client.force_login(branch_ops)

    members = client.get(reverse("directory:members")).content.decode()
    stores = client.get(reverse("org:list")).content.decode()

    assert "guide_li" in members
    assert "southern" not in members
    assert "人民路店" in stores
    assert "天河店" not in stores


def test_a_branch_does_not_see_another_branchs_file(
    office: Office, outsider: User, client: Client
) -> None:
    client.force_login(outsider)

    assert (
        client.get(reverse("org:import_detail", kwargs={"pk": office.batch.pk})).status_code == 404
    )
    assert "b.csv" not in client.get(reverse("org:imports")).content.decode()


def test_hq_binds_moves_and_ends(office: Office, hq_ops: User, client: Client) -> None:
    client.force_login(hq_ops)
    store = office.company.store_b

    # when HQ moves an account and then ends the binding
    assert call(client, ROUTES[5], office) == 302
    binding = StoreBinding.objects.get(member=office.li, state="active")
    assert binding.store == store
    client.post(reverse("org:retire", kwargs={"pk": binding.pk}))

    # then the store has one account fewer
    assert not StoreBinding.objects.filter(member=office.li, state="active").exists()


def test_a_wrong_account_is_said_beside_the_field(
    office: Office, hq_ops: User, client: Client
) -> None:
    client.force_login(hq_ops)

    response = client.post(
        reverse("org:bind", kwargs={"pk": office.company.store_b.pk}), {"account": "nobody"}
    )

    assert response.status_code == 422
    assert StoreBinding.objects.filter(store=office.company.store_b).count() == 1


def test_an_upload_without_files_says_so(office: Office, hq_ops: User, client: Client) -> None:
    client.force_login(hq_ops)
    before = office.fingerprint()

    assert client.post(reverse("oa_sync:upload")).status_code == 422
    file = SimpleUploadedFile("a.csv", b"x")
    assert client.post(reverse("oa_sync:upload"), {"departments": file}).status_code == 422

    assert office.fingerprint() == before


def test_the_members_page_takes_a_constant_number_of_queries(
    office: Office, hq_ops: User, client: Client, django_assert_max_num_queries: Any
) -> None:
    Member.objects.bulk_create(
        Member(userid=f"m{n:04d}", name=f"成员{n}", department_ids=[2, 4]) for n in range(300)
    )
    client.force_login(hq_ops)

    with django_assert_max_num_queries(25):
        response = client.get(reverse("directory:members"), {"size": "100"})

    assert response.content.decode().count("<code>m0") > 90


def test_phones_in_a_plan_are_masked(office: Office, hq_ops: User, client: Client) -> None:
    client.force_login(hq_ops)

    page = client.get(reverse("oa_sync:detail", kwargs={"pk": office.run.pk})).content.decode()

    assert "138****8000" in page
    assert "13800138000" not in page
