"""`WeChatClient`: one account's way to api.weixin.qq.com (wechat.md §4, §5).

Tokens come from stable_token, so that other systems of the same account do not end ours, and are shared over all
processes as WeCom's are. A forced refresh is never asked for: there are 20 a day, and each ends the others' tokens.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scrm.wechat.api.custom import CustomApi
from scrm.wechat.api.link import LinkApi
from scrm.wechat.api.menu import MenuApi
from scrm.wechat.api.oauth import OAuthApi
from scrm.wechat.api.program import ProgramApi
from scrm.wechat.api.qrcode import QrCodeApi
from scrm.wechat.api.quota import QuotaApi
from scrm.wechat.api.subscribe import SubscribeApi
from scrm.wechat.api.tag import TagApi
from scrm.wechat.api.template import TemplateApi
from scrm.wechat.api.user import UserApi
from scrm.wechat.errors import (
    BUSY_CODE,
    DAY_CODE,
    MINUTE_CODE,
    TOKEN_CODES,
    WeChatAuth,
    WeChatError,
    WeChatPermanent,
    WeChatPermission,
    WeChatQuota,
    WeChatRetryable,
    WeChatUnknownOutcome,
    as_wechat,
    error_for,
    hint_for,
)
from scrm.wechat.jssdk import JsApi
from scrm.wechat.limits import DAY_REST, MINUTE_REST, bucket_of
from scrm.wecom.deadline import TOTAL_SECONDS, Deadline
from scrm.wecom.errors import WeComError
from scrm.wecom.ports import LANES, Lock, RateBucket, Token, TokenStore
from scrm.wecom.secret import Secret, secrets_in
from scrm.wecom.tokens import TokenSource, lasting
from scrm.wecom.transport import Answer, Exchange, Transport, decoded, encoded, unanswered

DEFAULT_API_BASE = "https://api.weixin.qq.com"
DEFAULT_OAUTH_BASE = "https://open.weixin.qq.com"
DEFAULT_MP_BASE = "https://mp.weixin.qq.com"
PATIENCE_SECONDS = 1.0
TOKEN_ENDPOINT = "cgi-bin/stable_token"  # noqa: S105 - an address
_LATE = "time is over before the call was sent"

logger = logging.getLogger(__name__)


class WeChatClient:
    """One account (service account or mini program), in one lane.

    Args: `api_base` without a path of the API; `lane` is welcome, event or sync. Clients of one account share
    `transport`, `sources` and, by the store, tokens.
    """

    def __init__(
        self,
        appid: str,
        secret: str,
        *,
        api_base: str = DEFAULT_API_BASE,
        oauth_base: str = DEFAULT_OAUTH_BASE,
        mp_base: str = DEFAULT_MP_BASE,
        tokens: TokenStore,
        lock: Lock,
        bucket: RateBucket,
        lane: str = "event",
        transport: Transport | None = None,
        sources: dict[str, TokenSource] | None = None,
    ) -> None:
        if lane not in LANES:
            raise ValueError(f"lane must be one of {LANES}")
        self.appid, self.lane = appid, lane
        self.secret = Secret(secret)
        self.api_base, self.oauth_base = api_base.rstrip("/"), oauth_base.rstrip("/")
        self.mp_base = mp_base.rstrip("/")
        self._tokens, self._lock, self._bucket = tokens, lock, bucket
        self._transport = transport or Transport()
        self._sources: dict[str, TokenSource] = {} if sources is None else sources
        self.oauth, self.jsapi = OAuthApi(self), JsApi(self)
        self.user, self.tag, self.menu = UserApi(self), TagApi(self), MenuApi(self)
        self.template, self.subscribe, self.custom = TemplateApi(self), SubscribeApi(self), CustomApi(self)  # fmt: skip
        self.qrcode, self.link, self.program = QrCodeApi(self), LinkApi(self), ProgramApi(self)
        self.quota = QuotaApi(self)

    def __repr__(self) -> str:
        """Name account and lane, never the secret."""
        return f"<WeChatClient {self.appid} lane {self.lane}>"

    def in_lane(self, lane: str) -> "WeChatClient":
        """Return a client of the same account, connections and tokens in another lane."""
        return WeChatClient(
            self.appid,
            self.secret,
            api_base=self.api_base,
            oauth_base=self.oauth_base,
            mp_base=self.mp_base,
            tokens=self._tokens,
            lock=self._lock,
            bucket=self._bucket,
            lane=lane,
            transport=self._transport,
            sources=self._sources,
        )

    @property
    def access_token(self) -> str:
        """The living token of this account (getStableAccessToken)."""
        return self.credential("token", self._fetch_token, TOKEN_ENDPOINT)

    def credential(self, name: str, fetch: Callable[[Deadline], Token], endpoint: str) -> str:
        """Return the living credential of a source; raises a WeChatError."""
        failure: WeComError
        try:
            return self.source(name, fetch).current(Deadline())
        except WeComError as caught:
            failure = as_wechat(caught, endpoint)
        except TimeoutError:
            failure = WeChatRetryable(None, _LATE, endpoint, retry_after=2.0)
        raise failure

    def source(self, name: str, fetch: Callable[[Deadline], Token]) -> TokenSource:
        """Return the shared source of a credential (`token`, a ticket) of this account."""
        text = "\n".join(["wechat", name, self.api_base, self.appid, self.secret])
        key = hashlib.sha256(text.encode()).hexdigest()
        found = self._sources.get(key)
        if found is None:
            found = self._sources.setdefault(key, TokenSource(key, self._tokens, self._lock, fetch))
        return found

    def call(
        self,
        method: str,
        endpoint: str,
        *,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        write: bool = False,
        token: bool = True,
        deadline: Deadline | None = None,
    ) -> dict[str, Any]:
        """Call an endpoint (`cgi-bin/user/info`) and return WeChat's JSON object of a success.

        `token` False is for sns/*, which takes credentials of its own. Raises a WeChatError; over within 8 s.
        """
        exchange = self._exchange(method, endpoint, params, data, write=write)
        return self._timed(exchange, token, deadline, _read)

    def picture(self, endpoint: str, data: dict[str, Any]) -> bytes:
        """Make a picture (`wxa/getwxacodeunlimit`); a JSON answer instead is its error."""
        exchange = self._exchange("POST", endpoint, None, data, write=False)
        return bytes(self._timed(exchange, True, None, _read_picture)["picture"])

    def _exchange(
        self,
        method: str,
        endpoint: str,
        params: dict[str, Any] | None,
        data: dict[str, Any] | None,
        *,
        write: bool,
    ) -> Exchange:
        query = {
            name: value if isinstance(value, str) else str(value)
            for name, value in (params or {}).items()
            if value not in (None, "")
        }
        url, failure = f"{self.api_base}/{endpoint}", None
        try:
            # UTF-8 as it is: WeChat refuses escaped characters (40033).
            body = encoded(data, endpoint) if data is not None else None
        except WeComError as caught:
            failure = as_wechat(caught, endpoint)
        if failure is not None:
            raise failure
        return Exchange(method, url, endpoint, query, body, write=write, secrets=secrets_in(data))

    def _timed(
        self,
        exchange: Exchange,
        token: bool,  # noqa: FBT001 - private
        deadline: Deadline | None,
        read: Callable[[Exchange, Answer], dict[str, Any]],
    ) -> dict[str, Any]:
        started = time.monotonic()
        end = deadline or Deadline(TOTAL_SECONDS)
        failure: WeComError
        try:
            return (
                self._with_token(exchange, end, read) if token else self._once(exchange, end, read)
            )
        except WeComError as caught:
            failure = as_wechat(caught, exchange.endpoint)
        except TimeoutError:
            failure = WeChatRetryable(None, _LATE, exchange.endpoint, retry_after=2.0)
        logger.warning(
            "wechat.call.failed endpoint=%s lane=%s errcode=%s class=%s ms=%.0f rid=%s",
            exchange.endpoint, self.lane, failure.errcode, failure.kind,
            (time.monotonic() - started) * 1000, _rid(failure.errmsg),
        )  # fmt: skip
        # Outside of the except block: no context to leak.
        raise failure

    def _with_token(
        self,
        exchange: Exchange,
        deadline: Deadline,
        read: Callable[[Exchange, Answer], dict[str, Any]],
    ) -> dict[str, Any]:
        """Call with the token; renew it once, and only once, when WeChat refuses it."""
        source = self.source("token", self._fetch_token)
        token = source.token(deadline)
        refusal = self._try(exchange, token, deadline, read)
        if isinstance(refusal, WeChatAuth) and refusal.errcode in TOKEN_CODES:
            token = source.replace(token.value, deadline)
            refusal = self._try(exchange, token, deadline, read)
        if isinstance(refusal, dict):
            return refusal
        if refusal.errcode in TOKEN_CODES:
            source.give_up(refusal)
        raise refusal

    def _try(
        self,
        exchange: Exchange,
        token: Token,
        deadline: Deadline,
        read: Callable[[Exchange, Answer], dict[str, Any]],
    ) -> dict[str, Any] | WeComError:
        call = replace(exchange, params={**exchange.params, "access_token": token.value})
        try:
            return self._once(call, deadline, read)
        except WeChatAuth as refusal:
            return refusal

    def _once(
        self,
        exchange: Exchange,
        deadline: Deadline,
        read: Callable[[Exchange, Answer], dict[str, Any]],
    ) -> dict[str, Any]:
        key, limits = bucket_of(self.appid, exchange.endpoint)
        over = Deadline(deadline.left(PATIENCE_SECONDS))
        while wait := self._bucket.take(key, self.lane, limits):
            if not over.covers(wait):
                words = "our own rate for this API is used up"
                raise WeChatQuota(None, words, exchange.endpoint, retry_after=max(wait, 1.0))
            time.sleep(wait)
        try:
            answer = read(exchange, self._transport.exchange(exchange, deadline))
        except WeChatError as refusal:
            self._noted(key, refusal)
            raise
        self._bucket.clear(key)
        return answer

    def _noted(self, key: str, refusal: WeChatError) -> None:
        """Hold an API back whose quota is used up; a refusal of the call itself shows that it is not."""
        if refusal.errcode == MINUTE_CODE:
            self._bucket.block(key, MINUTE_REST)
        elif refusal.errcode == DAY_CODE:
            self._bucket.block(key, DAY_REST)
        elif isinstance(refusal, WeChatPermanent | WeChatPermission):
            self._bucket.clear(key)

    def _fetch_token(self, deadline: Deadline) -> Token:
        """Ask for the stable token (getStableAccessToken), never by force."""
        data = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
        exchange = self._exchange("POST", TOKEN_ENDPOINT, None, data, write=False)
        started = time.time()
        answer = _read(exchange, self._transport.exchange(exchange, deadline))
        value, life = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(value, str) or not value or not isinstance(life, int):
            raise WeChatRetryable(None, "the answer has no token", TOKEN_ENDPOINT, retry_after=5.0)
        logger.info("wechat.token.fetched appid=%s expires_in=%s", self.appid, life)
        return lasting(value, life, started)


def _read(call: Exchange, answer: Answer) -> dict[str, Any]:
    """Return the JSON object of a success: no errcode, or 0."""
    data = decoded(call, answer, errcode=0)
    if data["errcode"] == BUSY_CODE and call.write:
        # WeChat does not say how far it came.
        raise WeChatUnknownOutcome(
            BUSY_CODE, data["errmsg"], call.endpoint, hint_for(None, "unknown")
        )
    if data["errcode"]:
        raise error_for(data["errcode"], data["errmsg"], call.endpoint)
    return data


def _read_picture(call: Exchange, answer: Answer) -> dict[str, Any]:
    is_text = answer.content.lstrip()[:1] in (b"{", b"<", b"")
    if answer.status == 200 and not is_text:
        return {"picture": answer.content}
    _read(call, answer)
    raise unanswered(call, "the answer is no picture", sent=True)


def _rid(errmsg: str) -> str:
    """WeChat's id of a refused call, for rid/get; "-" without one."""
    return errmsg.rpartition("rid: ")[2] if "rid: " in errmsg else "-"
