"""The old guide's access ends: a leaver's at once and altogether, who stays in service loses each customer who went over."""

from typing import Any

import pytest
from django.test import Client

from contacts.directory.models import Employee, Member
from contacts.roles import services as roles
from contacts.roles.models import Role
from customers.inheritance import services
from customers.inheritance.asking import results_read
from customers.inheritance.tasks import handover_results
from customers.relations.models import FollowRelation, RelationEvent
from customers.relations.selectors import contacts_visible_to
from scrm.accounts.models import User
from scrm.core.scope import scope_of
from tests.customers.inheritance.leaver import leave
from tests.customers.inheritance.shop import DAY, Run, Shop
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def phone(shop: Shop, client: Client) -> Client:
    """Guide 1's phone, logged in."""
    user = UserFactory()
    Member.objects.filter(pk=shop.leaver.pk).update(user=user)
    roles.presets_load()
    roles.grant(user=user, role=Role.objects.get(code="guide"), org_unit=None, actor=None)
    client.force_login(user, backend=BACKEND)
    return client


def guide() -> User:
    """Return guide 1's user as the database has it now."""
    return User.objects.get(member__userid="guide0001")


def pages(phone: Client) -> dict[str, int]:
    """Return how the phone's pages of customers answer: the list, and one customer's."""
    contact = FollowRelation.objects.order_by("pk")[0].contact_id
    paths = {"list": "/h5/customers/", "profile": f"/h5/customers/{contact}/"}
    return {name: phone.get(path).status_code for name, path in paths.items()}


def test_a_leavers_phone_is_dead_before_any_customer_went_over(
    shop: Shop, phone: Client, leaver_employee: Any, django_capture_on_commit_callbacks: Any
) -> None:
    assert pages(phone) == {"list": 200, "profile": 200}
    assert contacts_visible_to(scope_of(guide())).count() == 5

    # when the OA's run disables her
    with django_capture_on_commit_callbacks(execute=False):
        leave()

    # then the session is over and nothing is in her scope, though WeCom still lists five customers as hers
    assert {status for status in pages(phone).values() if status == 200} == set()
    assert contacts_visible_to(scope_of(guide())).count() == 0
    assert FollowRelation.objects.filter(member=shop.leaver, status="active").count() == 5


@pytest.fixture
def leaver_employee(shop: Shop) -> None:
    """Guide 1 is somebody the OA knows."""
    employee = Employee.objects.create(job_number="GUIDE0001", name="李娜")
    Member.objects.filter(pk=shop.leaver.pk).update(employee=employee)


def test_who_stays_in_service_loses_each_customer_the_moment_it_is_known(
    shop: Shop, phone: Client, run: Run
) -> None:
    # given a confirmed hand-over of a guide who stays
    plan = shop.plan()
    run(lambda: services.plan_confirm(plan, actor=shop.actor))
    assert pages(phone) == {"list": 200, "profile": 200}
    kept = shop.control.get("ledger/transfers")[0]
    shop.control.post("transfer_answer", {"person_id": kept["person_id"], "answer": "refuse"})
    shop.later(DAY)

    # when the results are read, and no event came
    handover_results()

    # then only who refused is still hers
    mine = contacts_visible_to(scope_of(guide()))
    assert list(mine.values_list("external_userid", flat=True)) == [kept["external_userid"]]
    gone = FollowRelation.objects.filter(member=shop.leaver, status="lost")
    assert set(gone.values_list("lost_by", flat=True)) == {"transfer"}
    assert gone.count() == 4
    assert phone.get(f"/h5/customers/{gone[0].contact_id}/").status_code == 404
    page = phone.get("/h5/customers/").content.decode()
    assert str(mine.get().pk) in page
    assert not [pk for pk in gone.values_list("contact_id", flat=True) if str(pk) in page]

    # and reading once more, or the late event, tells nothing new
    results_read(plan)
    assert RelationEvent.objects.filter(kind="transferred").count() == 4
