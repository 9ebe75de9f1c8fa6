"""Who takes over whom: friends first, then the least loaded."""

from uuid import UUID

from customers.inheritance.spreading import Load, spread

IDS = [UUID(int=number) for number in range(1, 8)]


def test_customers_level_the_loads() -> None:
    chosen = spread(IDS, [Load(1, 3), Load(2, 0)], {})

    assert [list(chosen.values()).count(one) for one in (1, 2)] == [2, 5]
    assert spread(list(reversed(IDS)), [Load(1, 3), Load(2, 0)], {}) == chosen


def test_equal_loads_go_by_the_order_of_the_store() -> None:
    assert list(spread(IDS[:3], [Load(9, 0), Load(1, 0)], {}).values()) == [9, 1, 9]


def test_friends_stay_with_friends_and_add_no_load() -> None:
    chosen = spread(IDS[:4], [Load(1, 0), Load(2, 50)], {IDS[0]: {2, 77}, IDS[1]: {77}})

    assert chosen == {IDS[0]: 2, IDS[1]: 1, IDS[2]: 1, IDS[3]: 1}


def test_a_barred_successor_is_not_asked_again() -> None:
    loads = [Load(1, 0), Load(2, 9)]

    chosen = spread(IDS[:3], loads, {IDS[0]: {1}}, {IDS[0]: [1], IDS[1]: [1, 2], IDS[2]: []})

    assert chosen == {IDS[0]: 2, IDS[2]: 1}


def test_without_successors_nobody_is_handed_over() -> None:
    assert spread(IDS, [], {}) == {}
