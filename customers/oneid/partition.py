"""Who is one human? A pure function of records, their keys and human decisions.

Records that share a strong key are one person, unless that would put two unionids, two active CRM members or
more records than one human has on one person. Keys are applied level by level, strongest first. At each level the groups the keys
would make are looked at whole: a group that breaks the rule gets none of this level's edges and is reported
as a conflict; every other group is joined. A level sees only sets, so the order in which records arrive
cannot matter, and a set of records closed under shared keys gives the same groups alone as among all others.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from uuid import UUID

CONTACT, MEMBER = "contact", "member"
UNIONID, EXTERNAL_USERID, MEMBER_NO = "unionid", "external_userid", "member_no"
PHONE, ID_CARD = "phone", "id_card"
STRONG_KINDS = (UNIONID, EXTERNAL_USERID, MEMBER_NO, ID_CARD, PHONE)
# Humans lend these to each other; the others are given out by a system, one to a human.
LENT_KINDS = frozenset({PHONE, ID_CARD})
TWO_UNIONIDS, TWO_MEMBERS, KEPT_APART = "two_unionids", "two_members", "kept_apart"
TOO_LARGE = "too_large"

Key = tuple[str, str]
Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Limits:
    """More records than `degree` with one phone or ID card: a store's, a test's, nobody's identity.

    More than `records` on one person is nobody either.
    """

    degree: int = 5
    records: int = 30


USUAL = Limits()


@dataclass(frozen=True, slots=True)
class Record:
    """An identity record. `keys` are (kind, value); a blank value joins nothing.

    `is_active_member` is whether it is a CRM member that is not closed.
    """

    id: UUID
    kind: str
    keys: frozenset[tuple[str, str]] = frozenset()
    is_active_member: bool = False

    @property
    def unionids(self) -> frozenset[str]:
        """Return its unionid, if it has one."""
        return frozenset(value for kind, value in self.keys if kind == UNIONID and value)


@dataclass(frozen=True, slots=True)
class Clash:
    """A group that was not joined: the rule it broke, the key kind, the blocks that stay apart."""

    rule: str
    key_kind: str
    blocks: tuple[tuple[UUID, ...], ...]

    @property
    def record_ids(self) -> tuple[UUID, ...]:
        """Return all its records, sorted."""
        return tuple(sorted(each for block in self.blocks for each in block))

    @property
    def fingerprint(self) -> str:
        """Return the same text for the same clash, however it came about."""
        parts = [self.rule, self.key_kind, *("+".join(map(str, block)) for block in self.blocks)]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why records are together: a key kind, and the records it tied."""

    key_kind: str
    record_ids: tuple[UUID, ...]


@dataclass(frozen=True)
class Partition:
    """Groups of records, each one person; clashes for a human; and the ties that made each group."""

    groups: frozenset[frozenset[UUID]]
    clashes: tuple[Clash, ...]
    ties: tuple[Evidence, ...]


class Blocks:
    """Union-find over record ids; the smallest id of a block stands for it."""

    def __init__(self, ids: Iterable[UUID]) -> None:
        self.parent: dict[UUID, UUID] = {each: each for each in ids}

    def find(self, item: UUID) -> UUID:
        """Return who stands for the item's block."""
        root = item
        while self.parent[root] != root:
            root = self.parent[root]
        while self.parent[item] != root:
            self.parent[item], item = root, self.parent[item]
        return root

    def join(self, left: UUID, right: UUID) -> None:
        """Make two blocks one."""
        first, second = sorted((self.find(left), self.find(right)))
        self.parent[second] = first

    def groups(self) -> dict[UUID, list[UUID]]:
        """Return the blocks by who stands for them, members sorted."""
        found: dict[UUID, list[UUID]] = {}
        for item in sorted(self.parent):
            found.setdefault(self.find(item), []).append(item)
        return found


@dataclass(frozen=True)
class Level:
    """One kind of key, over the records it is allowed to tie at this level."""

    key_kind: str
    ties: Callable[[Record], bool] = field(default=lambda record: True)


LEVELS = (
    # Two contacts with one unionid are one human, whatever the members of that unionid are fighting about.
    Level(UNIONID, lambda record: record.kind == CONTACT),
    Level(UNIONID),
    Level(EXTERNAL_USERID),
    Level(MEMBER_NO),
    Level(ID_CARD),
    Level(PHONE),
)


def partition(
    records: Sequence[Record],
    *,
    together: Iterable[Pair] = (),
    apart: Iterable[Pair] = (),
    crowded: frozenset[Key] | None = None,
    limits: Limits = USUAL,
) -> Partition:
    """Return the persons among these records.

    together and apart are human decisions in force on pairs of records. A human may join what the rule
    forbids: the unionids, members and records so joined then count as one. crowded are the keys that tie
    nobody (None: the phones and ID cards that more than `limits.degree` of these records share).
    """
    if crowded is None:
        crowded = crowded_keys(records, limits.degree)
    work = _Work(records, together, apart, crowded, limits.records)
    for level in LEVELS:
        work.apply(level)
    return work.result()


def crowded_keys(records: Iterable[Record], limit: int) -> frozenset[Key]:
    """Return the phones and ID cards that more than `limit` records share."""
    counts: dict[Key, int] = {}
    for record in records:
        for key in record.keys:
            if key[0] in LENT_KINDS and key[1]:
                counts[key] = counts.get(key, 0) + 1
    return frozenset(key for key, count in counts.items() if count > limit)


class _Work:
    """One run over a set of records."""

    def __init__(
        self,
        records: Sequence[Record],
        together: Iterable[Pair],
        apart: Iterable[Pair],
        crowded: frozenset[Key],
        most_records: int,
    ) -> None:
        self.records = {record.id: record for record in records}
        self.crowded, self.most_records = crowded, most_records
        self.blocks = Blocks(self.records)
        self.clashes: list[Clash] = []
        self.ties: list[Evidence] = []
        self.apart: dict[UUID, set[UUID]] = {}
        for left, right in apart:
            if left in self.records and right in self.records:
                self.apart.setdefault(left, set()).add(right)
                self.apart.setdefault(right, set()).add(left)
        for left, right in sorted(together):
            if left in self.records and right in self.records:
                self.blocks.join(left, right)
                self.ties.append(Evidence("human", (left, right)))
        self.same_unionid, self.same_record = self._joined_by_humans()

    def _joined_by_humans(self) -> tuple[dict[str, str], dict[UUID, UUID]]:
        """Return which unionids and which records a human declared to be one."""
        unionids: dict[str, str] = {}
        same: dict[UUID, UUID] = {}
        for root, ids in self.blocks.groups().items():
            for record_id in ids:
                record = self.records[record_id]
                same[record_id] = root
                for unionid in record.unionids:
                    _alias(
                        unionids,
                        unionid,
                        min(each for other in ids for each in self.records[other].unionids),
                    )
        return unionids, same

    def apply(self, level: Level) -> None:
        """Join what this level's keys tie, group by group, where the rule allows it."""
        edges = self._edges(level)
        trial = Blocks({self.blocks.find(each) for _value, ids in edges for each in ids})
        for _value, ids in edges:
            for other in ids[1:]:
                trial.join(self.blocks.find(ids[0]), self.blocks.find(other))
        by_root: dict[UUID, list[tuple[str, list[UUID]]]] = {}
        for value, ids in edges:
            by_root.setdefault(trial.find(self.blocks.find(ids[0])), []).append((value, ids))
        candidates = {root: blocks for root, blocks in trial.groups().items() if len(blocks) > 1}
        members = self._members_of({block for blocks in candidates.values() for block in blocks})
        for root, blocks in candidates.items():
            rule = self._broken_rule([each for block in blocks for each in members[block]])
            if rule:
                whole = sorted(tuple(members[block]) for block in blocks)
                self.clashes.append(Clash(rule, level.key_kind, tuple(whole)))
                continue
            for block in blocks[1:]:
                self.blocks.join(blocks[0], block)
            self.ties += [Evidence(level.key_kind, tuple(ids)) for _value, ids in by_root[root]]

    def _members_of(self, blocks: set[UUID]) -> dict[UUID, list[UUID]]:
        found: dict[UUID, list[UUID]] = {block: [] for block in blocks}
        if found:
            for record_id in sorted(self.records):
                block = self.blocks.find(record_id)
                if block in found:
                    found[block].append(record_id)
        return found

    def _edges(self, level: Level) -> list[tuple[str, list[UUID]]]:
        """Return by value the records it ties; a value whose records a human told apart ties parts of them."""
        by_value: dict[str, list[UUID]] = {}
        for record in self.records.values():
            if not level.ties(record):
                continue
            for kind, value in record.keys:
                if kind == level.key_kind and value and (kind, value) not in self.crowded:
                    by_value.setdefault(value, []).append(record.id)
        edges: list[tuple[str, list[UUID]]] = []
        for value, ids in sorted(by_value.items()):
            edges += [(value, part) for part in self._parts(sorted(ids)) if len(part) > 1]
        return edges

    def _parts(self, ids: list[UUID]) -> list[list[UUID]]:
        """Split the records of one value along the pairs told apart."""
        if not any(each in self.apart for each in ids):
            return [ids]
        pieces = Blocks(ids)
        for left, right in combinations(ids, 2):
            if right not in self.apart.get(left, ()):
                pieces.join(left, right)
        return list(pieces.groups().values())

    def _broken_rule(self, ids: Sequence[UUID]) -> str:
        together = set(ids)
        if any(self.apart.get(each, set()) & together for each in ids):
            return KEPT_APART
        unionids = {
            _root(self.same_unionid, value) for each in ids for value in self.records[each].unionids
        }
        if len(unionids) > 1:
            return TWO_UNIONIDS
        members = {self.same_record[each] for each in ids if self.records[each].is_active_member}
        if len(members) > 1:
            return TWO_MEMBERS
        return (
            TOO_LARGE if len({self.same_record[each] for each in ids}) > self.most_records else ""
        )

    def result(self) -> Partition:
        """Return the groups, clashes and ties in one order."""
        groups = frozenset(frozenset(ids) for ids in self.blocks.groups().values())
        clashes = tuple(
            sorted(self.clashes, key=lambda clash: (clash.record_ids, clash.key_kind, clash.rule))
        )
        ties = tuple(sorted(set(self.ties), key=lambda tie: (tie.record_ids, tie.key_kind)))
        return Partition(groups, clashes, ties)


def _root(alias: Mapping[str, str], value: str) -> str:
    while alias.get(value, value) != value:
        value = alias[value]
    return value


def _alias(alias: dict[str, str], value: str, other: str) -> None:
    first, second = sorted((_root(alias, value), _root(alias, other)))
    alias[second] = first
