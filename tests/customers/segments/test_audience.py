"""Audiences from outside: every row found or said why not, within the sender's scope, with an end."""

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from customers.segments import audience
from customers.segments.models import AudienceEntry, AudienceFile, Segment
from customers.segments.selectors import segment_contacts, segment_persons
from scrm.accounts.models import User
from scrm.accounts.services import partner_key_create
from scrm.core.excel import read_table
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import SYSTEM_SCOPE, scope_of
from tests.cast import PASSWORD, Company
from tests.factories.accounts import UserFactory
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory
from tests.factories.segments import person_of

pytestmark = pytest.mark.django_db
CSV = (
    "会员号,手机号,unionid,备注\n"
    "M1,,,a\n"
    ",+86 138-0000-0002,,b\n"
    ",,u3,c\n"
    ",12,,d\n"
    ",13900000000,,e\n"
    ",,,f\n"
)  # fmt: skip


@pytest.fixture
def people() -> dict[str, Any]:
    """Three persons: by member number, by phone, by unionid."""
    first = CrmMemberFactory(member_no="M1")
    second = CrmMemberFactory(phone="+8613800000002")
    third = ContactFactory(unionid="u3")
    RelationFactory(contact=third)
    return {"M1": person_of(first), "phone": person_of(second), "u3": person_of(third)}


def imported(actor: User, content: str = CSV, **wish: Any) -> tuple[Segment, Any]:
    """Import a file to its end."""
    segment, job = audience.audience_import(
        audience.AudienceWish(**{"name": "CDP", **wish}),
        filename="cdp.csv",
        content=content.encode(),
        actor=actor,
    )
    audience.run_import(job.pk)
    job.refresh_from_db()
    return segment, job


def test_every_row_is_found_or_given_back_with_a_reason(people: Any, hq_ops: User) -> None:
    segment, job = imported(hq_ops)

    found = segment_persons(segment, SYSTEM_SCOPE)
    assert set(found.values_list("pk", flat=True)) == {each.pk for each in people.values()}
    assert [each.unionid for each in segment_contacts(segment, SYSTEM_SCOPE)] == ["u3"]
    upload = AudienceFile.objects.get()
    assert (upload.rows, upload.matched, upload.unmatched, upload.content) == (6, 3, 3, None)
    assert (job.state, job.processed, job.succeeded, job.failed) == ("done", 6, 3, 3)
    rows = list(read_table(io.BytesIO(job.error_file), filename="x.xlsx").rows)
    assert [list(row.values.values())[3] for row in rows] == ["d", "e", "f"]
    assert all(list(row.values.values())[-1] for row in rows)


def test_nobody_outside_of_the_senders_scope_is_found(
    people: Any, outsider: User, company: Company
) -> None:
    # given a member of the southern store among them
    CrmMemberFactory(member_no="M2", store_code="S3")

    _segment, job = imported(outsider, "member_no\nM1\nM2\n")

    assert (job.succeeded, job.failed) == (1, 1)
    assert AudienceEntry.objects.count() == 1


def test_an_ended_audience_holds_nobody(people: Any, hq_ops: User) -> None:
    segment, _job = imported(hq_ops, expires_at=timezone.now() + timedelta(days=1))
    assert segment_persons(segment, SYSTEM_SCOPE).count() == 3

    Segment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    segment.refresh_from_db()
    assert segment_persons(segment, SYSTEM_SCOPE).count() == 0
    assert segment_contacts(segment, SYSTEM_SCOPE).count() == 0


def test_a_file_without_a_known_column_or_with_a_past_end_is_refused() -> None:
    for content, wish in (("colour\nred\n", {}), (CSV, {"expires_at": timezone.now()})):
        with pytest.raises(ValidationFailed):
            imported(UserFactory(), content, **wish)
    assert not Segment.objects.exists()


def test_a_shared_audience_shows_each_branch_its_own(
    hq_ops: User, branch_ops: User, outsider: User, company: Company
) -> None:
    east, south = ContactFactory(unionid="u1"), ContactFactory(unionid="u2")
    RelationFactory(contact=east, member__org_path=company.store_a.path)
    RelationFactory(contact=south, member__org_path=company.store_south.path)
    person_of(east), person_of(south)
    segment, _job = imported(hq_ops, "unionid\nu1\nu2\n", is_shared=True)

    assert list(segment_contacts(segment, scope_of(branch_ops))) == [east]
    assert list(segment_contacts(segment, scope_of(outsider))) == [south]


def send(client: Client, token: str, body: Any, **headers: str) -> Any:
    """Send a batch."""
    return client.post(
        "/api/v1/audiences/batch", body, content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4()), **headers},
    )  # fmt: skip


def test_a_cdp_sends_an_audience_by_api(client: Client, people: Any) -> None:
    _key, token = partner_key_create(name="cdp", scopes=["audiences.write"])
    body = {
        "audience": "autumn",
        "name": "Autumn",
        "persons": [
            {"member_no": "M1"},
            {"unionid": "nobody"},
            {"colour": "red"},
            {"unionid": "u3"},
            None,
        ],
    }

    answer = send(client, token, body).json()

    assert answer["results"] == ["found", "not_found", "failed", "found", "failed"]
    assert (answer["found"], answer["not_found"], answer["failed"]) == (2, 1, 2)
    assert [error["index"] for error in answer["errors"]] == [2, 4]
    segment = Segment.objects.get(code="autumn")
    assert (segment.name, segment.kind, segment.entries.count()) == ("Autumn", "audience", 2)

    # and what can name nobody is said with its row
    wrong = [{}, {"phone": "abc"}, {"phone": "abc", "member_no": "M1"}]
    answer = send(client, token, {"audience": "autumn", "persons": wrong}).json()
    assert answer["results"] == ["failed", "failed", "found"]
    assert [error["fields"] for error in answer["errors"]] == [
        {"non_field_errors": ["此行没有任何标识：请至少填写一列。"]},
        {"non_field_errors": ["手机号格式不对，且没有其他可识别客户的标识。"]},
    ]

    # and a second batch adds, a new state replaces
    send(client, token, {"audience": "autumn", "persons": [{"phone": "13800000002"}]})
    assert segment.entries.count() == 3
    send(client, token, {"audience": "autumn", "replace": True, "persons": [{"unionid": "u3"}]})
    assert segment.entries.count() == 1
    assert Segment.objects.count() == 1


def test_a_key_without_the_right_sends_nothing(client: Client) -> None:
    _key, token = partner_key_create(name="other", scopes=["members.write"])

    assert send(client, token, {"audience": "a", "persons": [{}]}).status_code == 403
    assert not Segment.objects.exists()


def test_those_not_found_are_added_when_they_are_sent_again(
    client: Client, people: Any, hq_ops: User, branch_ops: User
) -> None:
    # given an audience of which one was unknown then, and is a member now
    segment, _job = imported(hq_ops, "member_no\nM1\nM9\n")
    assert AudienceEntry.objects.count() == 1
    late = person_of(CrmMemberFactory(member_no="M9"))
    client.login(username="hq", password=PASSWORD)
    rest = SimpleUploadedFile("rest.csv", b"member_no\nM9\nM1\n")

    # when it is imported into the same audience
    answer = client.post("/console/segments/import/", {"into": segment.pk, "file": rest})
    assert answer.status_code == 302
    audience.run_import(AudienceFile.objects.order_by("-pk")[0].job_id)

    # then both belong to it, once
    assert Segment.objects.count() == 1
    found = segment_persons(segment, SYSTEM_SCOPE)
    assert set(found.values_list("pk", flat=True)) == {people["M1"].pk, late.pk}
    # and a new one needs a name, and nobody adds to another's
    rest.seek(0)
    assert client.post("/console/segments/import/", {"file": rest}).status_code == 422
    client.login(username="branch", password=PASSWORD)
    rest.seek(0)
    again = client.post("/console/segments/import/", {"into": segment.pk, "file": rest})
    assert again.status_code == 422
    assert AudienceFile.objects.count() == 2
