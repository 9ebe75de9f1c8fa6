"""Every spelling of a phone number through the real doors: exactly the number it means, or a refusal."""

import csv
import io
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import translation

from customers.crm.models import CrmMember
from customers.intake import importing, services
from customers.lists.finding import wanted
from customers.relations.models import FollowRelation
from customers.relations.services import contact_observed
from scrm.accounts.services import partner_key_create
from scrm.core.crypto import blind_index
from scrm.core.excel import read_table
from scrm.core.exceptions import ValidationFailed
from scrm.core.phone import normalise_phone
from scrm.wecom.types import ExternalContact, ExternalContactDetail, FollowInfo
from tests.corpora.reading import Phone, phones

PHONES = phones()
# A file with one is no text file, and refused whole.
NUL = "\x00"
NO_PHONE = "This is not a phone number."


def said(raw: str) -> str:
    """Return the number, empty where it is refused."""
    try:
        return normalise_phone(raw)
    except ValidationFailed as refused:
        return "" if refused.code == "phone_invalid" else refused.code


def is_given(phone: Phone) -> bool:
    """Say whether a file or a partner gives a phone at all: blanks are none."""
    return bool("".join(phone.raw.split()))


def test_the_corpus_is_large_and_names_each_spelling_once() -> None:
    assert len(PHONES) >= 200
    assert len({phone.raw for phone in PHONES}) == len(PHONES)
    assert sum(not phone.e164 for phone in PHONES) >= 100


@pytest.mark.parametrize("phone", PHONES, ids=lambda phone: ascii(phone.raw)[:40])
def test_a_spelling_has_one_meaning(phone: Phone) -> None:
    assert said(phone.raw) == phone.e164
    if phone.e164:
        assert said(phone.e164) == phone.e164


@pytest.mark.django_db
def test_a_file_keeps_each_number_and_gives_the_others_back() -> None:
    # given
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["member_no", "phone"])
    writer.writerows(
        [f"P{place}", phone.raw] for place, phone in enumerate(PHONES) if NUL not in phone.raw
    )

    # when
    with translation.override("en"):
        upload = services.file_create(
            kind="members", filename="phones.csv", content=out.getvalue().encode(), actor=None
        )
        job = services.file_start(upload, actor=None)
        importing.run_import(job.pk)

    # then
    stored = {member.member_no: member.phone for member in CrmMember.objects.all()}
    assert stored == {
        f"P{place}": phone.e164
        for place, phone in enumerate(PHONES)
        if NUL not in phone.raw and (phone.e164 or not is_given(phone))
    }
    job.refresh_from_db()
    back = list(read_table(io.BytesIO(bytes(job.error_file or b"")), filename="errors.xlsx").rows)
    assert {row.values["member_no"] for row in back} == {
        f"P{place}"
        for place, phone in enumerate(PHONES)
        if NUL not in phone.raw and is_given(phone) and not phone.e164
    }
    assert {next(reversed(row.values.values())) for row in back} == {f"phone: {NO_PHONE}"}


@pytest.mark.django_db
def test_a_partner_is_told_of_each_that_is_none(client: Client) -> None:
    # given
    token = partner_key_create(name="crm", scopes=("members.write",), actor=None)[1]
    rows = [{"member_no": f"P{place}", "phone": phone.raw} for place, phone in enumerate(PHONES)]

    # when
    answer = client.post(
        "/api/v1/members/batch",
        data={"members": rows},
        content_type="application/json",
        headers={
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": str(uuid4()),
            "Accept-Language": "en",
        },
    )

    # then
    assert answer.status_code == 200
    refused = [place for place, phone in enumerate(PHONES) if is_given(phone) and not phone.e164]
    assert [error["index"] for error in answer.json()["errors"]] == refused
    stored = {member.member_no: member.phone for member in CrmMember.objects.all()}
    assert stored == {
        f"P{place}": phone.e164 for place, phone in enumerate(PHONES) if place not in refused
    }


@pytest.mark.django_db
def test_what_a_guide_wrote_is_kept_as_typed_and_found_by_its_number() -> None:
    # given
    at = datetime(2026, 3, 1, tzinfo=UTC)
    raw = [phone.raw.replace("\x00", "") for phone in PHONES if phone.raw]
    follow = FollowInfo.read({"userid": "LiNa", "remark_mobiles": raw, "createtime": 1})
    contact = ExternalContact.read({"external_userid": "wmPhones", "name": "x"})

    # when
    contact_observed(ExternalContactDetail(contact, (follow,), at))

    # then
    relation = FollowRelation.objects.get()
    assert relation.remark_phones == raw
    expected = {blind_index("phone", phone.e164) for phone in PHONES if phone.e164}
    assert {bytes(index) for index in relation.remark_phone_indexes} == expected


@pytest.mark.parametrize("phone", PHONES, ids=lambda phone: ascii(phone.raw)[:40])
def test_the_search_box_reads_the_same_number(phone: Phone) -> None:
    assert wanted(phone.raw).phone == phone.e164
