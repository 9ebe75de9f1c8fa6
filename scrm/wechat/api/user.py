"""Followers of the service account (wechat.md §11)."""

from collections.abc import Sequence
from datetime import datetime

from scrm.wechat.api.base import Area, now
from scrm.wechat.types import Follower, FollowerPage
from scrm.wecom.paging import Pages
from scrm.wecom.reading import (
    Row,
    flag,
    items,
    moment,
    number,
    numbers,
    optional,
    table,
    text,
    texts,
)

MOST_AT_ONCE = 100
_LIST = "cgi-bin/user/get"


class UserApi(Area):
    """There are no names and pictures here since 2021: those come by web OAuth's consent."""

    def get(self, next_openid: str = "") -> FollowerPage:
        """Return up to 10,000 openids after one (500 calls a day); the last page's cursor is empty."""
        data = self._read(_LIST, next_openid=next_openid)
        openids = tuple(texts(table(data, "data"), "openid"))
        # The last page repeats its last openid as cursor; the next one would be empty.
        following = text(data, "next_openid") if openids else ""
        return FollowerPage(number(data, "total"), openids, following)

    def pages(self, next_openid: str = "") -> Pages[FollowerPage]:
        """Walk all followers; the walk's `cursor` is where a later one goes on."""
        return Pages(self.get, _LIST, cursor=next_openid)

    def info(self, openid: str) -> Follower:
        """Return one person; 40003 for an openid of another account."""
        observed = now()
        return _follower(self._read("cgi-bin/user/info", openid=openid, lang="zh_CN"), observed)

    def info_batchget(self, openids: Sequence[str]) -> tuple[Follower, ...]:
        """Return up to 100 persons in their order."""
        observed = now()
        wished = [{"openid": openid, "lang": "zh_CN"} for openid in openids]
        data = self._query("cgi-bin/user/info/batchget", {"user_list": wished})
        return tuple(_follower(row, observed) for row in items(data, "user_info_list"))

    def updateremark(self, openid: str, remark: str) -> None:
        """Give a follower a name of our own, under 30 characters."""
        self._write("cgi-bin/user/info/updateremark", {"openid": openid, "remark": remark})


def _follower(row: Row, observed: datetime) -> Follower:
    return Follower(
        openid=text(row, "openid"),
        subscribe=flag(row, "subscribe"),
        unionid=optional(row, "unionid"),
        subscribe_time=moment(row, "subscribe_time"),
        subscribe_scene=text(row, "subscribe_scene"),
        remark=text(row, "remark"),
        tagid_list=tuple(numbers(row, "tagid_list")),
        qr_scene=number(row, "qr_scene"),
        qr_scene_str=text(row, "qr_scene_str"),
        observed_at=observed,
    )
