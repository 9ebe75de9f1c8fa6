"""Relations of a large corp, drawn from a seed: any number of them, and no row in any table.

A relation is a number from 1; its member, its customer and everything else follow from it, and a member's
or a customer's relations can be told from theirs. What changes is kept as a row of that number
(``follows.keep``), which then stands for the drawn one.
"""

import json
import random
from bisect import bisect_right
from itertools import accumulate
from math import gcd
from typing import TYPE_CHECKING, Any

from wecom_sandbox.customers.dice import mixed
from wecom_sandbox.customers.people import People, Person

if TYPE_CHECKING:
    from wecom_sandbox.store import Store

META = "scale"
USERID = "guide{:04d}"
CUSTOMERS_OF_TEN = 7
"""Customers per ten relations: some follow two members, as in real shops."""
_FEWEST_MEMBERS = 8
_SPAN_SECONDS = 730 * 24 * 3600
_UNEVEN = (0.6, 1.4)
_ADD_WAYS = (1,) * 10 + (2, 3, 4, 6, 16, 1)
_QR_SCAN, _ACQUISITION = 1, 16
_TAGS_MOST = 3
_REMARKS = ("", "", "", "·复购", "·装修中", "·已到店")

Row = dict[str, Any]


class Drawn:
    """The relations of a corp of that many members.

    Args:
        people: everybody outside; at least ``customers_for(relations, members)``.
        seed: the same seed gives the same relations.
        members: how many members have customers; their userids are ``guide0001`` and on.
        relations: how many there are altogether.
        at: Unix seconds before which all were made.
        tag_ids: tags the members gave; "" for one deleted since.
    """

    def __init__(
        self, people: People, *, seed: int, members: int, relations: int, at: int,
        tag_ids: list[str],
    ) -> None:  # fmt: skip
        self.people, self.tag_ids = people, tag_ids
        self.members, self.relations = members, relations
        self.customers = customers_for(relations, members)
        self._at, self._salt = at, mixed(seed, 0)
        dice = random.Random(f"relations-{seed}")  # noqa: S311 - repeatable on purpose
        self._starts = _starts(dice, members, relations)
        self._step = self._choose_step(dice)
        self._back = pow(self._step, -1, relations) if relations > 1 else 0
        self._shift = dice.randrange(relations) if relations else 0

    def has(self, relation_id: int) -> bool:
        """Whether a relation of that number is drawn."""
        return 1 <= relation_id <= self.relations

    def of_member(self, userid: str) -> range:
        """The relations of a member; none for a userid that is not drawn."""
        digits = userid.lower().removeprefix("guide")
        number = int(digits) if digits.isdecimal() else 0
        if not 1 <= number <= self.members or USERID.format(number) != userid.lower():
            return range(0)
        return range(self._starts[number - 1] + 1, self._starts[number] + 1)

    def of_customer(self, index: int) -> list[int]:
        """The relations of the person of that number, ascending."""
        if not 0 <= index < self.customers:
            return []
        slots = range(index, self.relations, self.customers)
        return sorted((slot * self._step + self._shift) % self.relations + 1 for slot in slots)

    def customer(self, relation_id: int) -> int:
        """The number of the person of a relation."""
        slot = (relation_id - 1 - self._shift) * self._back % self.relations
        return slot % self.customers

    def userid(self, relation_id: int) -> str:
        """The member of a relation."""
        return USERID.format(bisect_right(self._starts, relation_id - 1))

    def external_userids(self, relation_ids: range) -> list[str]:
        """The customers of relations that follow each other."""
        step, customers, relations = self._back, self.customers, self.relations
        name, shift = self.people.external_userid, self._shift + 1
        return [name((one - shift) * step % relations % customers) for one in relation_ids]

    def createtime(self, relation_id: int) -> int:
        """When a relation was made."""
        return self._at - 1 - mixed(relation_id, self._salt) % _SPAN_SECONDS

    def row(self, relation_id: int) -> Row:
        """A relation with the columns of the table, and ``tag_ids``."""
        person = self.people.at(self.customer(relation_id))
        userid, dice = self.userid(relation_id), mixed(relation_id, self._salt)
        add_way = _ADD_WAYS[dice >> 60]
        by_customer = add_way in (_QR_SCAN, _ACQUISITION)
        return {
            "id": relation_id,
            "userid": userid,
            "person_id": person.id,
            "external_userid": person.external_userid,
            "status": "active",
            "createtime": self._at - 1 - dice % _SPAN_SECONDS,
            "ended_at": None,
            "state": f"shop-{(dice >> 8) % 300 + 1:03d}" if by_customer else "",
            "add_way": add_way,
            "config_id": "",
            "remark": f"{person.name[:12]}{_REMARKS[(dice >> 20) % len(_REMARKS)]}",
            "description": "",
            "remark_company": "",
            "remark_mobiles": _phones(person, dice),
            "oper_userid": person.external_userid if by_customer else userid,
            "tag_ids": self._tags(dice >> 32),
        }

    def forget_tag(self, tag_id: str) -> None:
        """A tag was deleted: it leaves every relation, and the others keep theirs."""
        self.tag_ids = ["" if one == tag_id else one for one in self.tag_ids]

    def _tags(self, dice: int) -> list[str]:
        count = len(self.tag_ids)
        if not count:
            return []
        picked = {
            self.tag_ids[(dice + turn * 7) % count]: None for turn in range(dice % (_TAGS_MOST + 1))
        }
        picked.pop("", None)
        return list(picked)

    def _choose_step(self, dice: random.Random) -> int:
        """A step over all relations that never gives one customer twice to one member."""
        largest = max(
            (b - a for a, b in zip(self._starts, self._starts[1:], strict=False)), default=0
        )
        copies = -(-self.relations // self.customers) if self.customers else 1
        while True:
            step = dice.randrange(1, self.relations) if self.relations > 1 else 1
            apart = [step * copy * self.customers % self.relations for copy in range(1, copies)]
            if gcd(step, max(self.relations, 1)) == 1 and all(
                largest < distance < self.relations - largest for distance in apart
            ):
                return step


def load(store: "Store", people: People) -> Drawn | None:
    """The drawn relations of a corp that was seeded (scale.py), or None."""
    wanted = store.get_meta(META)
    if wanted is None:
        return None
    present = {row["id"] for row in store.rows("SELECT id FROM tags")}
    return Drawn(
        people, seed=wanted["seed"], members=wanted["members"], relations=wanted["relations"],
        at=wanted["at"], tag_ids=[one if one in present else "" for one in wanted["tags"]],
    )  # fmt: skip


def customers_for(relations: int, members: int) -> int:
    """How many people the relations belong to; with few members everybody follows one only."""
    return relations if members < _FEWEST_MEMBERS else max(1, relations * CUSTOMERS_OF_TEN // 10)


def _starts(dice: random.Random, members: int, relations: int) -> list[int]:
    """Where each member's relations begin, and the end: some guides have many, some few."""
    weights = [dice.uniform(*_UNEVEN) for _ in range(members)]
    whole = sum(weights)
    return [0, *(round(part / whole * relations) for part in accumulate(weights))]


def _phones(person: Person, dice: int) -> str:
    """One in ten has the phone in his remark, as guides type it."""
    return json.dumps([person.phone]) if (dice >> 16) % 10 == 0 else "[]"
