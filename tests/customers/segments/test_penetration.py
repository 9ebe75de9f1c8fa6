"""Friends against members: the two lists, the figures, and guides who invite."""

import io
from typing import Any

import pytest
from django.test import Client
from openpyxl import load_workbook

from attribution.live_codes.models import LiveCode
from contacts.directory.models import Member
from contacts.feed.models import FeedItem
from contacts.org.models import OrgUnit
from contacts.parameters.selectors import resolve
from customers.crm.models import CrmMember
from customers.profile.mark_models import CountMark
from customers.relations.models import ExternalContact
from customers.segments import inviting, penetration
from customers.segments.models import Invitation
from scrm.accounts.models import User
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.excel import read_table
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.cast import PASSWORD, Company
from tests.cast import guide as guide_of
from tests.factories.attribution import LiveCodeFactory
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory
from tests.factories.segments import person_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(company: Company, guide_li: Member, guide_wang: Member) -> dict[str, Any]:
    """Store A: one member is a friend of A's guide, one of B's, two are strangers, one friend is no member."""
    found: dict[str, Any] = {}
    for name, guide in (("here", guide_li), ("there", guide_wang)):
        member, contact = CrmMemberFactory(store_code="S1", name=name), ContactFactory(name=name)
        RelationFactory(member=guide, contact=contact)
        person_of(member, contact)
        found[name] = member
    for number in (1, 2):
        stranger = CrmMemberFactory(store_code="S1", name="张三丰", phone=f"+861380000000{number}")
        person_of(stranger)
        found[f"stranger{number}"] = stranger
    lone = ContactFactory(name="lone")
    RelationFactory(member=guide_li, contact=lone)
    person_of(lone, CrmMemberFactory(store_code="S1", state="closed"))
    found["lone"] = lone
    return found


def test_the_figures_of_stores_and_branches(shop: Any, branch_ops: User) -> None:
    found = penetration.penetration(scope_of(branch_ops))

    by_code = {line.unit.code: line.figures for line in found.stores if line.unit}
    assert by_code == {
        "S1": penetration.Figures(members=4, friends=2, own_friends=1, customers=2, unenrolled=1),
        "S2": penetration.Figures(customers=1),
    }
    assert by_code["S1"].percent == 50.0
    (east,) = found.branches
    assert (east.unit and east.unit.code, east.figures.members, east.stores) == ("B1", 4, 2)
    assert found.total.strangers == 2


def test_the_two_lists(shop: Any, branch_ops: User, outsider: User) -> None:
    east, south = scope_of(branch_ops), scope_of(outsider)

    strangers = penetration.strangers_visible_to(east)
    assert set(strangers) == {shop["stranger1"], shop["stranger2"]}
    assert list(penetration.unenrolled_visible_to(east)) == [shop["lone"]]
    assert not penetration.strangers_visible_to(south).exists()
    assert not penetration.unenrolled_visible_to(south).exists()

    # and a colleague or a test is neither
    for record in (shop["stranger1"], shop["lone"]):
        from django.utils import timezone

        CountMark.objects.create(
            record_kind="member" if record is not shop["lone"] else "contact", record_id=record.pk,
            kind="test", source="hand", changed_at=timezone.now(),
        )  # fmt: skip
    assert list(penetration.strangers_visible_to(east)) == [shop["stranger2"]]
    assert not penetration.unenrolled_visible_to(east).exists()
    figures = penetration.penetration(east).total
    assert (figures.strangers, figures.unenrolled) == (1, 0)


def test_guides_are_given_members_and_are_done_when_they_are_friends(
    shop: Any, company: Company, guide_li: Member, monkeypatch: Any
) -> None:
    # when
    assert inviting.store_give(company.store_a) == 2

    # then she has a task, once, and giving again gives nothing more
    item = FeedItem.objects.get(member_id=guide_li.pk)
    assert (item.kind, item.data, item.url) == ("members.invite", {"count": 2}, "/h5/invitations/")
    assert inviting.store_give(company.store_a) == 0
    assert Invitation.objects.count() == 2

    # when one adds another guide, and the other is invited
    contact = ContactFactory()
    RelationFactory(contact=contact)
    from customers.oneid.models import PersonLink

    link = PersonLink.objects.get(record_id=shop["stranger1"].pk)
    PersonLink.objects.create(record_kind="contact", record_id=contact.pk, person=link.person)
    assert inviting.invitations_close() == 1
    item.refresh_from_db()
    assert item.done_at is None
    inviting.invitation_asked(Invitation.objects.get(joined_at=None))

    # then nothing is left to do
    item.refresh_from_db()
    assert item.done_at is not None


def test_no_more_than_five_at_a_time(company: Company, guide_li: Member) -> None:
    for _number in range(7):
        person_of(CrmMemberFactory(store_code="S1"))

    assert inviting.store_give(company.store_a) == 5
    assert inviting.store_give(company.store_a) == 0


def test_links_lead_to_the_guide(settings: Any, company: Company, guide_li: Member) -> None:
    shared = LiveCodeFactory(members=[guide_li, Member.objects.create(userid="x", status=1)])
    own = LiveCodeFactory(members=[guide_li])
    LiveCode.objects.filter(pk=shared.pk).update(
        link="https://w/shared", status="active", config_id="1"
    )
    LiveCode.objects.filter(pk=own.pk).update(link="https://w/own", status="active", config_id="2")

    assert inviting.invitation_links([guide_li.pk]) == {guide_li.pk: "https://w/own"}

    assert inviting.enrolment_links([(guide_li, company.store_a)]) == [""]
    settings.ENROLMENT_URL = "https://crm.example.com/join?p={parameter}"
    (link,) = inviting.enrolment_links([(guide_li, company.store_a)])
    parameter = resolve(link.partition("?p=")[2])
    assert parameter is not None
    assert (parameter.kind, parameter.member_id, parameter.store_id) == (
        "enrolment", guide_li.pk, company.store_a.pk,
    )  # fmt: skip
    assert inviting.enrolment_links([(guide_li, company.store_a)]) == [link]


def test_the_pages_show_and_export_masked(
    client: Client, shop: Any, hq_ops: User, branch_ops: User
) -> None:
    client.cookies["django_language"] = "en"
    client.login(username="branch", password=PASSWORD)

    page = client.get("/console/segments/penetration/").content.decode()
    assert "50.0 %" in page
    assert "What is counted" in page
    listed = client.get("/console/segments/strangers/?store=S1").content.decode()
    assert shop["stranger1"].member_no in listed
    assert "+8613800000001" not in listed
    assert "138****0001" in listed
    assert shop["stranger1"].member_no not in client.get("/console/segments/strangers/?store=S2").content.decode()  # fmt: skip
    assert "lone" in client.get("/console/segments/unenrolled/?store=S1").content.decode()

    answer = client.post("/console/segments/strangers/export/", {"store": "S1"})
    rows = list(read_table(io.BytesIO(answer.content), filename="x.xlsx").rows)
    assert [list(row.values.values())[1:3] for row in rows] == [
        ["张***", "138****0001"], ["张***", "138****0002"],
    ]  # fmt: skip
    book = load_workbook(io.BytesIO(answer.content))
    assert "branch · " in book.worksheets[0].oddFooter.center.text
    assert "branch · " in str(book.worksheets[1]["B1"].value)
    answer = client.post("/console/segments/unenrolled/export/", {})
    (row,) = read_table(io.BytesIO(answer.content), filename="x.xlsx").rows
    assert list(row.values.values())[:2] == ["l***", "李娜"]
    assert AuditEntry.objects.filter(action="segments.export").count() == 2


def test_many_rows_wait_for_a_second_person(
    client: Client, shop: Any, branch_ops: User, settings: Any
) -> None:
    settings.EXPORT_ROWS_ALONE = 1
    client.login(username="branch", password=PASSWORD)

    asked = client.post("/console/segments/strangers/export/", {"store": ""})
    assert asked.content[:2] != b"PK"
    client.post("/console/segments/strangers/export/", {"store": "", "reason": "call them"})

    assert Approval.objects.get().payload["what"] == "strangers"
    assert not AuditEntry.objects.filter(action="segments.export").exists()


def test_who_gives_and_to_whom(
    client: Client, shop: Any, branch_ops: User, outsider: User, auditor: User, guide_li: Member,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    for username, unit, status in (
        ("auditor", "B1", 403),
        ("outsider", "B1", 404),
        ("outsider", "S1", 404),
    ):
        client.login(username=username, password=PASSWORD)
        assert (
            client.post("/console/segments/penetration/give/", {"unit": unit}).status_code == status
        )
    assert client.post("/console/segments/strangers/export/", {"store": "S1"}).status_code == 404
    assert not Invitation.objects.exists()

    client.login(username="branch", password=PASSWORD)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post("/console/segments/penetration/give/", {"unit": "B1"}).status_code == 302

    assert set(Invitation.objects.values_list("guide_id", flat=True)) == {guide_li.pk}


def test_on_the_phone_a_guide_sees_her_own_and_reveals_with_a_reason(
    client: Client, shop: Any, company: Company, guide_li: Member, guide_wang: Member
) -> None:
    inviting.store_give(company.store_a)
    mine = Invitation.objects.filter(guide=guide_li).first()
    assert mine is not None
    client.cookies["django_language"] = "en"

    client.force_login(guide_wang.user)
    assert shop["stranger1"].member_no not in client.get("/h5/invitations/").content.decode()
    for path in ("asked", "phone"):
        answer = client.post(f"/h5/invitations/{mine.pk}/{path}/", {"reason": "x"})
        assert answer.status_code == 404
    mine.refresh_from_db()
    assert mine.asked_at is None

    client.force_login(guide_li.user)
    page = client.get("/h5/invitations/").content.decode()
    assert shop["stranger1"].member_no in page
    assert "138****0001" in page
    assert "+86138" not in page
    assert client.post(f"/h5/invitations/{mine.pk}/phone/", {"reason": ""}).status_code == 422
    assert not AuditEntry.objects.filter(action="invitation.reveal").exists()
    shown = client.post(f"/h5/invitations/{mine.pk}/phone/", {"reason": "call"}).content.decode()
    assert mine.crm_member.phone in shown
    assert AuditEntry.objects.get(action="invitation.reveal").reason == "call"
    client.post(f"/h5/invitations/{mine.pk}/asked/")
    mine.refresh_from_db()
    assert mine.asked_at is not None


def test_the_figures_take_few_queries(shop: Any, django_assert_max_num_queries: Any) -> None:
    assert OrgUnit.objects.filter(kind="store").count() == 3
    with django_assert_max_num_queries(4):
        penetration.penetration(SYSTEM_SCOPE)


def test_nobody_is_said_to_be_a_friend_who_only_left(
    shop: Any, company: Company, guide_li: Member
) -> None:
    # given two invitations, one of somebody whose membership ends
    assert inviting.store_give(company.store_a) == 2
    shop["stranger1"].state = "closed"
    shop["stranger1"].save(update_fields=["state"])

    # when
    assert inviting.invitations_close() == 0

    # then it is gone, not fulfilled
    left = Invitation.objects.get()
    assert (left.crm_member_id, left.joined_at) == (shop["stranger2"].pk, None)


def test_members_of_a_guide_who_serves_the_store_no_more_go_to_another(
    shop: Any, company: Company, guide_li: Member
) -> None:
    assert inviting.store_give(company.store_a) == 2
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.LEFT)
    other = guide_of("guide_new", "新人", company.store_a)

    inviting.invitations_close()
    assert inviting.store_give(company.store_a) == 2

    assert set(Invitation.objects.values_list("guide_id", flat=True)) == {other.pk}
    assert FeedItem.objects.get(member_id=guide_li.pk).done_at is not None


def test_who_was_forgotten_is_nobody_to_invite_or_enrol(
    shop: Any, company: Company, guide_li: Member
) -> None:
    # given a stranger and a friend of whom only the rows are left
    CrmMember.objects.filter(pk=shop["stranger1"].pk).update(member_no="erased-1")
    ExternalContact.objects.filter(pk=shop["lone"].pk).update(external_userid="erased-2", name="")

    # then no list, no figure and no guide knows them
    assert list(penetration.strangers_visible_to(SYSTEM_SCOPE)) == [shop["stranger2"]]
    assert not penetration.unenrolled_visible_to(SYSTEM_SCOPE).exists()
    total = penetration.penetration(SYSTEM_SCOPE).total
    assert (total.members, total.strangers, total.unenrolled) == (3, 1, 0)
    assert inviting.store_give(company.store_a) == 1
