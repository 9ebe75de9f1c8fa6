"""Every name through the real doors: kept to the letter, found again, and harmless on a page and in a file."""

import csv
import io
import unicodedata
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.test import Client
from django.utils import translation
from django.utils.html import escape

from customers.crm.models import CrmMember
from customers.intake import importing, services
from customers.lists.keys import nickname_keys, nickname_wanted, pinyin_wanted
from customers.relations.models import ExternalContact as StoredContact
from customers.relations.services import contact_observed
from scrm.accounts.models import User
from scrm.accounts.services import partner_key_create
from scrm.core.excel import read_table, write_workbook
from scrm.wecom.types import ExternalContact, ExternalContactDetail, FollowInfo
from tests.cast import PASSWORD
from tests.corpora.reading import Name, names

NAMES = names()
# A file with one is no text file, and refused whole.
NUL = "\x00"
AT = datetime(2026, 3, 1, tzinfo=UTC)


def kept() -> dict[str, str]:
    """Return the members there must be."""
    return {f"N{place}": name.member for place, name in enumerate(NAMES) if name.member is not None}


def stored() -> dict[str, str]:
    """Return the members there are."""
    return {member.member_no: member.name for member in CrmMember.objects.all()}


def observe(place: int, name: Name) -> None:
    """Take over a customer as WeCom tells of it."""
    answer = orjson.loads(orjson.dumps({"external_userid": f"wm{place}", "name": name.raw}))
    follow = FollowInfo.read({"userid": "LiNa", "remark": name.raw[:20], "createtime": 1})
    contact_observed(ExternalContactDetail(ExternalContact.read(answer), (follow,), AT))


def test_the_corpus_is_large_and_names_each_once() -> None:
    assert len(NAMES) >= 300
    assert len({name.raw for name in NAMES}) == len(NAMES)


@pytest.mark.django_db
def test_a_file_keeps_each_name_and_gives_the_others_back() -> None:
    # given
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["member_no", "name"])
    writer.writerows(
        [f"N{place}", name.raw] for place, name in enumerate(NAMES) if NUL not in name.raw
    )

    # when
    with translation.override("en"):
        upload = services.file_create(
            kind="members", filename="names.csv", content=out.getvalue().encode(), actor=None
        )
        job = services.file_start(upload, actor=None)
        importing.run_import(job.pk)

    # then
    assert stored() == {
        f"N{place}": name.file
        for place, name in enumerate(NAMES)
        if NUL not in name.raw and name.file is not None
    }
    job.refresh_from_db()
    back = read_table(io.BytesIO(bytes(job.error_file or b"")), filename="errors.xlsx").rows
    refused = {
        f"N{place}"
        for place, name in enumerate(NAMES)
        if NUL not in name.raw and name.member is None
    }
    assert {row.values["member_no"] for row in back} == refused


@pytest.mark.django_db
def test_a_partner_is_told_of_each_that_cannot_be_kept(client: Client) -> None:
    # given
    token = partner_key_create(name="crm", scopes=("members.write",), actor=None)[1]
    rows = [{"member_no": f"N{place}", "name": name.raw} for place, name in enumerate(NAMES)]

    # when
    answer = client.post(
        "/api/v1/members/batch",
        data={"members": rows},
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())},
    )

    # then
    assert answer.status_code == 200
    refused = [place for place, name in enumerate(NAMES) if name.member is None]
    assert [error["index"] for error in answer.json()["errors"]] == refused
    assert stored() == kept()


@pytest.mark.django_db
def test_wecoms_nickname_is_kept_to_the_letter() -> None:
    for place, name in enumerate(NAMES):
        observe(place, name)

    found = dict(StoredContact.objects.values_list("external_userid", "name"))
    assert found == {f"wm{place}": name.nickname for place, name in enumerate(NAMES)}


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name.raw)[:40])
def test_whoever_types_it_or_a_part_finds_it(name: Name) -> None:
    keys = nickname_keys(name.nickname)

    whole = unicodedata.normalize("NFC", name.nickname)
    for piece in (whole, whole[:2], whole[1:4]):
        assert set(nickname_wanted(piece)) <= keys
    if name.pinyin:
        for typed in (name.pinyin, name.pinyin.upper()):
            assert {f"~{pinyin_wanted(typed)}", f"^{pinyin_wanted(typed)}"} <= keys


@pytest.mark.django_db
def test_a_page_shows_it_as_text(client: Client, hq_ops: User) -> None:
    # given the dangerous ones
    risky = [name for name in NAMES if set(name.nickname) & set("<>&\"'{}")]
    for place, name in enumerate(risky):
        observe(place, name)
    assert client.login(username="hq", password=PASSWORD)

    # when
    page = client.get("/console/customers/?size=100").content.decode()

    # then none of them is markup
    assert len(risky) >= 20
    for name in risky:
        assert escape(name.nickname) in page
        if "<" in name.nickname and name.nickname != "<!--":
            assert name.nickname not in page


def cells(workbook: bytes) -> list[Any]:
    """Return the cells of the first column as a spreadsheet holds them."""
    from openpyxl import load_workbook

    sheet = load_workbook(io.BytesIO(workbook)).worksheets[0]
    return [row[0] for row in sheet.iter_rows(min_row=2)]


def test_a_file_calculates_nothing() -> None:
    made = cells(write_workbook([("name", "Name")], [{"name": name.raw} for name in NAMES]))

    assert len(made) == len(NAMES)
    assert {cell.data_type for cell in made} <= {"s", "n", "inlineStr"}
    assert [cell.value for cell in made if cell.data_type == "f"] == []
    numbers = [cell.value for cell in made if cell.data_type == "n" and cell.value is not None]
    assert numbers == []
