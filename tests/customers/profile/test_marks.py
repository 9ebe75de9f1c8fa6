"""Colleagues and test contacts: marked by hand, by a list, by the rule; figures leave them out, pages do not."""

from datetime import date, timedelta

import pytest
from django.test import Client

from attribution.adds.selectors import adds_visible_to, lost_customers, new_customers
from attribution.boards.services import boards_roll_up, day_facts
from attribution.entries.counting import people_counted
from attribution.entries.models import EntryVisit
from attribution.sales.business import business_day
from contacts.directory.models import Member
from customers.crm.models import OrderChange
from customers.oneid.services import reconcile_pending
from customers.profile.counting import names_left_out, record_ids_left_out
from customers.profile.mark_models import CountMark, LeftOut
from customers.profile.marking import list_mark, mark_set, rule_apply
from customers.profile.selectors import profile_for
from customers.relations.models import ExternalContact, RecordChange
from customers.relations.selectors import relation_counts
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import PASSWORD
from tests.factories.attribution import AddEpisodeFactory, EntryFactory, EntryStoreFactory
from tests.factories.customers import NOON, ContactFactory, CrmMemberFactory, RelationFactory
from tests.factories.sales import bound_since, credit_of, employee, order, settle, token

pytestmark = pytest.mark.django_db
PHONE = "+8613800000001"
LIST = "/console/customers/not-counted/"


def known() -> None:
    """Let OneID look at everything."""
    while reconcile_pending() is not None:
        pass


def mark(contact: ExternalContact, kind: str = "staff") -> CountMark:
    return mark_set(contact, kind=kind, reason="colleague of the store", actor=None)


@pytest.fixture
def colleague(guide_li: Member) -> ExternalContact:
    """A customer of Li who is one person with member M1."""
    contact = ContactFactory(external_userid="wm-staff", unionid="u-staff")
    RelationFactory(member=guide_li, contact=contact)
    RelationFactory(member=guide_li, contact__external_userid="wm-customer")
    CrmMemberFactory(member_no="M1", unionid="u-staff", phone=PHONE, phone_verified=True)
    known()
    return contact


def test_adds_losses_and_customers_of_a_marked_contact_are_not_counted(
    colleague: ExternalContact, guide_li: Member
) -> None:
    # given an add and a loss of each
    for external_userid in ("wm-staff", "wm-customer"):
        AddEpisodeFactory(
            userid="guide_li", external_userid=external_userid, started_at=NOON, ended_at=NOON
        )
    everyone = adds_visible_to(SYSTEM_SCOPE)
    counted = [new_customers, lost_customers]
    assert [len(rows(everyone)) for rows in counted] == [2, 2]
    assert relation_counts(SYSTEM_SCOPE, without=record_ids_left_out())["customers"] == 2

    # when the one is marked
    mark(colleague)

    # then only the other counts, and the list still shows both
    for rows in counted:
        assert [add.external_userid for add in rows(everyone)] == ["wm-customer"]
    assert relation_counts(SYSTEM_SCOPE, without=record_ids_left_out())["customers"] == 1
    (facts,) = day_facts(business_day(NOON)).values()
    assert (facts["adds"], facts["losses"]) == (1, 1)
    assert everyone.count() == 2

    # and until a human says otherwise
    mark(colleague, kind="customer")
    assert [len(rows(everyone)) for rows in counted] == [2, 2]


def test_a_mark_lets_past_days_be_added_up_again(
    colleague: ExternalContact, guide_li: Member
) -> None:
    day = NOON - timedelta(days=80)
    AddEpisodeFactory(userid="guide_li", external_userid="wm-staff", started_at=day)
    boards_roll_up()
    while boards_roll_up(NOON)[-1] > business_day(day):
        pass

    mark(colleague)

    assert business_day(day) in boards_roll_up()


def test_what_a_marked_person_buys_is_nobodys(colleague: ExternalContact, guide_li: Member) -> None:
    # given two orders by the guide's parameter: one of the member who is that person, one of another
    bound_since(guide_li, NOON - timedelta(days=100))
    order("A1", parameter=token(guide_li), member_no="M1")
    order("A2", parameter=token(guide_li))
    settle()
    assert (credit_of("A1").member, credit_of("A2").member) == (guide_li, guide_li)

    # when the customer is called a test
    mark(colleague, kind="test")
    assert OrderChange.objects.count() == 1
    settle()

    # then the one is nobody's, with the reason, and the other stays
    assert (credit_of("A1").member, credit_of("A1").reason) == (None, "staff")
    assert credit_of("A2").member == guide_li

    # and back again
    mark(colleague, kind="customer")
    settle()
    assert credit_of("A1").member == guide_li


def test_entry_rates_leave_out_the_person_and_their_devices(
    colleague: ExternalContact, guide_li: Member, company
) -> None:
    # given a colleague and a customer who came to a lead-in page and added; the colleague also without a name
    shown = EntryStoreFactory(entry=EntryFactory(), store=company.store_a)
    for name, unionid in (("wm-staff", "u-staff"), ("wm-customer", "u-other")):
        AddEpisodeFactory(
            userid="guide_li", external_userid=name, started_at=NOON, live_code=shown.live_code
        )
        for number, union in enumerate((unionid, "")):
            EntryVisit.objects.create(
                key=f"{name}-{number}", kind="leadin_view", entry=shown.entry,
                store=company.store_a, unionid=union, visitor_id=f"device-{name}", occurred_at=NOON,
            )  # fmt: skip
    span = (NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    total = people_counted(SYSTEM_SCOPE, *span).total
    assert (total.leadin_viewers, total.added) == (2, 2)

    mark(colleague)

    after = people_counted(SYSTEM_SCOPE, *span).total
    assert (total.leadin_viewers - after.leadin_viewers, after.added) == (1, 1)


def test_the_rule_marks_employees_for_the_days_they_are_employed(
    colleague: ExternalContact, guide_li: Member
) -> None:
    # given an employee with the member's phone, employed from the second day of November
    employee("E1", PHONE, date(2026, 11, 2))
    for day in (-30, 0):
        AddEpisodeFactory(
            userid=f"guide_{day}", external_userid="wm-staff", started_at=NOON + timedelta(days=day)
        )

    # when the rule runs, twice
    assert (rule_apply(), rule_apply()) == (1, 0)

    # then adds of before count, later ones do not
    counted = new_customers(adds_visible_to(SYSTEM_SCOPE))
    assert [add.userid for add in counted] == ["guide_-30"]
    assert profile_for(SYSTEM_SCOPE, colleague, parts=()).left_out is not None

    # and when the employee leaves, it ends that day
    employee("E1", PHONE, date(2026, 11, 10), left=True)
    assert rule_apply() == 1
    assert new_customers(adds_visible_to(SYSTEM_SCOPE)).count() == 2

    # and a human's word on the person goes before it
    mark(colleague, kind="customer")
    assert rule_apply() == 0 or CountMark.objects.filter(source="rule", lifted_at=None).count() == 0
    assert not LeftOut.objects.exists()


def test_an_unverified_phone_marks_nobody(guide_li: Member) -> None:
    CrmMemberFactory(member_no="M2", phone=PHONE, phone_verified=False)
    ContactFactory(phone_index=None)
    employee("E1", PHONE, date(2026, 11, 2))

    assert rule_apply() == 0


def test_two_people_again_are_two(colleague: ExternalContact) -> None:
    # given a mark on the member, so on the customer with whom it is one person
    list_mark(["M1"], kind="test", reason="till test", actor=None)
    assert names_left_out().external_userids == {"wm-staff"}

    # when OneID takes them apart
    colleague.unionid = "u-else"
    colleague.save()
    RecordChange.objects.create(record_kind="contact", record_id=colleague.pk)
    known()

    # then the customer counts again, the member does not
    assert names_left_out().external_userids == frozenset()
    assert LeftOut.objects.count() == 1


def test_a_list_names_members_customers_and_phones(colleague: ExternalContact) -> None:
    # given three lines that name somebody, two of them the same, and one that names nobody
    other = ContactFactory(
        external_userid="wm-test", phone_index=blind_index("phone", "+8613900000002")
    )
    lines = ["M1", "wm-test", " 139 0000 0002 ", "NOBODY", ""]

    result = list_mark(lines, kind="test", reason="till test", actor=None)

    assert (result.marked, result.known, result.unknown) == (2, 0, ("NOBODY",))
    assert set(CountMark.objects.values_list("record_id", "source")) >= {(other.pk, "list")}
    again = list_mark(lines, kind="test", reason="till test", actor=None)
    assert (again.marked, again.known) == (0, 2)
    # and what was said by hand stays
    mark(other, kind="customer")
    assert list_mark(["wm-test"], kind="staff", reason="x", actor=None).marked == 0
    with pytest.raises(ValidationFailed):
        list_mark(["x"] * 3 + [str(n) for n in range(2001)], kind="test", reason="", actor=None)


def test_headquarters_marks_on_the_page_and_by_a_list(
    client: Client, colleague: ExternalContact, hq_ops: User, branch_ops: User
) -> None:
    url = f"/console/customers/{colleague.pk}/mark/"
    assert client.login(username="hq", password=PASSWORD)
    client.cookies["django_language"] = "en"

    assert client.post(url, {"kind": "staff", "reason": ""}).status_code == 422
    assert CountMark.objects.count() == 0
    assert client.post(url, {"kind": "staff", "reason": "works in S1"}).status_code == 302

    page = client.get(f"/console/customers/{colleague.pk}/").content.decode()
    assert ("not counted" in page, "works in S1" in page) == (True, True)
    assert AuditEntry.objects.get(action="profile.count_mark").reason == "works in S1"
    assert (
        client.post(LIST, {"kind": "test", "lines": "M1\nNOBODY", "reason": "x"}).status_code == 302
    )
    listed = client.get(LIST).content.decode()
    assert "works in S1" in listed
    assert "NOBODY" in listed
    assert client.post(LIST + "find/").status_code == 302
    # and a branch may not
    assert client.login(username="branch", password=PASSWORD)
    before = CountMark.objects.count()
    assert client.post(url, {"kind": "test", "reason": "x"}).status_code == 403
    assert client.get(LIST).status_code == 403
    assert CountMark.objects.count() == before
