"""Finds the account an employee has already; pure. Sure matches are taken over, doubtful ones are decided by a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count

from contacts.directory.models import Member
from contacts.oa_sync.mirror import MemberState, MirrorState
from contacts.oa_sync.models import OaAdoption
from contacts.oa_sync.rows import EmployeeRow

How = OaAdoption.How
# WeCom's userids have 64 characters at most; the rest is for a number behind.
USERID_STEM = 58


@dataclass(frozen=True)
class Known:
    """What people decided and what WeCom said of phones; userids are lower-cased.

    same: job number → account; other: pairs that are two people; phones: job number → account.
    """

    same: Mapping[str, str] = field(default_factory=dict)
    other: frozenset[tuple[str, str]] = frozenset()
    phones: Mapping[str, str] = field(default_factory=dict)


NOTHING_KNOWN = Known()


@dataclass(frozen=True)
class Doubt:
    """An account that may be an employee's; no second one is made while nobody decided."""

    row: EmployeeRow
    member: MemberState
    how: str


@dataclass(frozen=True)
class Found:
    """The account of an employee, how it was found, and the doubts where it is not sure.

    `userid` is what a new account is called where there is neither.
    """

    member: MemberState | None = None
    how: str = ""
    doubts: tuple[Doubt, ...] = ()
    userid: str = ""


class Adopter:
    """Looks for accounts in one mirror; every account is given to one employee only.

    `reserved` are the userids the rule gives to somebody: nobody else gets them.
    """

    def __init__(
        self,
        mirror: MirrorState,
        known: Known,
        department_ids: Mapping[str, int | None],
        reserved: frozenset[str],
    ) -> None:
        self._mirror, self._known, self._ids = mirror, known, department_ids
        self._claimed: set[str] = set()
        self._promised = set(reserved)
        self._named: dict[tuple[str, int], list[MemberState]] = {}
        self.free = {
            folded: member
            for folded, member in mirror.members.items()
            if not member.managed and member.status != Member.Status.LEFT
        }
        for member in self.free.values():
            for department_id in member.department_ids:
                self._named.setdefault((member.name, department_id), []).append(member)

    def find(self, row: EmployeeRow) -> Found:
        """Return an employee's account, or why it is not sure."""
        tied = self._mirror.by_job_number.get(row.job_number)
        if tied is not None and tied.status != Member.Status.LEFT:
            return Found(tied)
        decided = self.free.get(self._known.same.get(row.job_number, ""))
        if decided is not None:
            return self._given(row, decided, How.DECIDED)
        return (
            self._by_rule(row) or self._by_phone(row) or self._by_name(row) or self._by_number(row)
        )

    def _given(self, row: EmployeeRow, member: MemberState, how: str) -> Found:
        folded = member.userid.lower()
        if folded in self._claimed:
            return Found(doubts=(Doubt(row, member, how),))
        self._claimed.add(folded)
        return Found(member, how)

    def _by_rule(self, row: EmployeeRow) -> Found | None:
        """Find by userid; another name, a hidden one and another employee's account are never written over unasked."""
        member = self._mirror.members.get(row.userid)
        if member is None or member.status == Member.Status.LEFT or self._refused(row, row.userid):
            return None
        foreign = member.managed and member.job_number not in ("", row.job_number)
        by_phone = self._known.phones.get(row.job_number) == row.userid
        if not foreign and (by_phone or member.name == row.name):
            return self._given(row, member, How.USERID)
        return Found(doubts=(Doubt(row, member, How.USERID),))

    def _by_phone(self, row: EmployeeRow) -> Found | None:
        folded = self._known.phones.get(row.job_number, "")
        member = self.free.get(folded)
        if member is None or self._refused(row, folded):
            return None
        # The phone speaks for somebody whose name WeCom does not show, not against another name.
        if member.name in ("", row.name):
            return self._given(row, member, How.PHONE)
        return Found(doubts=(Doubt(row, member, How.PHONE),))

    def _by_name(self, row: EmployeeRow) -> Found | None:
        department_id = self._ids.get(row.department_code)
        namesakes = self._named.get((row.name, department_id), []) if department_id else []
        doubts = tuple(
            Doubt(row, member, How.NAME)
            for member in namesakes
            if not self._refused(row, member.userid.lower())
            and member.userid.lower() not in self._claimed
        )
        return Found(doubts=doubts) if doubts else None

    def _by_number(self, row: EmployeeRow) -> Found:
        """Name a new account: by the rule or, where that is somebody else's, with the next free number behind."""
        if self._may_be_new(row, row.userid):
            return Found(userid=row.userid)
        numbers = count(2)
        while True:
            userid = f"{row.userid[:USERID_STEM]}-{next(numbers)}"
            if userid in self._promised:
                continue
            if self._may_be_new(row, userid):
                self._promised.add(userid)
                return Found(userid=userid)
            member = self.free.get(userid)
            if member is not None and not self._refused(row, userid):
                return Found(doubts=(Doubt(row, member, How.USERID),))

    def _may_be_new(self, row: EmployeeRow, userid: str) -> bool:
        """Return whether nobody else has, or had, an account of this userid."""
        member = self._mirror.members.get(userid)
        if member is None:
            return True
        own = member.job_number in ("", row.job_number) and not self._refused(row, userid)
        return own and member.status == Member.Status.LEFT

    def _refused(self, row: EmployeeRow, userid: str) -> bool:
        """Return whether a person said that this account is somebody else's."""
        return (row.job_number, userid) in self._known.other


def phones_to_ask(rows: Iterable[EmployeeRow], adopter: Adopter) -> list[EmployeeRow]:
    """Return whose phone may settle whether an account is there: doubtful ones first, none where no account is free."""
    if not adopter.free:
        return []
    found = [(adopter.find(row), row) for row in rows if row.phone]
    open_ones = [(each, row) for each, row in found if each.member is None]
    return [row for each, row in sorted(open_ones, key=lambda pair: not pair[0].doubts)]
