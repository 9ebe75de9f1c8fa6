"""The members API: strict, per-row errors, safe to repeat, scoped by key."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from customers.crm.models import CrmMember
from customers.relations.models import RecordChange
from scrm.accounts.services import partner_key_create
from tests.cast import Company
from tests.factories.customers import CrmMemberFactory

pytestmark = pytest.mark.django_db
BATCH = "/api/v1/members/batch"


def token(*scopes: str) -> str:
    """Return a partner key's token."""
    return partner_key_create(name="crm", scopes=scopes, actor=None)[1]


def send(client: Client, body: Any, *, bearer: str, key: str | None = None) -> Any:
    """Post a batch."""
    return client.post(
        BATCH,
        data=body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {bearer}", "Idempotency-Key": key or str(uuid4())},
    )


def test_a_batch_stores_the_good_rows_and_names_the_bad_ones(client: Client) -> None:
    # when
    answer = send(
        client,
        {
            "members": [
                {"member_no": "M1", "name": "张三", "phone": "13800138000", "phone_verified": True},
                {"member_no": "M2", "phone": "12"},
                {"member_no": "M3", "is_vip": True},
                {"member_no": "M1"},
                {"name": "nobody"},
                {"member_no": "M4", "state": "closed", "joined_on": "2024-03-01"},
                None,
                "M5",
            ]
        },
        bearer=token("members.write"),
    )

    # then
    assert answer.status_code == 200
    body = answer.json()
    assert {name: body[name] for name in ("created", "updated", "unchanged", "failed")} == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "failed": 6,
    }
    assert [
        (each["index"], each["member_no"], list(each["fields"])) for each in body["errors"]
    ] == [
        (1, "M2", ["phone"]),
        (2, "M3", ["is_vip"]),
        (3, "M1", ["member_no"]),
        (4, "", ["member_no"]),
        (6, "", ["non_field_errors"]),
        (7, "", ["non_field_errors"]),
    ]
    assert list(CrmMember.objects.order_by("member_no").values_list("member_no", "state")) == [
        ("M1", "active"),
        ("M4", "closed"),
    ]
    assert RecordChange.objects.filter(record_kind="member").count() == 2


def test_a_member_of_an_unknown_store_is_kept_and_the_sender_told(
    client: Client, company: Company
) -> None:
    members = [{"member_no": "M1", "store_code": "NOPE"}, {"member_no": "M2"},
               {"member_no": "M3", "store_code": company.store_a.code}]  # fmt: skip

    answer = send(client, {"members": members}, bearer=token("members.write")).json()

    assert (answer["created"], answer["failed"]) == (3, 0)
    (told,) = answer["warnings"]
    assert (told["index"], told["member_no"], list(told["fields"])) == (0, "M1", ["store_code"])


def test_the_same_key_gives_the_first_answer_again(client: Client) -> None:
    bearer, key = token("members.write"), "order-2026-11-21-1"
    body = {"members": [{"member_no": "M1"}]}

    first = send(client, body, bearer=bearer, key=key)
    second = send(client, body, bearer=bearer, key=key)
    other = send(client, {"members": [{"member_no": "M2"}]}, bearer=bearer, key=key)

    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert other.status_code == 409
    assert CrmMember.objects.count() == 1


def test_without_idempotency_key_nothing_is_stored(client: Client) -> None:
    answer = client.post(
        BATCH,
        data={"members": [{"member_no": "M1"}]},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token('members.write')}"},
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert CrmMember.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        {"members": []},
        {"members": [{"member_no": f"M{number}"} for number in range(1001)]},
        {"members": "M1"},
        {"members": [{"member_no": "M1"}], "mode": "replace"},
        {},
        [],
    ],
)
def test_a_batch_that_is_no_batch_is_refused_whole(client: Client, body: Any) -> None:
    answer = send(client, body, bearer=token("members.write"))

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_failed")
    assert CrmMember.objects.count() == 0


def test_keys_without_the_scope_do_nothing(client: Client) -> None:
    member = CrmMemberFactory()
    body = {"members": [{"member_no": "M1"}]}

    assert send(client, body, bearer=token("members.read")).status_code == 403
    assert send(client, body, bearer="scrm_x_y").status_code == 401
    assert client.post(BATCH, data=body, content_type="application/json").status_code == 401
    one = f"/api/v1/members/{member.member_no}"
    assert (
        client.get(one, headers={"Authorization": f"Bearer {token('members.write')}"}).status_code
        == 403
    )
    assert CrmMember.objects.count() == 1


def test_a_member_is_read_with_a_masked_phone(client: Client) -> None:
    CrmMemberFactory(
        member_no="M1", name="张三", phone="+8613800138000", unionid="ou1", joined_on="2024-03-01"
    )

    answer = client.get(
        "/api/v1/members/M1", headers={"Authorization": f"Bearer {token('members.read')}"}
    )

    assert answer.status_code == 200
    assert answer.json() == {
        "member_no": "M1",
        "name": "张三",
        "phone": "138****8000",
        "phone_verified": False,
        "unionid": "ou1",
        "external_userid": "",
        "level": "",
        "store_code": "",
        "state": "active",
        "joined_on": "2024-03-01",
    }


def test_an_unknown_member_is_404(client: Client) -> None:
    answer = client.get(
        "/api/v1/members/none", headers={"Authorization": f"Bearer {token('members.read')}"}
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
