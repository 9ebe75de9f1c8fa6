"""The demo's member rows: what they say makes exactly the partition they promise."""

import io
from collections import defaultdict

from openpyxl import load_workbook

from customers.crm.rows import read_row
from customers.intake.kinds import KINDS
from scrm.demo.crm_members import MEMBERS, Customer, MemberSet, make_members, to_workbook

CUSTOMERS = [Customer(f"wm{n}", f"union{n}", f"+861370000{n:04d}") for n in range(200)]
STRANGERS = [{"unionid": f"stranger{n}", "phone": f"+861370010{n:04d}"} for n in range(1800)]
STORES = ["MD1001", "MD1002"]


def members() -> MemberSet:
    return make_members(CUSTOMERS, STRANGERS, STORES)


def test_rows_are_20000_different_members_and_the_same_each_time() -> None:
    first = members()
    assert len({row["member_no"] for row in first.rows}) == MEMBERS == len(first.rows)
    assert members().rows == first.rows


def test_groups_follow_from_the_rows_by_strong_keys() -> None:
    # given the rows and the customers
    made = members()
    keys: dict[tuple[str, str], set[str]] = defaultdict(set)
    for customer in CUSTOMERS:
        keys["unionid", customer.unionid].add(f"c:{customer.external_userid}")
        keys["external", customer.external_userid].add(f"c:{customer.external_userid}")
    states = {}
    for row in made.rows:
        label = f"m:{row['member_no']}"
        states[label] = row["state"]
        if row["unionid"]:
            keys["unionid", row["unionid"]].add(label)
        if row["external_userid"]:
            keys["external", row["external_userid"]].add(label)
        if row["phone_verified"]:
            keys["phone", row["phone"]].add(label)

    # when records that share a strong key are joined, apart from two active members
    groups = {
        frozenset({label}) for label in [*states, *(f"c:{c.external_userid}" for c in CUSTOMERS)]
    }
    home = {label: group for group in groups for label in group}
    conflicts = 0
    for _key, labels in sorted(keys.items()):
        if sum(states.get(label) == "active" for label in labels) > 1:
            conflicts += 1
            continue
        joined = frozenset().union(*(home[label] for label in labels))
        home |= dict.fromkeys(joined, joined)

    # then that is what was promised
    assert {group for group in home.values() if len(group) > 1} == made.groups
    assert conflicts == made.conflicts == 20


def test_workbook_is_understood_by_the_import() -> None:
    made = members().rows[:50]
    sheet = load_workbook(io.BytesIO(to_workbook(made)), read_only=True).active
    table = list(sheet.iter_rows(values_only=True))
    headers = [str(cell) for cell in table[0]]
    fields = KINDS["members"].fields_of(headers)
    assert len(fields) == len(headers)
    for cells, row in zip(table[1:], made, strict=True):
        read = read_row({fields[header]: cell for header, cell in zip(headers, cells, strict=True)})
        assert read.errors == {}
        assert read.row is not None
        assert read.row.member_no == row["member_no"]
        assert read.row.values["phone"] == f"+86{row['phone']}"
        assert read.row.values["phone_verified"] == row["phone_verified"]
        assert read.row.values["state"] == row["state"]
