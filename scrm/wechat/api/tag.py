"""Tags of followers (wechat.md §13): 100 an account, 20 a person."""

from collections.abc import Sequence

from scrm.wechat.api.base import Area
from scrm.wechat.types import FanTag
from scrm.wecom.reading import Row, items, number, numbers, table, text


class TagApi(Area):
    """Ids 0 to 2 are WeChat's own."""

    def create(self, name: str) -> FanTag:
        """Make a tag (45056 for the 101st, 45157 for a name that is taken)."""
        return _tag(table(self._write("cgi-bin/tags/create", {"tag": {"name": name}}), "tag"))

    def get(self) -> tuple[FanTag, ...]:
        """Return all tags."""
        return tuple(_tag(row) for row in items(self._read("cgi-bin/tags/get"), "tags"))

    def update(self, tag_id: int, name: str) -> None:
        """Rename a tag."""
        self._write("cgi-bin/tags/update", {"tag": {"id": tag_id, "name": name}})

    def delete(self, tag_id: int) -> None:
        """Delete a tag (45057 with more than 100,000 fans)."""
        self._write("cgi-bin/tags/delete", {"tag": {"id": tag_id}})

    def members_batchtagging(self, tag_id: int, openids: Sequence[str]) -> None:
        """Tag up to 50 followers."""
        data = {"openid_list": list(openids), "tagid": tag_id}
        self._write("cgi-bin/tags/members/batchtagging", data)

    def members_batchuntagging(self, tag_id: int, openids: Sequence[str]) -> None:
        """Take a tag from up to 50 followers."""
        data = {"openid_list": list(openids), "tagid": tag_id}
        self._write("cgi-bin/tags/members/batchuntagging", data)

    def getidlist(self, openid: str) -> tuple[int, ...]:
        """Return the tags of a follower."""
        return tuple(
            numbers(self._query("cgi-bin/tags/getidlist", {"openid": openid}), "tagid_list")
        )


def _tag(row: Row) -> FanTag:
    return FanTag(number(row, "id"), text(row, "name"), number(row, "count"))
