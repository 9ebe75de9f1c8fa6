"""What nobody can say yet stays as it is, and whoever ends up without an account is told of."""

from typing import Any

import pytest
from django.utils import translation

from contacts.oa_sync.adoption import Known
from contacts.oa_sync.plan_items import PlanRules, note_rows
from contacts.oa_sync.planning import Plan, breaker, make_plan
from contacts.oa_sync.snapshots import take_snapshot
from contacts.oa_sync.words import hold_words, problem_words
from tests.contacts.oa_sync.oa_files import TREE, ListSource, employee
from tests.contacts.oa_sync.test_planning import RULES, TODAY, account, kinds, mirror, plan

LED = [employee(1), employee(2, leader_job_number="E0001")]


def by_hand(number: int, **changes: Any) -> Any:
    """Return an account that nobody of us ever wrote."""
    return account(number, **{"managed": False, "written": False, **changes})


def known_plan(employees: list[tuple[str, ...]], state: Any, known: Known) -> Plan:
    """Plan with what people and WeCom said."""
    snapshot = take_snapshot(ListSource(TREE, employees), RULES)
    return make_plan(snapshot, state, RULES, today=TODAY, last_good=None, known=known)


def said(made: Plan) -> list[tuple[str, str, str]]:
    """Return (job number, code, account) of the notes."""
    return [(note.row.job_number, note.code, note.userid) for note in made.notes]


def test_a_stranger_under_the_leaders_userid_does_not_lead() -> None:
    made = plan(LED, mirror([by_hand(1, name="张三丰")]))

    assert [doubt.row.job_number for doubt in made.doubts] == ["E0001"]
    assert kinds(made) == [("member_create", "e0002", "hired")]
    assert made.items[0].after["leader"] == ""


def test_once_a_person_said_somebody_else_the_leader_has_an_account_with_a_number() -> None:
    other = Known(other=frozenset({("E0001", "e0001")}))

    made = known_plan(LED, mirror([by_hand(1, name="张三丰")]), other)

    assert made.doubts == []
    assert kinds(made) == [
        ("member_create", "e0001-2", "hired_with_number"),
        ("member_create", "e0002", "hired"),
    ]
    assert made.items[1].after["leader"] == "e0001-2"


def test_the_number_behind_is_nobody_elses() -> None:
    # given that the rule gives -2 to somebody, -3 has an account, and -4 left
    taken = [by_hand(1, name="张三丰"), by_hand(3, userid="e0001-3"), by_hand(4, userid="e0001-4")]
    people = [employee(1), employee(5, job_number="E0001-2")]
    refused = frozenset({("E0001", each) for each in ("e0001", "e0001-3", "e0001-4")})

    made = known_plan(people, mirror(taken), Known(other=refused))

    assert {item.key for item in made.items} == {"e0001-2", "e0001-5"}


@pytest.mark.parametrize("standing", ["", "e0007"])
def test_an_unchanged_plan_writes_nothing_while_the_leader_is_in_doubt(standing: str) -> None:
    # given a namesake of the leader in the department, and the led one as the last run left her
    namesake = by_hand(99, name="员工1", userid="zhangsan")

    made = plan(LED, mirror([namesake, account(2, leader_userid=standing)]))

    assert kinds(made) == []


def test_a_leader_whose_row_was_refused_leads_on_only_by_a_tie() -> None:
    rows = [employee(1, phone="x"), LED[1]]
    led = account(2, leader_userid="e0001")

    tied = plan(rows, mirror([account(1), led]))
    untied = plan(rows, mirror([by_hand(1, name="张三丰"), account(2)]))

    assert (kinds(tied), kinds(untied)) == ([], [])


def test_an_account_without_a_readable_name_is_asked_about() -> None:
    hidden = by_hand(1, name="", phone_index=b"")

    asked = plan([employee(1)], mirror([hidden]))
    proven = known_plan([employee(1)], mirror([hidden]), Known(phones={"E0001": "e0001"}))

    assert ([doubt.how for doubt in asked.doubts], kinds(asked)) == (["userid"], [])
    assert kinds(proven) == [("member_update", "e0001", "taken_over")]


@pytest.mark.parametrize("off", [by_hand(1, status=2), account(1, status=2)])
def test_an_account_somebody_disabled_is_told_of(off: Any) -> None:
    made = plan([employee(1)], mirror([off]))

    assert kinds(made) == []
    assert said(made) == [("E0001", "account_disabled", "e0001")]


def test_who_moves_to_a_post_without_account_keeps_it_and_is_told_of() -> None:
    rules = PlanRules(posts=frozenset({"导购"}))

    made = plan(
        [employee(1, post="保洁"), employee(2)], mirror([account(1), account(2)]), rules=rules
    )

    assert kinds(made) == []
    assert said(made) == [("E0001", "account_kept", "e0001")]
    (row,) = note_rows(made.notes, {"job_number": "工号"})
    assert (row.is_warning, row.row.raw["工号"]) == (True, "E0001")
    words = problem_words(row.code, row.field, row.value, row.params, role=row.role)
    assert "员工1" in words
    assert "e0001" in words


def test_small_removals_within_a_week_count_together() -> None:
    left, held = 100, []
    for recent in (0, 10, 20):
        held.append(breaker(removals=10, managed=left, valid=left, last_good=None, recent=recent))
        left -= 10

    assert held[0] == []
    assert [[each["code"] for each in reasons] for reasons in held[1:]] == [["repeated"]] * 2
    with translation.override("en"):
        assert hold_words({"reasons": held[1]})[0].startswith("The plan disables 10 accounts")
    # and a plan that removes nobody is not held for what was before
    assert breaker(removals=0, managed=80, valid=80, last_good=None, recent=20) == []


@pytest.mark.parametrize("cells", [{"post": ""}, {"gender": ""}, {"leader_job_number": ""}])
@pytest.mark.parametrize(("people", "codes"), [(16, []), (17, ["emptied"])])
def test_a_source_that_empties_a_column_is_held(
    cells: dict[str, str], people: int, codes: list[str]
) -> None:
    state = mirror([account(n, leader_userid="e0000" if n else "") for n in range(320)])
    rows = [
        employee(
            n, **{"leader_job_number": "E0000" if n else "", **(cells if 0 < n <= people else {})}
        )
        for n in range(320)
    ]

    made = plan(rows, state, last_good=320)

    assert [reason["code"] for reason in made.hold] == codes
    assert len(made.items) == people
