"""Every refused row says where, what, why and what to do."""

import time
from datetime import date

import pytest
from django.utils import translation

from contacts.oa_sync.plan_items import PlanRules
from contacts.oa_sync.rows import Snapshot
from contacts.oa_sync.snapshots import take_snapshot
from contacts.oa_sync.words import PROBLEMS, problem_words
from tests.contacts.oa_sync.oa_files import TREE, ListSource, employee

Found = tuple[str, int, str, str]


def check(
    departments: list[tuple[str, ...]],
    employees: list[tuple[str, ...]],
    posts: set[str] | None = None,
) -> Snapshot:
    """Judge rows; `posts` are those that get an account, all by default."""
    return take_snapshot(
        ListSource(departments, employees), PlanRules(posts=frozenset(posts or ()))
    )


def found(snapshot: Snapshot) -> list[Found]:
    """Return (file, row, field, code) of every problem."""
    return [(p.role, p.row.number, p.field, p.code) for p in snapshot.problems]


D, E = "departments", "employees"

DEPARTMENT_CASES: list[tuple[str, list[tuple[str, ...]], list[Found]]] = [
    ("nothing wrong", [], []),
    ("blank code", [("", "新店", "B1", "门店", "")], [(D, 6, "code", "blank")]),
    ("blank name", [("D3", " ", "B1", "门店", "")], [(D, 6, "name", "blank")]),
    (
        "only invisible characters",
        [("D3", "\u200b\u2060", "B1", "门店", "")],
        [(D, 6, "name", "blank")],
    ),
    ("64 characters fit", [("D3", "店" * 64, "B1", "", "")], []),
    ("65 do not", [("D3", "店" * 65, "B1", "", "")], [(D, 6, "name", "too_long")]),
    ("code of 65", [("D" * 65, "新店", "B1", "", "")], [(D, 6, "code", "too_long")]),
    *[
        (
            f"name with {char}",
            [("D3", f"新{char}店", "B1", "", "")],
            [(D, 6, "name", "illegal_characters")],
        )
        for char in '\\:*?"<>|'
    ],
    ("unknown kind", [("D3", "新店", "B1", "仓库", "")], [(D, 6, "kind", "unknown_word")]),
    ("English kind", [("D3", "新店", "B1", "Store", "")], []),
    ("blank kind is a department", [("D3", "财务", "B1", "", "")], []),
    ("full-width code", [("Ｄ３", "新店", "Ｂ１", "", "")], []),
    ("unknown parent", [("D3", "新店", "B9", "", "")], [(D, 6, "parent_code", "parent_unknown")]),
    (
        "child of an orphan",
        [("D4", "分店", "D3", "", ""), ("D3", "新店", "B9", "", "")],
        [(D, 7, "parent_code", "parent_unknown"), (D, 6, "parent_code", "parent_refused")],
    ),
    ("own parent", [("D3", "新店", "D3", "", "")], [(D, 6, "parent_code", "cycle")]),
    (
        "circle of three and a child of it",
        [
            ("X", "甲", "Z", "", ""),
            ("Y", "乙", "X", "", ""),
            ("Z", "丙", "Y", "", ""),
            ("W", "丁", "Z", "", ""),
        ],
        [
            (D, 6, "parent_code", "cycle"),
            (D, 8, "parent_code", "cycle"),
            (D, 7, "parent_code", "cycle"),
            (D, 9, "parent_code", "parent_refused"),
        ],
    ),
    (
        "homonym siblings",
        [("D3", "新店", "B1", "", ""), ("D4", "新店", "B1", "", "")],
        [(D, 6, "name", "sibling_name"), (D, 7, "name", "sibling_name")],
    ),
    (
        "homonyms under two parents",
        [("B2", "华南分公司", "C", "分公司", ""), ("D3", "人民路店", "B2", "门店", "S9")],
        [],
    ),
    (
        "one code twice, different",
        [("D3", "新店", "B1", "", ""), ("D3", "旧店", "B1", "", "")],
        [(D, 6, "code", "duplicate"), (D, 7, "code", "duplicate")],
    ),
    ("one code twice, the same", [("D3", "新店", "B1", "", ""), ("D3", "新店", "B1", "", "")], []),
    (
        "one store code twice",
        [("D3", "新店", "B1", "门店", "S001")],
        [(D, 4, "store_code", "store_code_shared"), (D, 6, "store_code", "store_code_shared")],
    ),
    (
        "a store code that is a branch's code",
        [("D3", "新店", "B1", "门店", "B1")],
        [(D, 6, "store_code", "store_code_shared")],
    ),
]


@pytest.mark.parametrize(
    ("_name", "rows", "expected"), DEPARTMENT_CASES, ids=[case[0] for case in DEPARTMENT_CASES]
)
def test_departments(_name: str, rows: list[tuple[str, ...]], expected: list[Found]) -> None:
    # when a department file is checked, then exactly these problems are reported
    assert found(check([*TREE, *rows], [])) == expected


EMPLOYEE_CASES: list[tuple[str, dict[str, str], list[Found]]] = [
    ("nothing wrong", {}, []),
    ("blank job number", {"job_number": ""}, [(E, 3, "job_number", "blank")]),
    ("no usable character", {"job_number": "工号"}, [(E, 3, "job_number", "no_userid")]),
    ("blank name", {"name": "　"}, [(E, 3, "name", "blank")]),
    ("name of 65", {"name": "李" * 65}, [(E, 3, "name", "too_long")]),
    ("blank phone", {"phone": ""}, [(E, 3, "phone", "phone_blank")]),
    ("phone in words", {"phone": "没有"}, [(E, 3, "phone", "phone_invalid")]),
    ("phone too short", {"phone": "1380013800"}, [(E, 3, "phone", "phone_invalid")]),
    ("phone as 1.38E+10", {"phone": "1.38E+10"}, [(E, 3, "phone", "phone_invalid")]),
    ("full-width phone", {"phone": "１３８００１３８０００"}, []),
    ("phone with +86 and blanks", {"phone": "+86 138 0013 8000"}, []),
    ("phone with 0086", {"phone": "0086-13800138000"}, []),
    ("Hong Kong phone", {"phone": "+85291234567"}, []),
    ("phone of somebody else", {"phone": "13800000001"}, [(E, 2, "phone", "phone_shared"), (E, 3, "phone", "phone_shared")]),
    ("blank department", {"department_code": ""}, [(E, 3, "department_code", "blank")]),
    ("unknown department", {"department_code": "D9"}, [(E, 3, "department_code", "department_unknown")]),
    ("full-width department", {"department_code": "Ｄ１"}, []),
    ("unknown sex", {"gender": "X"}, [(E, 3, "gender", "unknown_word")]),
    ("blank sex", {"gender": ""}, []),
    ("unknown state", {"state": "休假"}, [(E, 3, "state", "unknown_word")]),
    ("blank state is employed", {"state": ""}, []),
    ("not a date", {"effective_on": "明天"}, [(E, 3, "effective_on", "not_a_date")]),
    ("30 February", {"effective_on": "2026-02-30"}, [(E, 3, "effective_on", "not_a_date")]),
    ("date with slashes", {"effective_on": "2026/3/1"}, []),
    ("date and time", {"effective_on": "2026-03-01T00:00:00"}, []),
    ("post of 129", {"post": "导" * 129}, [(E, 3, "post", "too_long")]),
    ("leader unknown", {"leader_job_number": "E9"}, [(E, 3, "leader_job_number", "leader_unknown")]),
    ("leads herself", {"leader_job_number": "E0002"}, [(E, 3, "leader_job_number", "leader_circle")]),
    ("leader", {"leader_job_number": "E0001"}, []),
    ("same number, other data", {"job_number": "E0001"}, [(E, 2, "job_number", "duplicate"), (E, 3, "job_number", "duplicate")]),
    ("same userid", {"job_number": "e-0001"}, []),
    ("differs by case only", {"job_number": "e0001"}, [(E, 2, "job_number", "userid_clash"), (E, 3, "job_number", "userid_clash")]),
    ("leaver without anything", {"state": "离职", "name": "", "phone": "", "department_code": ""}, []),
    ("everything wrong", {"name": "", "phone": "x", "gender": "?"}, [
        (E, 3, "name", "blank"), (E, 3, "gender", "unknown_word"), (E, 3, "phone", "phone_invalid")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("_name", "cells", "expected"), EMPLOYEE_CASES, ids=[case[0] for case in EMPLOYEE_CASES]
)
def test_employees(_name: str, cells: dict[str, str], expected: list[Found]) -> None:
    # given one good employee, and a second one with these cells
    rows = [employee(1), employee(2, **cells)]

    # when the file is checked, then exactly these problems are reported
    assert found(check(TREE, rows)) == expected


def test_identical_rows_of_one_employee_count_once() -> None:
    snapshot = check(TREE, [employee(1), employee(1)])

    assert found(snapshot) == []
    assert list(snapshot.employees) == ["E0001"]
    assert snapshot.employee_count == 2


def test_a_post_without_an_account_needs_no_phone() -> None:
    snapshot = check(TREE, [employee(1, post="保洁", phone="")], posts={"导购"})

    assert found(snapshot) == []
    assert snapshot.employees["E0001"].phone == ""


def test_employees_of_a_refused_department_are_refused_too() -> None:
    # given a circle of departments with somebody in it
    circle = [("X", "甲", "Y", "", ""), ("Y", "乙", "X", "", "")]
    snapshot = check([*TREE, *circle], [employee(1, "X")])

    # then the row of the employee names the department, and she still counts as seen
    assert found(snapshot)[-1] == (E, 2, "department_code", "department_refused")
    assert snapshot.employees == {}
    assert snapshot.seen_userids == {"e0001"}


def test_a_moment_in_utc_takes_effect_on_the_day_it_is_here() -> None:
    snapshot = check(TREE, [employee(1, effective_on="2026-01-31T16:00:00.000Z")])

    assert found(snapshot) == []
    assert snapshot.employees["E0001"].effective_on == date(2026, 2, 1)


def test_rows_without_a_readable_job_number_are_counted() -> None:
    assert (
        check(
            TREE, [employee(1, job_number=""), employee(2, job_number="工号"), employee(3)]
        ).nameless_employees
        == 2
    )


def test_fifteen_levels_fit_and_the_sixteenth_does_not() -> None:
    # given the company (level 1) and a chain below it
    chain = [
        (f"L{level}", f"层{level}", f"L{level - 1}" if level > 2 else "C", "", "")
        for level in range(2, 17)
    ]
    snapshot = check([TREE[0], *chain], [])

    # then level 16 is refused by name of its level
    assert found(snapshot) == [(D, 17, "parent_code", "too_deep")]
    assert dict(snapshot.problems[0].params) == {"level": 16, "limit": 15}


def test_full_width_digits_end_as_plain_ones() -> None:
    snapshot = check(
        TREE,
        [
            employee(
                1,
                job_number="Ｅ１０ ０１",
                phone="１３８－００１３－８０００",
                department_code="Ｄ１",
            )
        ],
    )

    row = snapshot.employees["E1001"]
    assert (row.userid, row.phone, row.department_code) == ("e1001", "+8613800138000", "D1")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_code_has_words(code: str, language: str) -> None:
    # given all the values a text may name
    values = dict.fromkeys(
        ("rows", "limit", "level", "parent", "circle", "allowed", "characters", "name", "userid"),
        "7",
    )

    # when it is said in either language
    with translation.override(language):
        words = problem_words(code, "phone", "abc", values, role="employees")

    # then it is a sentence without open places
    assert len(words) > 15 if language == "en" else len(words) > 8
    assert "%(" not in words


def test_words_name_what_why_and_what_to_do() -> None:
    problem = check([*TREE, ("X", "甲", "X", "", "")], []).problems[0]

    with translation.override("en"):
        words = problem_words(
            problem.code, problem.field, problem.value, problem.params, role=problem.role
        )

    assert (
        words
        == "These departments are each other's parent: X → X. Give one of them its real parent in the OA."
    )


def test_twenty_thousand_rows_are_judged_in_linear_time() -> None:
    # given 20,000 employees in a chain of leaders
    rows = [employee(1, job_number=f"N{n}", phone=f"1{39_00000000 + n}", leader_job_number=f"N{n - 1}" if n else "")
            for n in range(20_000)]  # fmt: skip

    # when they are checked
    started = time.process_time()
    snapshot = check(TREE, rows)

    # then it takes seconds, not minutes
    assert len(snapshot.employees) == 20_000
    assert time.process_time() - started < 20
