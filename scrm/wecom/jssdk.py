"""Tickets and signatures for pages in WeCom's browser (doc 90506)."""

import hashlib
import secrets
import time
from dataclasses import dataclass

from scrm.wecom.api.base import Area
from scrm.wecom.deadline import Deadline
from scrm.wecom.errors import WeComRetryable
from scrm.wecom.ports import Token
from scrm.wecom.reading import number, text
from scrm.wecom.tokens import DEFAULT_LIFE, lasting


@dataclass(frozen=True)
class JsSignature:
    """What `ww.register` wants back for one page address."""

    timestamp: int
    nonce: str
    signature: str


def sign(
    ticket: str, url: str, *, nonce: str | None = None, timestamp: int | None = None
) -> JsSignature:
    """Sign a page's address (with its query, without its fragment) by a ticket (doc 90506)."""
    nonce = nonce or secrets.token_hex(8)
    timestamp = timestamp or int(time.time())
    page = url.split("#", 1)[0]
    plain = f"jsapi_ticket={ticket}&noncestr={nonce}&timestamp={timestamp}&url={page}"
    # SHA-1 is what WeCom's SDK checks.
    return JsSignature(
        timestamp, nonce, hashlib.sha1(plain.encode(), usedforsecurity=False).hexdigest()
    )


class JsApi(Area):
    """Two tickets of 7200 s, at most 100 fetches an hour an app: kept like tokens, over all processes."""

    def ticket(self) -> str:
        """Return the corp's ticket (`wx.config`, getConfigSignature; doc 90506)."""
        return self._client.source("jsapi", self._fetch_corp).current(Deadline())

    def agent_ticket(self) -> str:
        """Return the app's ticket (`wx.agentConfig`, getAgentConfigSignature; doc 90506)."""
        return self._client.source("agent", self._fetch_agent, self._client.secret).current(
            Deadline()
        )

    def config_signature(self, url: str) -> JsSignature:
        """Sign a page address for the corp's APIs."""
        return sign(self.ticket(), url)

    def agent_signature(self, url: str) -> JsSignature:
        """Sign a page address for the app's APIs."""
        return sign(self.agent_ticket(), url)

    def _fetch_corp(self, deadline: Deadline) -> Token:
        return self._fetch("get_jsapi_ticket", {}, deadline)

    def _fetch_agent(self, deadline: Deadline) -> Token:
        return self._fetch("ticket/get", {"type": "agent_config"}, deadline)

    def _fetch(self, endpoint: str, params: dict[str, str], deadline: Deadline) -> Token:
        started = time.time()
        data = self._client.call("GET", endpoint, params=params, deadline=deadline)
        ticket = text(data, "ticket")
        if not ticket:
            raise WeComRetryable(None, "the answer has no ticket", endpoint, retry_after=5.0)
        return lasting(ticket, number(data, "expires_in", DEFAULT_LIFE), started)
