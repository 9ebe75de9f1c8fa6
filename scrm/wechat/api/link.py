"""Ways into the mini program (wechat.md §15): codes with a scene, schemes, URL links, short links."""

from datetime import datetime
from typing import Any
from urllib.parse import quote

from scrm.wechat.api.base import Area, filled
from scrm.wechat.types import LinkInfo
from scrm.wecom.reading import Row, moment, number, table, text

LONGEST_DAYS = 30
MOST_OWN = 256


class LinkApi(Area):
    """500,000 schemes and URL links a day together: make one a campaign and hang the customer on it as `cq`."""

    def getwxacodeunlimit(
        self, scene: str, page: str = "", *, width: int = 430, check_path: bool = True
    ) -> bytes:
        """Return the picture of a code; `scene` has 1 to 32 of WeChat's characters, `page` no leading slash."""
        data = filled(scene=scene, page=page or None, width=width, check_path=check_path)
        return self._client.picture("wxa/getwxacodeunlimit", data)

    def generatescheme(self, path: str = "", query: str = "", *, until: datetime | int = 30) -> str:
        """Return a `weixin://` address; `until` is a moment or a number of days, 30 at most."""
        jump = filled(path=path or None, query=query or None)
        # A body without is_expire was once refused.
        data = {"jump_wxa": jump, "is_expire": True} | _expiry(until)
        return text(self._query("wxa/generatescheme", data), "openlink")

    def generate_urllink(self, path: str = "", query: str = "", *, until: datetime | int = 30) -> str:  # fmt: skip
        """Return a web address that opens the mini program (url-link); `until` as for schemes."""
        data = filled(path=path or None, query=query or None) | _expiry(until)
        return text(self._query("wxa/generate_urllink", data), "url_link")

    def with_own_parameter(self, url_link: str, value: str) -> str:
        """Return a URL link with our own parameter; the page reads it as `query.cq`. ValueError over 256 characters."""
        own = quote(value, safe="")
        if len(own) > MOST_OWN:
            raise ValueError(f"the parameter has more than {MOST_OWN} characters")
        return f"{url_link}{'&' if '?' in url_link else '?'}cq={own}"

    def genwxashortlink(self, page_url: str, title: str = "", *, permanent: bool = False) -> str:
        """Return a short link (shortlink) for chats within WeChat; for e-commerce accounts only (43104)."""
        data = filled(page_url=page_url, page_title=title or None, is_permanent=permanent)
        return text(self._query("wxa/genwxashortlink", data), "link")

    def queryscheme(self, scheme: str) -> LinkInfo:
        """Return what a scheme is."""
        data = self._query("wxa/queryscheme", {"scheme": scheme})
        return _info(data, "scheme_info")

    def query_urllink(self, url_link: str) -> LinkInfo:
        """Return what a URL link is."""
        data = self._query("wxa/query_urllink", {"url_link": url_link})
        return _info(data, "url_link_info")


def _expiry(until: datetime | int) -> dict[str, Any]:
    if isinstance(until, datetime):
        return {"expire_type": 0, "expire_time": int(until.timestamp())}
    return {"expire_type": 1, "expire_interval": until}


def _info(data: Row, name: str) -> LinkInfo:
    row = table(data, name)
    return LinkInfo(
        path=text(row, "path"),
        query=text(row, "query"),
        create_time=moment(row, "create_time"),
        expire_time=moment(row, "expire_time"),
        remain_visit_quota=number(table(data, "quota_info"), "remain_visit_quota"),
    )
