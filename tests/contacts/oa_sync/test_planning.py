"""A plan says what changes, in a safe order, and stops where the source cannot be trusted."""

from datetime import date

import pytest
from django.utils.translation import override

from contacts.oa_sync.mirror import DepartmentState, MemberState, MirrorState
from contacts.oa_sync.plan_items import PlanRules
from contacts.oa_sync.planning import Plan, breaker, make_plan
from contacts.oa_sync.snapshots import take_snapshot
from contacts.oa_sync.words import hold_words
from scrm.core.crypto import blind_index
from tests.contacts.oa_sync.oa_files import TREE, ListSource, employee, phone_of

TODAY = date(2026, 6, 1)
RULES = PlanRules(posts=frozenset())
ROOT = DepartmentState(1, "企业", 0, "C", "company", "")
MIRRORED = [
    ROOT,
    DepartmentState(2, "华东分公司", 1, "B1", "branch", ""),
    DepartmentState(3, "人民路店", 2, "D1", "store", "S001"),
    DepartmentState(4, "滨江店", 2, "D2", "store", "S002"),
]


def account(number: int, **changes: object) -> MemberState:
    """Return the mirrored account of an employee of store D1, as our own writing left it."""
    values: dict[str, object] = {
        "pk": number, "userid": f"e{number:04d}", "name": f"员工{number}", "status": 1, "department_ids": (3,),
        "managed": True, "written": True, "phone_index": blind_index("phone", f"+86{phone_of(number)}"),
        "gender": "2", "position": "导购", "leader_userid": "", "disabled_by_us": False,
        "job_number": f"E{number:04d}" if changes.get("managed", True) else "", **changes,
    }  # fmt: skip
    return MemberState(**values)  # type: ignore[arg-type]


def mirror(
    members: list[MemberState], departments: list[DepartmentState] | None = None
) -> MirrorState:
    """Return a mirror of these departments (all by default) and members."""
    known = MIRRORED if departments is None else departments
    return MirrorState(
        {d.department_id: d for d in known}, {d.oa_code: d for d in known if d.oa_code},
        {m.userid.lower(): m for m in members},
    )  # fmt: skip


def plan(
    employees: list[tuple[str, ...]],
    state: MirrorState,
    *,
    departments: list[tuple[str, ...]] = TREE,
    rules: PlanRules = RULES,
    last_good: int | None = None,
) -> Plan:
    """Plan a source against a mirror."""
    snapshot = take_snapshot(ListSource(departments, employees), rules)
    return make_plan(snapshot, state, rules, today=TODAY, last_good=last_good)


def kinds(made: Plan) -> list[tuple[str, str, str]]:
    """Return (kind, key, reason) of every item."""
    return [(str(item.kind), item.key, item.reason) for item in made.items]


def test_nothing_differs_so_nothing_is_planned() -> None:
    assert (
        kinds(plan([employee(n) for n in range(50)], mirror([account(n) for n in range(50)]))) == []
    )


def test_an_empty_wecom_gets_parents_first_and_leaders_first() -> None:
    # given employees whose leader stands below them in the file
    people = [
        employee(1, leader_job_number="E0002"),
        employee(2, leader_job_number="E0003"),
        employee(3),
    ]

    # when they are planned against a WeCom that has only its root
    made = plan(people, mirror([], [DepartmentState(1, "企业", 0, "", "", "")]))

    # then parents come before children and leaders before the led
    assert kinds(made) == [
        ("department_adopt", "C", "company_root"),
        ("department_create", "B1", "new_department"),
        ("department_create", "D1", "new_department"),
        ("department_create", "D2", "new_department"),
        ("member_create", "e0003", "hired"),
        ("member_create", "e0002", "hired"),
        ("member_create", "e0001", "hired"),
    ]
    assert made.items[-1].after == {
        "job_number": "E0001", "name": "员工1", "phone": "+8613800000001", "gender": "2", "position": "导购",
        "department_code": "D1", "department": "人民路店", "leader": "e0002",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "changed"),
    [
        ({"name": "新名"}, ["name"]),
        ({"phone": "13900000000"}, ["phone"]),
        ({"gender": "男"}, ["gender"]),
        ({"post": "店长"}, ["position"]),
        ({"leader_job_number": "E0002"}, ["leader"]),
        ({"name": "新名", "post": "店长"}, ["name", "position"]),
    ],
)
def test_each_changed_field_is_an_update(cells: dict[str, str], changed: list[str]) -> None:
    made = plan([employee(1, **cells), employee(2)], mirror([account(1), account(2)]))

    assert kinds(made) == [("member_update", "e0001", "data_changed")]
    assert made.items[0].after["changed"] == changed


def test_another_department_is_a_move() -> None:
    made = plan([employee(1, "D2")], mirror([account(1)]))

    assert kinds(made) == [("member_move", "e0001", "transferred")]
    assert (made.items[0].before["department"], made.items[0].after["department"]) == (
        "人民路店",
        "滨江店",
    )


def test_an_account_that_was_there_before_is_taken_over_once() -> None:
    # given an account nobody of us ever wrote
    foreign = account(1, managed=False, written=False, phone_index=b"", userid="E0001")

    # then it is tied to the employee, in its own spelling
    assert kinds(plan([employee(1)], mirror([foreign]))) == [
        ("member_update", "E0001", "taken_over")
    ]


def test_leavers_and_absent_people_are_disabled_never_deleted() -> None:
    made = plan(
        [employee(1, state="离职"), employee(3)], mirror([account(1), account(2), account(3)])
    )

    assert kinds(made) == [
        ("member_disable", "e0001", "left"),
        ("member_disable", "e0002", "absent"),
    ]
    assert (made.removals, made.managed, made.hold) == (2, 3, [])


def test_accounts_the_oa_never_knew_are_left_alone() -> None:
    assert kinds(plan([employee(1)], mirror([account(1), account(2, managed=False)]))) == []


def test_a_refused_row_is_not_a_leaver() -> None:
    # given somebody whose row lost its phone, and somebody in a circle of departments
    circle = [("X", "甲", "Y", "", ""), ("Y", "乙", "X", "", "")]
    rows = [employee(1, phone=""), employee(2, "X")]

    # then neither is touched
    assert kinds(plan(rows, mirror([account(1), account(2)]), departments=[*TREE, *circle])) == []


def test_rows_without_a_job_number_withhold_all_absences() -> None:
    # given a file that lost one job number: its owner looks like a leaver
    made = plan([employee(1, job_number=""), employee(2)], mirror([account(1), account(2)]))

    # then nobody is disabled for being absent, and the plan says how many were withheld
    assert kinds(made) == []
    assert made.withheld == 1


def test_only_an_account_that_we_disabled_is_enabled_again() -> None:
    ours = account(1, status=2, disabled_by_us=True)
    theirs = account(2, status=2)

    assert kinds(plan([employee(1), employee(2)], mirror([ours, theirs]))) == [
        ("member_enable", "e0001", "rehired")
    ]


def test_what_takes_effect_later_waits() -> None:
    rows = [
        employee(1, effective_on="2026-06-02"),
        employee(2, effective_on="2026-06-01"),
        employee(3, state="离职", effective_on="2026-07-01"),
    ]

    assert kinds(plan(rows, mirror([account(3)]))) == [("member_create", "e0002", "hired")]


def test_posts_without_an_account_get_none_and_lose_none() -> None:
    rows = [employee(1, post="保洁"), employee(2, post="保洁"), employee(3)]

    made = plan(rows, mirror([account(2)]), rules=PlanRules(frozenset({"导购"})))

    assert kinds(made) == [("member_create", "e0003", "hired")]


def test_a_department_of_the_same_name_is_taken_over() -> None:
    # given WeCom has the branch already, made by hand
    by_hand = [ROOT, DepartmentState(7, "华东分公司", 1, "", "", "")]

    made = plan([], mirror([], by_hand), departments=TREE[:2])

    assert kinds(made) == [("department_adopt", "B1", "same_name")]
    assert made.items[0].after["department_id"] == 7


def test_a_swapped_parent_and_child_are_moved_top_down() -> None:
    # given B1 above D1 in WeCom, and the other way round in the OA
    swapped = [
        TREE[0],
        ("D1", "人民路店", "C", "门店", "S001"),
        ("B1", "华东分公司", "D1", "分公司", ""),
    ]

    made = plan([], mirror([], MIRRORED[:3]), departments=swapped)

    assert kinds(made) == [
        ("department_update", "D1", "moved"),
        ("department_update", "B1", "moved"),
    ]


@pytest.mark.parametrize(
    ("removals", "managed", "valid", "last_good", "codes"),
    [
        (0, 320, 320, 320, []),
        (10, 20, 320, 320, []),
        (11, 20, 320, 320, ["removals"]),
        (16, 320, 304, 320, []),
        (17, 320, 303, 320, ["removals"]),
        (0, 320, 160, 320, []),
        (0, 320, 159, 320, ["shrunk"]),
        (320, 320, 0, 320, ["removals", "shrunk", "empty"]),
        (0, 0, 0, None, []),
        (0, 320, 0, None, ["empty"]),
    ],
)
def test_breaker(
    removals: int, managed: int, valid: int, last_good: int | None, codes: list[str]
) -> None:
    held = breaker(removals=removals, managed=managed, valid=valid, last_good=last_good)

    assert [reason["code"] for reason in held] == codes


@pytest.mark.parametrize(
    ("valid", "words"),
    [
        (1, "Only 1 employee passed; the last good run had 320."),
        (2, "Only 2 employees passed; the last good run had 320."),
    ],
)
def test_one_employee_is_not_said_in_the_plural(valid: int, words: str) -> None:
    hold = {"reasons": [{"code": "shrunk", "valid": valid, "last_good": 320}]}

    with override("en"):
        assert hold_words(hold) == [words]


EVERYBODY = [employee(n) for n in range(320)]


@pytest.mark.parametrize(
    ("name", "rows", "codes", "removals"),
    [
        ("empty list", [], ["removals", "shrunk", "empty"], 320),
        ("90 % missing", EVERYBODY[:32], ["removals", "shrunk"], 288),
        ("10.1 % missing", EVERYBODY[:287], ["removals"], 33),
        ("5 % missing", EVERYBODY[:304], [], 16),
        ("all names blank", [employee(n, name="") for n in range(320)], ["shrunk", "empty"], 0),
        (
            "all job numbers blank",
            [employee(n, job_number="") for n in range(320)],
            ["shrunk", "empty"],
            0,
        ),
        (
            "every row twice, different",
            EVERYBODY + [employee(n, name="别名") for n in range(320)],
            ["shrunk", "empty"],
            0,
        ),
        ("all departments lost", [employee(n, "D9") for n in range(320)], ["shrunk", "empty"], 0),
        ("all resigned", [employee(n, state="离职") for n in range(320)], ["removals"], 320),
    ],
)
def test_a_source_that_cannot_be_trusted_is_held(
    name: str, rows: list[tuple[str, ...]], codes: list[str], removals: int
) -> None:
    # given 320 accounts from a good run
    state = mirror([account(n) for n in range(320)])

    # when the OA answers like this
    made = plan(rows, state, last_good=320)

    # then the plan is held for these reasons
    assert ([reason["code"] for reason in made.hold], made.removals) == (codes, removals)


def test_a_department_file_in_circles_removes_nobody() -> None:
    # given that every department became its own parent
    circles = [(code, title, code, kind, store) for code, title, _parent, kind, store in TREE]
    made = plan(
        EVERYBODY, mirror([account(n) for n in range(320)]), departments=circles, last_good=320
    )

    assert kinds(made) == []
    assert [reason["code"] for reason in made.hold] == ["shrunk", "empty"]
