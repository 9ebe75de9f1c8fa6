"""What is left of an API today, and what a refused call was (wechat.md §4)."""

from collections.abc import Mapping
from typing import Any

from scrm.wechat.api.base import Area
from scrm.wechat.types import Quota
from scrm.wecom.reading import number, table


class QuotaApi(Area):
    """For the doctor and for people who look into a failure."""

    def get(self, cgi_path: str) -> Quota:
        """Return the day's limit, use and rest of a path such as `/cgi-bin/user/get`."""
        row = table(self._query("cgi-bin/openapi/quota/get", {"cgi_path": cgi_path}), "quota")
        return Quota(number(row, "daily_limit"), number(row, "used"), number(row, "remain"))

    def rid_get(self, rid: str) -> Mapping[str, Any]:
        """Return what WeChat kept of a refused call for seven days."""
        return table(self._query("cgi-bin/openapi/rid/get", {"rid": rid}), "request")
