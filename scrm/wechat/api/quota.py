"""What is left of an API today, and what a refused call was (wechat.md §4)."""

from scrm.wechat.api.base import Area
from scrm.wechat.types import Quota, RefusedCall
from scrm.wecom.reading import moment, number, table, text
from scrm.wecom.scrub import scrub


class QuotaApi(Area):
    """For the doctor and for people who look into a failure."""

    def get(self, cgi_path: str) -> Quota:
        """Return the day's limit, use and rest of a path such as `/cgi-bin/user/get`."""
        row = table(self._query("cgi-bin/openapi/quota/get", {"cgi_path": cgi_path}), "quota")
        return Quota(number(row, "daily_limit"), number(row, "used"), number(row, "remain"))

    def rid_get(self, rid: str) -> RefusedCall:
        """Return what WeChat kept of a refused call for seven days."""
        row = table(self._query("cgi-bin/openapi/rid/get", {"rid": rid}), "request")
        return RefusedCall(
            invoke_time=moment(row, "invoke_time"),
            cost_in_ms=number(row, "cost_in_ms"),
            # The address holds the token of then.
            request_url=scrub(text(row, "request_url")),
            client_ip=text(row, "client_ip"),
            request_body=text(row, "request_body"),
            response_body=text(row, "response_body"),
        )
