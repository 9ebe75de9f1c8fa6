"""Members of the address book (docs 90195–90201, 96067, 91693)."""

from collections.abc import Sequence
from typing import Any

from scrm.wecom.api.base import Area, filled, now
from scrm.wecom.paging import Pages
from scrm.wecom.reading import items, number, text
from scrm.wecom.types import Member, MemberDepartment, MemberIdPage

LIST_ID_LIMIT = 10_000


class UserApi(Area):
    """Writes need the address-book secret. Fields are WeCom's own names (`mobile`, `department`, …)."""

    def create(self, userid: str, name: str, department: Sequence[int], **fields: Any) -> None:
        """Create a member; 60102 userid, 60104 phone, 60106 mail already there, 60129 both empty (doc 90195)."""
        self._write(
            "user/create",
            {"userid": userid, "name": name, "department": list(department), **filled(**fields)},
        )

    def update(self, userid: str, **fields: Any) -> None:
        """Change the given fields; the phone of an activated member is ignored without a word (doc 90197)."""
        self._write("user/update", {"userid": userid, **filled(**fields)})

    def delete(self, userid: str) -> None:
        """Delete a member for good; 60111 when there is none (doc 90198)."""
        self._write_get("user/delete", userid=userid)

    def get(self, userid: str) -> Member:
        """Return a member; fields the app may not read are None (doc 90196)."""
        started = now()
        return Member.read(self._read("user/get", userid=userid), started)

    def list_id(self, cursor: str = "", limit: int = LIST_ID_LIMIT) -> MemberIdPage:
        """Return a page of (member, department) pairs (doc 96067)."""
        started = now()
        data = self._query("user/list_id", filled(cursor=cursor or None, limit=limit))
        rows = tuple(
            MemberDepartment(text(row, "userid"), number(row, "department"))
            for row in items(data, "dept_user")
        )
        return MemberIdPage(rows, text(data, "next_cursor"), started)

    def list_all_ids(self, cursor: str = "") -> Pages[MemberIdPage]:
        """Walk every page of `list_id` (doc 96067), from the first one or from where an earlier walk stopped."""
        return Pages(self.list_id, "user/list_id", cursor=cursor)

    def list(self, department_id: int, *, fetch_child: bool = False) -> tuple[Member, ...]:
        """Return the details of a department's direct members (doc 90201)."""
        started = now()
        data = self._read("user/list", department_id=department_id, fetch_child=int(fetch_child))
        return tuple(Member.read(row, started) for row in items(data, "userlist"))

    def getuserid(self, mobile: str) -> str:
        """Return the userid of a phone; 46004 when nobody has it, 45009 after too many of those (doc 91693)."""
        return text(self._query("user/getuserid", {"mobile": mobile}), "userid")
