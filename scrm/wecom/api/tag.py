"""Tags of the address book: members, not customers (docs 90210-90216)."""

from collections.abc import Sequence

from scrm.wecom.api.base import Area, filled
from scrm.wecom.errors import WeComPermanent
from scrm.wecom.reading import items, number, text
from scrm.wecom.types import DirectoryTag


class TagApi(Area):
    """A new tag is locked to the app that made it; the address-book secret writes those it made."""

    def create(self, name: str, *, tag_id: int | None = None) -> int:
        """Create a tag and return its id; 40071 name taken, 40072 id taken (doc 90210)."""
        return number(self._write("tag/create", filled(tagname=name, tagid=tag_id)), "tagid")

    def list(self) -> tuple[DirectoryTag, ...]:
        """Return all tags the app may see (doc 90216)."""
        rows = items(self._read("tag/list"), "taglist")
        return tuple(DirectoryTag(number(row, "tagid"), text(row, "tagname")) for row in rows)

    def get(self, tag_id: int) -> tuple[str, ...]:
        """Return the userids with a tag; 40068 when there is none (doc 90213)."""
        rows = items(self._read("tag/get", tagid=tag_id), "userlist")
        return tuple(text(row, "userid") for row in rows)

    def add_users(self, tag_id: int, userids: Sequence[str]) -> None:
        """Give at most 1,000 members a tag; again is no error (doc 90214).

        WeCom answers 0 for a partial failure; here a member it refuses raises WeComPermanent.
        """
        self._members("tag/addtagusers", tag_id, userids)

    def del_users(self, tag_id: int, userids: Sequence[str]) -> None:
        """Take a tag from at most 1,000 members (doc 90215); one who does not have it is no error."""
        self._members("tag/deltagusers", tag_id, userids)

    def _members(self, endpoint: str, tag_id: int, userids: Sequence[str]) -> None:
        data = self._write(endpoint, {"tagid": tag_id, "userlist": list(userids)})
        refused = str(data.get("invalidlist") or "")
        if refused:
            raise WeComPermanent(40070, f"invalid userids: {refused.count('|') + 1}", endpoint)
