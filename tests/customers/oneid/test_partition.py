"""The pure rule of OneID, against an independent union-find and against itself in every order."""

from itertools import permutations
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from customers.oneid.partition import (
    EXTERNAL_USERID,
    KEPT_APART,
    MEMBER_NO,
    PHONE,
    TWO_MEMBERS,
    TWO_UNIONIDS,
    UNIONID,
    Limits,
    Record,
    crowded_keys,
    partition,
)


def contact(
    number: int, *, unionid: str = "", phone: str = "", external: str | None = None
) -> Record:
    """Return a contact; its external_userid follows its number unless given."""
    keys = {
        (EXTERNAL_USERID, f"wm{number}" if external is None else external),
        (UNIONID, unionid),
        (PHONE, phone),
    }
    return Record(UUID(int=number), "contact", frozenset(keys))


def member(
    number: int, *, unionid: str = "", phone: str = "", external: str = "", active: bool = True
) -> Record:
    """Return a CRM member."""
    keys = {
        (MEMBER_NO, f"M{number}"),
        (UNIONID, unionid),
        (EXTERNAL_USERID, external),
        (PHONE, phone),
    }
    return Record(UUID(int=1000 + number), "member", frozenset(keys), active)


def groups(result: object) -> set[frozenset[int]]:
    """Return the groups as small numbers."""
    return {frozenset(each.int for each in group) for group in result.groups}  # type: ignore[attr-defined]


def test_each_strong_key_joins_by_itself() -> None:
    # given one pair for each kind of key
    records = [
        contact(1, unionid="u1"),
        member(1, unionid="u1"),
        contact(2),
        member(2, external="wm2"),
        contact(3, phone="p3"),
        member(3, phone="p3"),
        member(4, phone="p4", active=False),
        member(5, phone="p4"),
    ]

    # when
    result = partition(records)

    # then
    assert groups(result) == {
        frozenset({1, 1001}),
        frozenset({2, 1002}),
        frozenset({3, 1003}),
        frozenset({1004, 1005}),
    }
    assert result.clashes == ()


def test_blank_keys_join_nobody() -> None:
    records = [contact(1), contact(2), member(1), member(2)]

    assert len(partition(records).groups) == 4


def test_identities_join_over_several_steps() -> None:
    # given contact 1 – unionid – contact 2 – external_userid – member 1 – phone – closed member 2
    records = [
        contact(1, unionid="u"),
        contact(2, unionid="u"),
        member(1, external="wm2", phone="p"),
        member(2, phone="p", active=False),
    ]

    assert groups(partition(records)) == {frozenset({1, 2, 1001, 1002})}


def test_two_unionids_on_one_phone_wait_for_a_human() -> None:
    # given a phone passed on from one WeChat user to another
    records = [
        contact(1, unionid="u1", phone="p"),
        contact(2, unionid="u2", phone="p"),
        contact(3, phone="p"),
    ]

    # when
    result = partition(records)

    # then no edge of that phone is applied, not even the harmless one
    assert groups(result) == {frozenset({1}), frozenset({2}), frozenset({3})}
    (clash,) = result.clashes
    assert (clash.rule, clash.key_kind) == (TWO_UNIONIDS, PHONE)
    assert clash.blocks == ((UUID(int=1),), (UUID(int=2),), (UUID(int=3),))


def test_two_active_members_with_one_phone_wait_and_a_closed_one_does_not() -> None:
    active = [member(1, phone="p"), member(2, phone="p")]
    one_closed = [member(1, phone="p"), member(2, phone="p", active=False)]

    assert groups(partition(active)) == {frozenset({1001}), frozenset({1002})}
    assert [clash.rule for clash in partition(active).clashes] == [TWO_MEMBERS]
    assert groups(partition(one_closed)) == {frozenset({1001, 1002})}
    assert partition(one_closed).clashes == ()


def test_contacts_of_one_unionid_stay_one_person_while_its_members_are_contested() -> None:
    records = [
        contact(1, unionid="u"),
        contact(2, unionid="u"),
        member(1, unionid="u"),
        member(2, unionid="u"),
    ]

    result = partition(records)

    assert groups(result) == {frozenset({1, 2}), frozenset({1001}), frozenset({1002})}
    assert [(clash.rule, clash.key_kind) for clash in result.clashes] == [(TWO_MEMBERS, UNIONID)]


def test_a_phone_conflict_leaves_unionid_merges_alone() -> None:
    records = [
        contact(1, unionid="u1"),
        member(1, unionid="u1", phone="p"),
        contact(2, unionid="u2"),
        member(2, unionid="u2", phone="p"),
    ]

    result = partition(records)

    assert groups(result) == {frozenset({1, 1001}), frozenset({2, 1002})}
    assert [clash.key_kind for clash in result.clashes] == [PHONE]


def test_a_phone_shared_by_too_many_ties_nobody() -> None:
    five = [contact(number, phone="shop") for number in range(1, 6)]

    assert len(partition(five).groups) == 1
    assert crowded_keys(five, 5) == frozenset()
    six = [*five, contact(6, phone="shop")]
    assert crowded_keys(six, 5) == frozenset({(PHONE, "shop")})
    assert len(partition(six).groups) == 6
    assert partition(six).clashes == ()


def test_a_human_joins_what_the_rule_forbids_and_takes_it_back() -> None:
    records = [
        contact(1, unionid="u1", phone="p"),
        contact(2, unionid="u2", phone="p"),
        contact(3, unionid="u2"),
    ]
    pair = (UUID(int=1), UUID(int=2))

    joined = partition(records, together=[pair])

    assert groups(joined) == {frozenset({1, 2, 3})}
    assert joined.clashes == ()
    assert groups(partition(records)) == {frozenset({1}), frozenset({2, 3})}


def test_records_told_apart_stay_apart_without_touching_others() -> None:
    # given one person of four records by one phone, and a human who takes 1 and 2 away from 3 and 4
    records = [contact(number, phone="p") for number in range(1, 5)]
    apart = [(UUID(int=left), UUID(int=right)) for left in (1, 2) for right in (3, 4)]

    result = partition(records, apart=apart)

    assert groups(result) == {frozenset({1, 2}), frozenset({3, 4})}
    assert result.clashes == ()


def test_a_newcomer_who_ties_both_sides_of_a_decision_is_a_conflict() -> None:
    records = [contact(1, phone="p"), contact(2, phone="p"), contact(3, phone="p")]

    result = partition(records, apart=[(UUID(int=1), UUID(int=2))])

    assert len(result.groups) == 3
    assert [(clash.rule, clash.key_kind) for clash in result.clashes] == [(KEPT_APART, PHONE)]


def test_every_order_gives_the_same_answer() -> None:
    records = [
        contact(1, unionid="u1", phone="p"),
        contact(2, unionid="u2"),
        member(1, unionid="u1", phone="q"),
        member(2, unionid="u2", phone="p"),
        member(3, phone="q", active=False),
    ]
    expected = partition(records)

    assert {partition(order) == expected for order in permutations(records)} == {True}
    assert groups(expected) == {frozenset({1, 1001}), frozenset({2, 1002}), frozenset({1003})}
    assert [clash.key_kind for clash in expected.clashes] == [PHONE]


SMALL = st.integers(min_value=0, max_value=4)


@st.composite
def worlds(draw: st.DrawFn) -> list[Record]:
    """Draw up to nine records over a handful of key values, so that they collide all the time."""
    records: list[Record] = []
    for number in range(1, draw(st.integers(min_value=1, max_value=9)) + 1):
        unionid = draw(st.sampled_from(["", "", "u1", "u2", "u3"]))
        phone = draw(st.sampled_from(["", "p1", "p2", "p3"]))
        if draw(st.booleans()):
            records.append(contact(number, unionid=unionid, phone=phone))
        else:
            external = f"wm{draw(SMALL)}" if draw(st.booleans()) else ""
            records.append(
                member(
                    number,
                    unionid=unionid,
                    phone=phone,
                    external=external,
                    active=draw(st.booleans()),
                )
            )
    return records


def oracle(records: list[Record]) -> set[frozenset[UUID]]:
    """Return connected components by shared keys alone, by repeated merging of sets."""
    found = [({record.id}, {key for key in record.keys if key[1]}) for record in records]
    merged = True
    while merged:
        merged = False
        for left in range(len(found)):
            for right in range(left + 1, len(found)):
                if found[left][1] & found[right][1]:
                    ids, keys = found.pop(right)
                    found[left] = (found[left][0] | ids, found[left][1] | keys)
                    merged = True
                    break
            if merged:
                break
    return {frozenset(ids) for ids, _keys in found}


@settings(max_examples=400, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_does_not_matter(records: list[Record], random: object) -> None:
    shuffled = list(records)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert partition(shuffled) == partition(records)


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_without_conflicts_it_is_plain_connectedness(records: list[Record]) -> None:
    result = partition(records, limits=Limits(degree=99))

    if not result.clashes:
        assert set(result.groups) == oracle(records)
    else:
        # and with conflicts it never joins what plain connectedness keeps apart
        assert all(any(group <= whole for whole in oracle(records)) for group in result.groups)


@settings(max_examples=400, deadline=None)
@given(worlds())
def test_no_person_breaks_the_rule(records: list[Record]) -> None:
    by_id = {record.id: record for record in records}

    for group in partition(records).groups:
        assert len({value for each in group for value in by_id[each].unionids}) <= 1
        assert sum(by_id[each].is_active_member for each in group) <= 1


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_a_component_alone_gives_what_it_gives_among_all(records: list[Record]) -> None:
    # given the components by shared keys, each taken alone: what an incremental run loads
    crowded = crowded_keys(records, 5)
    by_id = {record.id: record for record in records}
    whole = partition(records, crowded=crowded)

    alone = [
        partition([by_id[each] for each in sorted(component)], crowded=crowded)
        for component in oracle(records)
    ]

    assert frozenset().union(*(part.groups for part in alone)) == whole.groups
    found = sorted(
        (clash.record_ids, clash.key_kind, clash.rule) for part in alone for clash in part.clashes
    )
    assert found == [(clash.record_ids, clash.key_kind, clash.rule) for clash in whole.clashes]
