"""Departments that get a new code, or each other's names: WeCom ends up as the OA says, in one run."""

import pytest

from contacts.directory.models import Department
from contacts.oa_sync.mirror import DepartmentState
from contacts.oa_sync.models import OaRun
from scrm.core.gateway import wecom
from tests.contacts.oa_sync.desk import PEOPLE, Desk, desk, outcomes
from tests.contacts.oa_sync.oa_files import TREE
from tests.contacts.oa_sync.test_planning import MIRRORED, kinds, mirror, plan

__all__ = ["desk"]


def renamed(**names: str) -> list[tuple[str, ...]]:
    """Return the tree with other names, by code."""
    return [(code, names.get(code, name), *rest) for code, name, *rest in TREE]


def wecoms_names() -> dict[int, str]:
    """Return WeCom's own names."""
    seen = wecom("contacts").department.list().departments
    return {each.department_id: each.name for each in seen}


def names_by_code() -> dict[str | None, str]:
    """Return the names WeCom has, by our code."""
    names = wecoms_names()
    return {each.oa_code: names[each.department_id] for each in Department.objects.all()}


def test_a_name_is_given_up_before_another_department_gets_it() -> None:
    made = plan([], mirror([], MIRRORED), departments=renamed(D1="滨江店", D2="西湖店"))

    assert kinds(made) == [
        ("department_update", "D2", "renamed"),
        ("department_update", "D1", "renamed"),
    ]


def test_a_new_department_waits_for_its_name() -> None:
    tree = [*renamed(D2="西湖店"), ("D3", "滨江店", "B1", "门店", "S003")]
    first = [tree[0], tree[1], tree[4], tree[2], tree[3]]

    made = plan([], mirror([], MIRRORED), departments=first)

    assert [item.key for item in made.items] == ["D2", "D3"]


def test_a_long_row_of_shifted_names_is_ordered() -> None:
    # given 3000 stores of which each gets the name of the next
    stores = [(f"T{n}", f"第{n + 1}店", "B1", "门店", f"T{n}") for n in range(3000)]
    held = [DepartmentState(100 + n, f"第{n}店", 2, f"T{n}", "store", f"T{n}") for n in range(3000)]

    made = plan([], mirror([], [*MIRRORED[:2], *held]), departments=[*TREE[:2], *stores])

    # then the last one begins
    assert [item.key for item in made.items] == [f"T{n}" for n in reversed(range(3000))]


def test_a_code_that_is_gone_gives_its_department_to_the_new_one() -> None:
    tree = [("D9" if code == "D1" else code, *rest) for code, *rest in TREE]

    made = plan([], mirror([], MIRRORED), departments=tree)

    assert kinds(made) == [("department_adopt", "D9", "new_code")]
    assert made.items[0].after["department_id"] == 3


def test_a_code_whose_row_was_refused_keeps_its_department() -> None:
    # given D1's row with a word nobody understands, and a new code of the same name
    tree = [
        *TREE[:2],
        ("D1", "人民路店", "B1", "?", "S001"),
        ("D9", "人民路店", "B1", "门店", "S001"),
    ]

    made = plan([], mirror([], MIRRORED), departments=tree)

    assert kinds(made) == [("department_create", "D9", "new_department")]


@pytest.mark.django_db
@pytest.mark.flow
def test_a_department_with_a_new_code_is_taken_over(desk: Desk) -> None:
    desk.sync(PEOPLE)
    before = wecoms_names()
    tree = [("D9" if code == "D1" else code, *rest) for code, *rest in TREE]
    people = [tuple("D9" if cell == "D1" else cell for cell in row) for row in PEOPLE]

    run = desk.sync(people, tree)

    # then nothing is made twice, nobody moves, and the next reading finds nothing to do
    assert (run.status, run.item_counts) == (OaRun.Status.APPLIED, {"department_adopt": 1})
    assert wecoms_names() == before
    assert desk.read(people, tree).status == OaRun.Status.UNCHANGED


@pytest.mark.django_db
@pytest.mark.flow
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"D1": "滨江店", "D2": "人民路店"}, {("done", "moved_aside"): 1, ("done", "done"): 1}),
        ({"D1": "滨江店", "D2": "西湖店"}, {("done", "done"): 2}),
    ],
)
def test_departments_that_exchange_names_have_them_after_one_run(
    names: dict[str, str], expected: dict[tuple[str, str], int], desk: Desk
) -> None:
    desk.sync(PEOPLE)

    run = desk.sync(PEOPLE, renamed(**names))

    assert (run.status, outcomes(run)) == (OaRun.Status.APPLIED, expected)
    found = names_by_code()
    assert {code: found[code] for code in names} == names
    assert desk.read(PEOPLE, renamed(**names)).status == OaRun.Status.UNCHANGED


@pytest.mark.django_db
@pytest.mark.flow
def test_a_name_somebody_else_keeps_is_refused_in_words(desk: Desk) -> None:
    # given a department made by hand, with the new name of a store
    desk.sync(PEOPLE)
    branch = Department.objects.get(oa_code="B1").department_id
    wecom("contacts").department.create("西湖店", branch)

    run = desk.sync(PEOPLE, renamed(D1="西湖店"))

    assert outcomes(run) == {("failed", "wecom-permanent"): 1}
    assert sorted(wecoms_names().values()).count("西湖店") == 1
