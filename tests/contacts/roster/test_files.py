"""Files of people: judged row by row, sent without the refused rows, which come back as they were with the reason."""

import io
import time

import pytest
from django.test import Client
from django.utils import translation
from openpyxl import Workbook, load_workbook

from contacts.directory.models import Employee, Member
from contacts.roster.models import RosterFile, RosterPerson
from contacts.roster.services import file_drop, file_judged, file_send, file_take, refused_of
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import blind_index
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.scope import scope_of
from tests.cast import Company, branch_ops, company, guide_li, guide_wang, hq_ops, outsider
from tests.contacts.roster.people import HEADERS, cells, day, on_roster, phone_of, row
from tests.factories.contacts import EmployeeFactory, MemberFactory

__all__ = ["branch_ops", "company", "guide_li", "guide_wang", "hq_ops", "outsider"]
pytestmark = pytest.mark.django_db


def workbook(*rows: list[str], headers: tuple[str, ...] = HEADERS) -> io.BytesIO:
    """Return an XLSX as a dealer makes it."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for each in (headers, *rows):
        sheet.append(list(each))
    file = io.BytesIO()
    book.save(file)
    file.seek(0)
    return file


def sent(user: User, *rows: list[str]) -> RosterFile:
    """Upload a file."""
    return file_send(file=workbook(*rows), filename="编外人员.xlsx", actor=user)


# Cell by cell what may be wrong, and the code it is refused with.
WRONG = [
    ({"name": ""}, "name_blank"),
    ({"name": "长" * 65}, "name_long"),
    ({"name": " \u200b "}, "name_blank"),
    ({"post": "岗" * 129}, "post_long"),
    ({"phone": ""}, "phone_blank"),
    ({"phone": "1390000"}, "phone_invalid"),
    ({"phone": "没有"}, "phone_invalid"),
    ({"phone": phone_of(500)}, "phone_known"),
    ({"phone": phone_of(501)}, "phone_in_oa"),
    ({"store_code": ""}, "store_blank"),
    ({"store_code": "S9"}, "store_unknown"),
    ({"store_code": "S3"}, "store_unknown"),
    ({"store_code": "B1"}, "store_unknown"),
    ({"store_code": "S2"}, "store_closed"),
    ({"sponsor": ""}, "sponsor_blank"),
    ({"sponsor": "nobody"}, "sponsor_unknown"),
    ({"sponsor": "stranger"}, "sponsor_unknown"),
    ({"sponsor": "left_one"}, "sponsor_gone"),
    ({"sponsor": "rostered"}, "sponsor_rostered"),
    ({"expires_on": ""}, "day_blank"),
    ({"expires_on": "年底"}, "day_invalid"),
    ({"expires_on": "2026-02-30"}, "day_invalid"),
    ({"expires_on": day(-1)}, "day_past"),
    ({"expires_on": day(367)}, "day_far"),
    ({"expires_on": f"{day(366)}T16:00:00Z"}, "day_far"),
    ({"userid": "-li"}, "userid_invalid"),
    ({"userid": "小美"}, "userid_invalid"),
    ({"userid": "a" * 65}, "userid_invalid"),
    ({"userid": "Guide_Li"}, "userid_taken"),
    ({"userid": "e0001"}, "userid_taken"),
]


@pytest.fixture
def crowded(company: Company, guide_li: Member) -> None:
    """A store that is closed, people who may not answer, and phones that are taken."""
    company.store_b.status = "closed"
    company.store_b.save()
    MemberFactory(userid="stranger", org_path=company.store_south.path)
    MemberFactory(userid="left_one", org_path=company.store_a.path, status=Member.Status.LEFT)
    rostered = MemberFactory(userid="rostered", org_path=company.store_a.path)
    on_roster(
        company.store_a, guide_li, 500, state="active", member=rostered, userid="rostered", decided_at="2026-01-01T00:00Z"
    )  # fmt: skip
    phone = f"+86{phone_of(501)}"
    EmployeeFactory(job_number="E0001", phone=phone, phone_index=blind_index("phone", phone))


@pytest.mark.parametrize(("wrong", "code"), WRONG)
def test_each_wrong_cell_is_named(
    crowded: None, branch_ops: User, wrong: dict[str, str], code: str
) -> None:
    file = sent(branch_ops, row(1, **wrong), row(2))

    judged = file_judged(file, scope_of(branch_ops))

    assert [each.code for each in judged.rows] == [code, ""]
    ((_row, why),) = judged.refused
    assert why
    assert "%(" not in why


@pytest.mark.parametrize(
    "good",
    [
        {"phone": "+86 139-0000-0001"}, {"phone": "１３９００００００01"}, {"sponsor": "GUIDE_LI"}, {"post": ""},
        {"expires_on": day(0)}, {"expires_on": day(366)}, {"expires_on": day(30).replace("-", "/")}, {"expires_on": f"{day(-1)}T16:00:00Z"}, {"userid": "Xiao.Mei_1"},
        {"sponsor": "boss"}, {"sponsor": "of_branch"}, {"sponsor": "J77"},
    ],
)  # fmt: skip
def test_what_people_write_differently_is_taken(
    company: Company, guide_li: Member, branch_ops: User, good: dict[str, str]
) -> None:
    MemberFactory(userid="boss", org_path="")
    MemberFactory(
        userid="of_branch", org_path=company.east.path, employee=EmployeeFactory(job_number="J77")
    )

    file = sent(branch_ops, row(1, **good))

    assert [each.code for each in file_judged(file, scope_of(branch_ops)).rows] == [""]


def test_the_same_phone_or_userid_twice_refuses_all_of_them(
    company: Company, guide_li: Member, branch_ops: User
) -> None:
    file = sent(
        branch_ops, row(1), row(2, phone=phone_of(1)), row(3, userid="mei"), row(4, userid="MEI")
    )

    codes = {
        each.number: (each.code, each.params)
        for each in file_judged(file, scope_of(branch_ops)).rows
    }

    assert codes[2] == codes[3] == ("phone_twice", {"rows": "2, 3"})
    assert codes[4] == codes[5] == ("userid_twice", {"rows": "4, 5"})


def test_a_file_counts_only_once_it_is_sent_and_refused_rows_come_back(
    company: Company, guide_li: Member, branch_ops: User
) -> None:
    # given a file with one wrong row
    file = sent(branch_ops, row(1), row(2, store_code="S9"), row(3))
    assert RosterPerson.objects.count() == 0

    # when its sender sends it to headquarters
    assert file_take(file=file, actor=branch_ops, scope=scope_of(branch_ops)) == 2

    # then the others wait, with the phone sealed, and nobody has an account
    waiting = list(RosterPerson.objects.order_by("name"))
    assert [(p.name, p.state, p.channel, p.file_id, p.phone) for p in waiting] == [
        ("编外1", "waiting", "file", file.pk, f"+86{phone_of(1)}"),
        ("编外3", "waiting", "file", file.pk, f"+86{phone_of(3)}"),
    ]
    assert [p.created_by for p in waiting] == [branch_ops, branch_ops]
    assert AuditEntry.objects.filter(action="roster.file_send").count() == 1

    # and the refused row is as it was, with why, also now that the others are known
    file.refresh_from_db()
    with translation.override("en"):
        headers, refused = refused_of(file, scope_of(branch_ops))
    assert headers == list(HEADERS)
    assert [(list(raw.values()), why) for raw, why in refused] == [
        (row(2, store_code="S9"), 'You have no store with the code "S9". Correct the code.')
    ]

    # and it is not sent twice
    with pytest.raises(Conflict):
        file_take(file=file, actor=branch_ops, scope=scope_of(branch_ops))
    assert RosterPerson.objects.count() == 2


def test_a_repaired_file_of_refused_rows_goes_through(
    company: Company, guide_li: Member, branch_ops: User, client: Client
) -> None:
    # given a sent file whose refused row is downloaded
    client.force_login(branch_ops)
    file = sent(branch_ops, row(1), row(2, phone="1"))
    client.post(f"/console/roster/files/{file.pk}/send/")
    answer = client.get(f"/console/roster/files/{file.pk}/errors/")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    table = [[cell or "" for cell in line] for line in sheet.iter_rows(values_only=True)]
    assert table[1][: len(HEADERS)] == row(2, phone="1")

    # when it is mended in place and uploaded with its column of reasons
    table[1][1] = phone_of(2)
    mended = workbook(table[1], headers=tuple(table[0]))
    mended.name = "mended.xlsx"
    page = client.post("/console/roster/files/new/", {"file": mended})
    client.post(f"{page['Location']}send/")

    # then both wait
    assert sorted(RosterPerson.objects.values_list("name", flat=True)) == ["编外1", "编外2"]


def test_who_did_not_send_a_file_reads_its_phones_masked_and_is_recorded(
    company: Company, guide_li: Member, branch_ops: User, hq_ops: User, client: Client
) -> None:
    # given a branch's file with a wrong store and a phone nobody can read
    broken = phone_of(3) + "0"
    file = sent(branch_ops, row(1), row(2, store_code="S9"), row(3, phone=broken))
    page = f"/console/roster/files/{file.pk}/"

    def taken(user: User) -> str:
        client.force_login(user)
        answer = client.get(f"{page}errors/")
        sheet = load_workbook(io.BytesIO(answer.content)).active
        assert sheet is not None
        return "|".join(str(cell) for line in sheet.iter_rows(values_only=True) for cell in line)

    # when headquarters takes the refused rows, while it waits and once it is sent, then no phone is whole
    waiting = taken(hq_ops)
    shown = client.get(page).content.decode()
    file_take(file=file, actor=branch_ops, scope=scope_of(branch_ops))
    for rows in (waiting, taken(hq_ops)):
        assert "139****0002" in rows
        assert phone_of(2) not in rows
        assert broken not in rows + shown

    # and who sent them has them as they were, to repair them; the audit knows each
    assert {phone_of(2), broken} <= set(taken(branch_ops).split("|"))
    entries = AuditEntry.objects.filter(action="roster.file_refused").order_by("pk")
    assert [(each.actor, each.after["masked"]) for each in entries] == [
        (hq_ops, True), (hq_ops, True), (branch_ops, False),
    ]  # fmt: skip


def test_a_file_given_up_sends_nobody(company: Company, guide_li: Member, branch_ops: User) -> None:
    file = sent(branch_ops, row(1))

    file_drop(file=file, actor=branch_ops)

    with pytest.raises(Conflict):
        file_take(file=file, actor=branch_ops, scope=scope_of(branch_ops))
    assert RosterPerson.objects.count() == 0


def test_a_file_without_its_columns_is_refused_with_their_names(branch_ops: User) -> None:
    with pytest.raises(ValidationFailed, match="手机号"):
        file_send(file=workbook(["a"], headers=("姓名",)), filename="x.xlsx", actor=branch_ops)
    with pytest.raises(ValidationFailed):
        sent(branch_ops)
    assert RosterFile.objects.count() == 0


def test_five_thousand_rows_with_three_percent_errors_lose_exactly_those(
    company: Company, guide_li: Member, branch_ops: User, django_assert_max_num_queries: object
) -> None:
    rows = [
        row(n, phone=f"137{n:08d}", store_code="S9" if n % 100 < 3 else "S1") for n in range(5000)
    ]
    file = sent(branch_ops, *rows)

    begun = time.process_time()
    count = file_take(file=file, actor=branch_ops, scope=scope_of(branch_ops))

    assert time.process_time() - begun < 20
    assert (count, RosterPerson.objects.count()) == (4850, 4850)
    file.refresh_from_db()
    assert [entry[0] for entry in file.result["refused"]] == [
        n + 2 for n in range(5000) if n % 100 < 3
    ]


def test_the_template_goes_through_once_its_codes_are_ours(
    company: Company, guide_li: Member, branch_ops: User, client: Client
) -> None:
    client.force_login(branch_ops)
    answer = client.get("/console/roster/files/template/")
    book = load_workbook(io.BytesIO(answer.content))
    assert len(book.sheetnames) == 2
    headers, example = book.worksheets[0].iter_rows(values_only=True, max_row=2)
    values = dict(zip(headers, (str(cell or "") for cell in example), strict=True))
    values |= {"门店编码": "S1", "担保人": "guide_li"}

    file = file_send(
        file=workbook(list(values.values()), headers=tuple(map(str, headers))), filename="t.xlsx", actor=branch_ops
    )  # fmt: skip

    assert [each.code for each in file_judged(file, scope_of(branch_ops)).rows] == [""]
    assert cells().keys() == {
        "name",
        "phone",
        "post",
        "store_code",
        "sponsor",
        "expires_on",
        "userid",
    }
    assert Employee.objects.count() == 0
