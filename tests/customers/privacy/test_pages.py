"""The privacy pages: who may, two people for everything about one person, packages, what is kept how long."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from customers.crm.rows import MemberRow
from customers.crm.services import members_upsert
from customers.privacy.cleaning import clean_start, limit_enforce, overdue, people_forget
from customers.privacy.keeping import LIMITS, unexplained
from customers.privacy.models import Erasure, SubjectPackage, Tombstone
from customers.privacy.packing import package_of
from customers.privacy.tracing import subject_of
from customers.profile.models import FollowUpNote
from customers.relations.models import ExternalContact
from scrm.accounts.models import User
from scrm.core.alerts.models import Alert
from scrm.core.approvals import services as approvals
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry
from scrm.core.excel import read_table
from scrm.core.exceptions import PermissionDenied
from scrm.core.jobs.models import JobRun
from tests.cast import Company, person
from tests.factories.customers import ContactFactory, RelationFactory, TagFactory

pytestmark = pytest.mark.django_db
INDEX, FIND, RETENTION = (
    "/console/privacy/",
    "/console/privacy/find/",
    "/console/privacy/retention/",
)


@pytest.fixture(autouse=True)
def journal(settings: Any, tmp_path: Any) -> None:
    """A journal of its own."""
    settings.ERASURE_JOURNAL = str(tmp_path / "erasures.journal")


@pytest.fixture
def customer(company: Company) -> ExternalContact:
    """Somebody with a remark and a note."""
    contact: ExternalContact = ContactFactory(external_userid="wmPerson1", name="王小明")
    relation = RelationFactory(contact=contact)
    relation.remark = "老王"
    relation.save()
    FollowUpNote.objects.create(contact=contact, text="likes blue")
    return contact


def client_of(user: User) -> Client:
    """Return a browser in English."""
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def page_of(contact: ExternalContact) -> str:
    """Return the address of a person's page."""
    return f"/console/privacy/person/{contact.pk}/"


def wish(client: Client, contact: ExternalContact, what: str) -> Any:
    """Ask for something of a person."""
    return client.post(
        page_of(contact), {"wish": what, "reason": "letter of 1 May, with a copy of the ID"}
    )


def test_a_package_holds_everything_and_needs_two_people(
    hq_ops: User, customer: ExternalContact, django_capture_on_commit_callbacks: Any
) -> None:
    # Given a request by headquarters
    client = client_of(hq_ops)
    assert wish(client, customer, "package").status_code == 302
    asked = Approval.objects.get()
    # When the same person wants to decide, it is refused
    with pytest.raises(PermissionDenied):
        approvals.approve(asked, actor=hq_ops)
    assert not SubjectPackage.objects.exists()
    # And when somebody else agrees
    other = person("hq_two", "hq_ops")
    with django_capture_on_commit_callbacks(execute=True):
        approvals.approve(asked, actor=other)
    # Then the file is there for who asked, with an index and every table
    package = SubjectPackage.objects.get()
    answer = client.get(f"/console/privacy/package/{package.pk}/")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    content = json.loads(archive.read("data.json"))
    assert content["customers.FollowRelation"][0]["remark"] == "老王"
    assert content["customers.FollowUpNote"][0]["text"] == "likes blue"
    assert content["customers.ExternalContact"][0]["name"] == "王小明"
    assert {"index.html", "data.json"} < set(archive.namelist())
    assert "作为客户期间 + 2 年" in archive.read("index.html").decode()
    # What was promised is what came
    assert asked.payload["rows"] == sum(map(len, content.values()))
    assert asked.payload["tables"] == len(content)
    assert AuditEntry.objects.filter(action="privacy.package_take").count() == 1
    # And for nobody else
    assert client_of(other).get(f"/console/privacy/package/{package.pk}/").status_code == 404
    # And it is sealed in the database, and gone after a week
    assert "王小明".encode() not in bytes(
        SubjectPackage.objects.values_list("content", flat=True)[0]
    )
    SubjectPackage.objects.update(created_at=timezone.now() - timedelta(days=8))
    for limit in LIMITS:
        if limit.label == "customers.SubjectPackage":
            assert limit_enforce(limit, timezone.now()) == 1
    package.refresh_from_db()
    assert (package.state, package.content) == ("gone", None)


def test_a_package_is_readable_in_chinese(customer: ExternalContact) -> None:
    relation = customer.relations.get()
    tag = TagFactory(name="VIP")
    relation.tag_ids = [tag.tag_id]
    relation.save(update_fields=["tag_ids"])

    with translation.override("zh-hans"):
        content, _counts = package_of(subject_of([customer.pk]))

    archive = zipfile.ZipFile(io.BytesIO(content))
    index = archive.read("index.html").decode()
    assert "让导购了解所服务的客户（作为客户期间 + 2 年）" in index
    assert "与您有关的全部数据" in index
    name = next(each for each in archive.namelist() if each.endswith("followrelation.xlsx"))
    table = read_table(io.BytesIO(archive.read(name)), filename=name)
    (row,) = [row.values for row in table.rows]
    assert [header for header in table.headers if header.isascii()] == []
    assert (row["成员"], row["外部联系人"]) == (str(relation.member), customer.external_userid)
    added = timezone.localtime(relation.created_time)
    assert f"{added:%Y-%m-%d %H:%M:%S}" in row.values()
    assert {tag.name, tag.tag_id} & set(row.values()) == {tag.name}


def test_forgetting_needs_two_people_and_ends_the_page(
    hq_ops: User, customer: ExternalContact, django_capture_on_commit_callbacks: Any
) -> None:
    # Given a request to be forgotten
    client = client_of(hq_ops)
    wish(client, customer, "erase")
    other = person("hq_two", "hq_ops")
    assert ExternalContact.objects.get(pk=customer.pk).name == "王小明"
    # When somebody else agrees
    with django_capture_on_commit_callbacks(execute=True):
        approvals.approve(Approval.objects.get(), actor=other)
    # Then the person is forgotten, the audit names no one, and the page is gone
    assert ExternalContact.objects.get(pk=customer.pk).name == ""
    assert Erasure.objects.get().asked_by == hq_ops
    assert client.get(page_of(customer)).status_code == 404
    assert "1 record" in client.get(INDEX).content.decode() or client.get(INDEX).status_code == 200
    assert AuditEntry.objects.filter(action="privacy.erase").count() == 1


def test_a_person_is_found_by_what_they_are_known_by(
    hq_ops: User, customer: ExternalContact
) -> None:
    # Given a member with a phone
    members_upsert([MemberRow("M1", {"member_no": "M1", "phone": "+8613812345678"})], source="api")
    client = client_of(hq_ops)
    # When headquarters looks for phone, customer id and member number
    for text in ("138 1234 5678", "wmPerson1", "M1"):
        assert "/console/privacy/person/" in client.post(FIND, {"q": text})["Location"]
    # Then each is audited; and of nobody the form says so
    assert AuditEntry.objects.filter(action="search.phone").count() == 1
    assert AuditEntry.objects.filter(action="privacy.find").count() == 2
    answer = client.post(FIND, {"q": "wmNobody"})
    assert (answer.status_code, "Nobody here is known by that." in answer.content.decode()) == (
        422,
        True,
    )


def test_only_headquarters_reaches_a_persons_data(
    guide_wang: Any,
    branch_ops: User,
    auditor: User,
    it_admin: User,
    outsider: User,
    customer: ExternalContact,
) -> None:
    # Given people who may not: another role, a branch, the auditor (who only reads), IT
    for user, seen in ((guide_wang.user, 403), (branch_ops, 403), (it_admin, 403), (auditor, 200)):
        client = client_of(user)
        assert client.get(INDEX).status_code == seen
        assert client.get(page_of(customer)).status_code == seen
        # When they ask for something
        assert wish(client, customer, "erase").status_code in {403, 404}
        assert client.post(FIND, {"q": "wmPerson1"}).status_code == 403
    # Then nothing was asked, and nobody forgotten
    assert not Approval.objects.exists()
    assert ExternalContact.objects.get(pk=customer.pk).name == "王小明"


def test_every_retention_is_enforced_or_explained(hq_ops: User, company: Company) -> None:
    # Given the data map
    # Then no word in it is without a meaning, and the page shows every line
    assert unexplained() == []
    answer = client_of(hq_ops).get(RETENTION)
    assert answer.status_code == 200
    assert "customers.ExternalContact" in answer.content.decode()


def test_the_night_deletes_exactly_what_is_too_old(
    hq_ops: User, company: Company, django_capture_on_commit_callbacks: Any
) -> None:
    # Given two requests of more than three years ago, and a new one
    now = timezone.now()
    for number, days in enumerate((1096, 1100, 10)):
        asked = Approval.objects.create(
            kind="export", key=f"k{number}", payload={}, reason="r", asked_by=hq_ops, decision_reason="",
            expires_at=now, state="expired",
        )  # fmt: skip
        Approval.objects.filter(pk=asked.pk).update(asked_at=now - timedelta(days=days))
    # And an alert that its own task should have deleted
    old = Alert.objects.create(kind="k", key="k", level="info", text="t")
    Alert.objects.filter(pk=old.pk).update(last_at=now - timedelta(days=200))
    # When the night comes
    with django_capture_on_commit_callbacks(execute=True):
        job = clean_start()
    assert job is not None
    result = JobRun.objects.get(pk=job.pk).result
    # Then exactly those are gone, the page counts them, and says what is overdue
    assert result["done"] == {"core.Approval: 3 years": 2}
    assert Approval.objects.count() == 1
    assert overdue(now) == {"core.Alert: 180 days": 1}
    words = client_of(hq_ops).get(RETENTION).content.decode()
    assert "is past its limit" in words


def test_people_nobody_follows_for_two_years_are_forgotten(company: Company) -> None:
    # Given one lost two years and a day ago, one lost yesterday, one followed by somebody else still
    now = timezone.now()
    long_ago = now - timedelta(days=731)
    past, recent, kept = (ContactFactory(name=name) for name in ("past", "recent", "kept"))
    RelationFactory(contact=past, status="lost", lost_at=long_ago, lost_by="customer")
    RelationFactory(
        contact=recent, status="lost", lost_at=now - timedelta(days=1), lost_by="customer"
    )
    RelationFactory(contact=kept, status="lost", lost_at=long_ago, lost_by="customer")
    RelationFactory(contact=kept)
    # When the night comes, twice
    assert people_forget(now) == 1
    assert people_forget(now) == 0
    # Then only the first is forgotten, without a tombstone: nobody asked for it
    names = set(ExternalContact.objects.values_list("name", flat=True))
    assert names == {"", "recent", "kept"}
    assert not Tombstone.objects.exists()
