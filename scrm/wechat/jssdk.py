"""Tickets and signatures for pages in WeChat's browser (wechat.md §8)."""

import time

from scrm.wechat.api.base import Area
from scrm.wechat.errors import WeChatRetryable
from scrm.wecom.deadline import Deadline
from scrm.wecom.jssdk import JsSignature, sign
from scrm.wecom.ports import Token
from scrm.wecom.reading import number, text

_TICKET = "cgi-bin/ticket/getticket"


class JsApi(Area):
    """One ticket of 7200 s an account, kept like a token: WeChat gives few of them."""

    def ticket(self) -> str:
        """Return the service account's ticket (`wx.config`)."""
        return self._client.credential("jsapi", self._fetch, _TICKET)

    def signature(self, url: str) -> JsSignature:
        """Sign a page's own address as the browser shows it, with its query and without its fragment."""
        return sign(self.ticket(), url)

    def _fetch(self, deadline: Deadline) -> Token:
        started = time.time()
        data = self._client.call("GET", _TICKET, params={"type": "jsapi"}, deadline=deadline)
        ticket = text(data, "ticket")
        if not ticket:
            raise WeChatRetryable(None, "the answer has no ticket", _TICKET, retry_after=5.0)
        return Token(ticket, started + number(data, "expires_in", 7200), started)
