"""20,000 rows of the retailer's member system, and the persons they must become."""

import io
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openpyxl import Workbook

from scrm.demo.names import names, person_name

MEMBERS = 20_000
# How many members each kind of tie gets.
BY_UNIONID, BY_EXTERNAL_USERID, CHAINS = 120, 30, 40
RETURNED, CLAIMED_TWICE, SHARED_UNVERIFIED, NOT_YET_FRIENDS = 500, 20, 300, 1_000
FIELDS = ("member_no", "name", "phone", "phone_verified", "unionid", "external_userid", "state", "level", "store_code",
          "joined_on")  # fmt: skip


@dataclass
class MemberSet:
    """Rows by field name, and what OneID must make of them.

    `groups` are the persons with more than one record; a record is "m:<member_no>" or
    "c:<external_userid>". `conflicts` counts pairs that a human must decide.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    groups: set[frozenset[str]] = field(default_factory=set)
    conflicts: int = 0


@dataclass(frozen=True)
class Customer:
    """A person of the simulator who has added a guide."""

    external_userid: str
    unionid: str
    phone: str


class _Maker:
    """Makes rows one by one; phones are given out once."""

    def __init__(self, store_codes: Sequence[str], taken_phones: set[str]) -> None:
        self.set = MemberSet()
        self.store_codes = store_codes
        self.phones = self._free_phones(taken_phones)

    @staticmethod
    def _free_phones(taken: set[str]) -> Iterator[str]:
        for number in range(100_000_000):
            phone = f"136{(number * 7_919_009) % 100_000_000:08d}"
            if phone not in taken:
                yield phone

    def row(
        self, *, phone: str = "", verified: bool = False, active: bool = True, **ids: str
    ) -> str:
        """Add one member and return its label."""
        number = len(self.set.rows)
        member_no = f"VIP{number:08d}"
        self.set.rows.append(
            {
                "member_no": member_no,
                "name": person_name(number),
                "phone": phone or next(self.phones),
                "phone_verified": verified,
                "unionid": ids.get("unionid", ""),
                "external_userid": ids.get("external_userid", ""),
                "state": "active" if active else "closed",
                "level": names()["members"]["levels"][number % 3],
                "store_code": self.store_codes[number % len(self.store_codes)],
                "joined_on": f"20{20 + number % 6}-{1 + number % 12:02d}-{1 + number % 28:02d}",
            }
        )
        return f"m:{member_no}"

    def together(self, *labels: str) -> None:
        """Expect these records to be one person."""
        self.set.groups.add(frozenset(labels))


def make_members(
    customers: Sequence[Customer],
    strangers: Sequence[Mapping[str, str]],
    store_codes: Sequence[str],
) -> MemberSet:
    """Return 20,000 members; `customers` have added a guide, `strangers` (unionid, phone) have not.

    Needs 150 customers and 1,000 strangers. The same input gives the same rows.
    """
    maker = _Maker(
        store_codes, {c.phone[-11:] for c in customers} | {s["phone"][-11:] for s in strangers}
    )
    for number, customer in enumerate(customers[:BY_UNIONID]):
        phone = customer.phone[-11:]
        labels = [
            f"c:{customer.external_userid}",
            maker.row(phone=phone, verified=True, unionid=customer.unionid),
        ]
        if number < CHAINS:
            # A closed card under the same verified phone: tied to the customer only over the new card.
            labels.append(maker.row(phone=phone, verified=True, active=False))
        maker.together(*labels)
    for customer in customers[BY_UNIONID : BY_UNIONID + BY_EXTERNAL_USERID]:
        label = maker.row(external_userid=customer.external_userid)
        maker.together(f"c:{customer.external_userid}", label)
    _phone_pairs(maker)
    for stranger in strangers[:NOT_YET_FRIENDS]:
        maker.row(phone=stranger["phone"][-11:], unionid=stranger["unionid"])
    while len(maker.set.rows) < MEMBERS:
        maker.row(verified=len(maker.set.rows) % 2 == 0)
    random.Random(20261121).shuffle(maker.set.rows)  # noqa: S311 - order only
    return maker.set


def _phone_pairs(maker: _Maker) -> None:
    for _ in range(RETURNED):
        phone = next(maker.phones)
        maker.together(
            maker.row(phone=phone, verified=True),
            maker.row(phone=phone, verified=True, active=False),
        )
    for _ in range(CLAIMED_TWICE):
        phone = next(maker.phones)
        maker.row(phone=phone, verified=True)
        maker.row(phone=phone, verified=True)
        maker.set.conflicts += 1
    for _ in range(SHARED_UNVERIFIED):
        phone = next(maker.phones)
        maker.row(phone=phone)
        maker.row(phone=phone)


def to_workbook(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the rows as the XLSX a member system exports, with its own words."""
    words = names()["members"]
    said = {
        True: words["yes"],
        False: words["no"],
        "active": words["active"],
        "closed": words["closed"],
    }
    book = Workbook(write_only=True)
    sheet = book.create_sheet("1")
    sheet.append(words["headers"])
    for row in rows:
        sheet.append([said.get(row[name], row[name]) for name in FIELDS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
