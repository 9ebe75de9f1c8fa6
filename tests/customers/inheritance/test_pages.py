"""The pages of hand-overs: who may open them, and a hand-over by clicks."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.directory.models import Employee, Member
from contacts.org.services import binding_set
from customers.inheritance.models import HandoverItem, HandoverPlan, HandoverPolicy
from scrm.accounts.models import User
from scrm.core.jobs.models import JobRun
from tests.cast import PASSWORD, Company
from tests.factories.customers import MemberFactory, RelationFactory

pytestmark = pytest.mark.django_db
LIST = "/console/inheritance/"


def login(client: Client, username: str) -> None:
    assert client.login(username=username, password=PASSWORD)


@pytest.fixture
def colleague(company: Company, guide_li: Member) -> Member:
    """A second guide of store A; Li has two customers."""
    member = MemberFactory(userid="guide_zhao", name="赵敏")
    binding_set(store=company.store_a, member=member, position=2, actor=None)
    RelationFactory.create_batch(2, member=guide_li)
    return member


def test_a_branch_makes_a_plan_for_its_own_guide(
    client: Client, branch_ops: User, guide_li: Member, colleague: Member
) -> None:
    login(client, "branch")
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.DISABLED)
    assert f"{LIST}new/{guide_li.pk}/" in client.get(LIST).content.decode()
    form = client.get(f"{LIST}new/{guide_li.pk}/").content.decode()
    assert "赵敏" in form

    answer = client.post(
        f"{LIST}new/{guide_li.pk}/", {"successors": [colleague.pk], "message": "您好"}
    )

    plan = HandoverPlan.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}{plan.pk}/")
    page = client.get(f"{LIST}{plan.pk}/").content.decode()
    assert ("赵敏" in page, f"{LIST}{plan.pk}/confirm/" in page) == (True, True)
    assert "1 customer came after this plan was made" not in page

    # and somebody who came meanwhile is said not to be in it
    RelationFactory(member=guide_li)
    client.cookies["django_language"] = "en"
    page = client.get(f"{LIST}{plan.pk}/").content.decode()
    assert "1 customer came after this plan was made and is not in it" in page
    assert client.post(f"{LIST}{plan.pk}/cancel/").status_code == 302
    plan.refresh_from_db()
    assert plan.state == "cancelled"


def test_another_branch_sees_and_does_nothing(
    client: Client, branch_ops: User, outsider: User, guide_li: Member, colleague: Member
) -> None:
    plan = HandoverPlan.objects.create(leaver=guide_li, mode="in_service")
    login(client, "outsider")

    assert f"{LIST}{plan.pk}/" not in client.get(LIST).content.decode()
    assert client.get(f"{LIST}{plan.pk}/").status_code == 404
    for act in ("confirm", "cancel", "results", "retry", "release"):
        assert client.post(f"{LIST}{plan.pk}/{act}/").status_code == 404
    assert client.get(f"{LIST}new/{guide_li.pk}/").status_code == 404
    plan.refresh_from_db()
    assert plan.state == "draft"


def test_an_auditor_looks_and_does_not_act(
    client: Client, auditor: User, it_admin: User, guide_li: Member
) -> None:
    plan = HandoverPlan.objects.create(leaver=guide_li, mode="in_service")
    login(client, "auditor")
    page = client.get(f"{LIST}{plan.pk}/")
    assert page.status_code == 200
    assert "confirm/" not in page.content.decode()
    for act in ("confirm", "release"):
        assert client.post(f"{LIST}{plan.pk}/{act}/", {"reason": "x"}).status_code == 403
    assert JobRun.objects.count() == 0
    login(client, "it")
    assert client.get(LIST).status_code == 403


def test_a_wrong_form_is_shown_again(
    client: Client, hq_ops: User, guide_li: Member, colleague: Member
) -> None:
    login(client, "hq")

    for form in (
        {},
        {"successors": [guide_li.pk]},
        {"successors": [colleague.pk], "message": "x" * 201},
    ):
        assert client.post(f"{LIST}new/{guide_li.pk}/", form).status_code == 422
    assert HandoverPlan.objects.count() == 0


def test_the_pages_cost_the_same_for_many_customers(
    client: Client, hq_ops: User, guide_li: Member, colleague: Member
) -> None:
    plan = HandoverPlan.objects.create(leaver=guide_li, mode="in_service", state="running")
    login(client, "hq")

    def add(count: int) -> None:
        for relation in RelationFactory.create_batch(count, member=guide_li):
            HandoverItem.objects.create(
                plan=plan,
                contact=relation.contact,
                successor=colleague,
                state="failed",
                errcode=40128,
            )

    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(path, {"size": "100"})
        assert page.status_code == 200
        return len(queries)

    add(2)
    few = cost(LIST), cost(f"{LIST}{plan.pk}/")
    add(40)
    assert (cost(LIST), cost(f"{LIST}{plan.pk}/")) == few
    assert "90" in client.get(f"{LIST}{plan.pk}/").content.decode()


def test_headquarters_set_the_policy(client: Client, hq_ops: User) -> None:
    login(client, "hq")
    assert "7" in client.get(LIST).content.decode()
    assert client.get(f"{LIST}policy/").status_code == 200

    answer = client.post(
        f"{LIST}policy/",
        {
            "on_leave": "plan",
            "on_move": "offer",
            "neighbours": "on",
            "message": "您好",
            "grace_days": "",
        },
    )

    assert (answer.status_code, answer["Location"]) == (302, LIST)
    row = HandoverPolicy.objects.get()
    assert (row.on_leave, row.neighbours, row.message, row.grace_days, row.updated_by) == (
        "plan", True, "您好", None, hq_ops,
    )  # fmt: skip
    assert (row.on_move, row.moves_since is None) == ("offer", False)
    for wrong in ({"on_leave": "x"}, {"on_leave": "plan", "grace_days": 0}):
        assert client.post(f"{LIST}policy/", wrong).status_code == 422


def test_a_branch_and_an_auditor_do_not_set_the_policy(
    client: Client, branch_ops: User, auditor: User
) -> None:
    for username in ("branch", "auditor"):
        login(client, username)
        assert f"{LIST}policy/" not in client.get(LIST).content.decode()
        assert client.get(f"{LIST}policy/").status_code == 403
        assert client.post(f"{LIST}policy/", {"on_leave": "nothing"}).status_code == 403
    assert HandoverPolicy.objects.count() == 0


@pytest.fixture
def kept_plan(guide_li: Member, colleague: Member) -> HandoverPlan:
    """Li left, says the OA; one of two customers refused."""
    employee = Employee.objects.create(job_number="10001", name="李娜", state="left")
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.DISABLED, employee=employee)
    plan = HandoverPlan.objects.create(
        leaver=guide_li, mode="in_service", state="done", by_policy=True, delete_on=timezone.now()
    )
    for relation, state in zip(guide_li.relations.all(), ("refused", "done"), strict=True):
        HandoverItem.objects.create(
            plan=plan, contact=relation.contact, successor=colleague, state=state
        )
    return plan


def test_who_stayed_behind_is_shown_and_the_account_deleted_with_a_reason(
    client: Client, branch_ops: User, kept_plan: HandoverPlan
) -> None:
    login(client, "branch")
    page = client.get(f"{LIST}{kept_plan.pk}/").content.decode()
    assert f"{LIST}{kept_plan.pk}/release/" in page

    client.post(f"{LIST}{kept_plan.pk}/release/", {"reason": " "})
    assert JobRun.objects.count() == 0
    client.post(f"{LIST}{kept_plan.pk}/release/", {"reason": "已交接"})
    client.post(f"{LIST}{kept_plan.pk}/release/", {"reason": "已交接"})

    job = JobRun.objects.get()
    assert (job.kind, job.started_by) == ("inheritance.release", branch_ops)
    page = client.get(f"{LIST}{kept_plan.pk}/").content.decode()
    assert f"/console/jobs/{job.pk}/" in page
    assert f"{LIST}{kept_plan.pk}/release/" not in page
    # when it failed, the page says why and lets a human try again
    JobRun.objects.update(state="failed", message="WeCom 60011")
    page = client.get(f"{LIST}{kept_plan.pk}/").content.decode()
    assert "WeCom 60011" in page
    assert f"{LIST}{kept_plan.pk}/release/" in page


def test_customers_without_a_successor_are_shown(
    client: Client, hq_ops: User, guide_li: Member, colleague: Member
) -> None:
    plan = HandoverPlan.objects.create(leaver=guide_li, mode="in_service", state="done")
    for relation in guide_li.relations.all():
        HandoverItem.objects.create(plan=plan, contact=relation.contact, state="unplaced")
    login(client, "hq")

    page = client.get(f"{LIST}{plan.pk}/")

    assert page.status_code == 200
    assert f"{LIST}{plan.pk}/retry/" in page.content.decode()
