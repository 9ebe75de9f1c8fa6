"""`WeComClient`: wechatpy's client idiom over our own tokens, transport and errors (ADR-0004).

wechatpy as it stands recurses for ever on a lasting 42001, has no timeout on gettoken, asks for one token a
thread, returns HTML as success and puts the secret into exception texts. So it lends the shape only:
`client.contact_way.add(…)`, each area a `BaseWeChatAPI` subclass.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from wechatpy.work import WeChatClient

from scrm.wecom.api.acquisition import AcquisitionApi
from scrm.wecom.api.agent import AgentApi
from scrm.wecom.api.batch import BatchApi
from scrm.wecom.api.contact_way import ContactWayApi
from scrm.wecom.api.corp_tag import CorpTagApi
from scrm.wecom.api.department import DepartmentApi
from scrm.wecom.api.external_contact import ExternalContactApi
from scrm.wecom.api.group_chat import GroupChatApi
from scrm.wecom.api.group_welcome import GroupWelcomeApi
from scrm.wecom.api.media import MediaApi
from scrm.wecom.api.message import MessageApi
from scrm.wecom.api.tag import TagApi
from scrm.wecom.api.user import UserApi
from scrm.wecom.api.welcome import WelcomeApi
from scrm.wecom.deadline import TOTAL_SECONDS, Deadline
from scrm.wecom.errors import (
    TOKEN_CODES,
    WeComAuth,
    WeComError,
    WeComRetryable,
)
from scrm.wecom.jssdk import JsApi
from scrm.wecom.limits import DEFAULT_PER_MINUTE
from scrm.wecom.local import LocalPlaces
from scrm.wecom.oauth import OAuthApi
from scrm.wecom.ports import LANES, Lock, Places, RateBucket, Token, TokenStore
from scrm.wecom.secret import Secret, secrets_in
from scrm.wecom.tokens import TokenSource, lasting
from scrm.wecom.transport import Answer, Exchange, Files, Transport, decoded, encoded, refused
from scrm.wecom.turns import Turns

DEFAULT_API_BASE = "https://qyapi.weixin.qq.com"
DEFAULT_OAUTH_BASE = "https://open.weixin.qq.com"
DEFAULT_LOGIN_BASE = "https://login.work.weixin.qq.com"
# Tokens one call may try after its first; each was refused by WeCom before the next one is asked for.
MOST_RENEWALS = 3

logger = logging.getLogger(__name__)
T = TypeVar("T")


class WeComClient(WeChatClient):  # type: ignore[misc]  # wechatpy has no types
    """One app's (one secret's) way to WeCom, in one lane.

    Args: `api_base` without `/cgi-bin`; `lane` is welcome, event or sync; `per_minute` is our share of WeCom's
    10,000 calls a minute per API. Clients of one secret share `transport` and, by the store, tokens.
    """

    acquisition = AcquisitionApi()
    agent = AgentApi()
    department = DepartmentApi()
    user = UserApi()
    batch = BatchApi()
    external_contact = ExternalContactApi()
    contact_way = ContactWayApi()
    corp_tag = CorpTagApi()
    group_chat = GroupChatApi()
    group_welcome = GroupWelcomeApi()
    tag = TagApi()
    welcome = WelcomeApi()
    media = MediaApi()
    message = MessageApi()
    oauth = OAuthApi()
    jsapi = JsApi()

    def __init__(
        self,
        corp_id: str,
        secret: str,
        *,
        agent_id: int = 0,
        api_base: str = DEFAULT_API_BASE,
        tokens: TokenStore,
        lock: Lock,
        bucket: RateBucket,
        places: Places | None = None,
        lane: str = "event",
        per_minute: int = DEFAULT_PER_MINUTE,
        transport: Transport | None = None,
        sources: dict[str, TokenSource] | None = None,
        oauth_base: str = DEFAULT_OAUTH_BASE,
        login_base: str = DEFAULT_LOGIN_BASE,
    ) -> None:
        if lane not in LANES:
            raise ValueError(f"lane must be one of {LANES}")
        super().__init__(corp_id, Secret(secret), auto_retry=False)
        self.agent_id = agent_id
        self.lane = lane
        self.api_base = api_base.rstrip("/")
        self.oauth_base = oauth_base.rstrip("/")
        self.login_base = login_base.rstrip("/")
        self._tokens = tokens
        self._lock = lock
        self._bucket = bucket
        self._places = LocalPlaces() if places is None else places
        self._per_minute = per_minute
        self._turns = Turns(bucket, self._places, corp_id, lane, per_minute)
        self._transport = transport or Transport()
        self._sources: dict[str, TokenSource] = {} if sources is None else sources

    def in_lane(self, lane: str) -> "WeComClient":
        """Return a client of the same secret, connections and tokens in another lane."""
        return WeComClient(
            self.corp_id,
            self.secret,
            agent_id=self.agent_id,
            api_base=self.api_base,
            tokens=self._tokens,
            lock=self._lock,
            bucket=self._bucket,
            places=self._places,
            lane=lane,
            per_minute=self._per_minute,
            transport=self._transport,
            sources=self._sources,
            oauth_base=self.oauth_base,
            login_base=self.login_base,
        )

    def __repr__(self) -> str:
        """Name corp, app and lane, never the secret."""
        return f"<WeComClient {self.corp_id} agent {self.agent_id} lane {self.lane}>"

    @property
    def access_token(self) -> str:
        """The living token of this secret."""
        return self._token_source().current(Deadline())

    def fetch_access_token(self) -> dict[str, Any]:
        """Make sure there is a token (wechatpy's seam); it fetches only when there is none."""
        return {"access_token": self.access_token}

    def source(self, name: str, fetch: Callable[[Deadline], Token], *parts: str) -> TokenSource:
        """Return the shared source of a credential (token, ticket) named by `name` and `parts`."""
        text = "\n".join([name, self.api_base, self.corp_id, *parts])
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
        files: Files | None = None,
        write: bool = False,
        seconds: float = TOTAL_SECONDS,
        deadline: Deadline | None = None,
    ) -> dict[str, Any]:
        """Call an endpoint (`externalcontact/get`) and return WeCom's JSON object with errcode 0.

        Raises a WeComError of the class that says what to do; it is over within `seconds`.
        """
        exchange = self._exchange(method, endpoint, params, data, files, write=write)
        return self._timed(exchange, deadline or Deadline(seconds), self._json)

    def download(
        self, endpoint: str, *, params: dict[str, Any], seconds: float = TOTAL_SECONDS
    ) -> bytes:
        """Fetch a file of WeCom's; a JSON answer instead of a file is its error."""
        exchange = self._exchange("GET", endpoint, params, None, None, write=False)
        return self._timed(exchange, Deadline(seconds), self._file)

    def fetch_public(self, url: str, *, name: str) -> bytes:
        """Fetch a picture WeCom gave the address of, without a token; raises WeComRetryable."""
        exchange = Exchange("GET", url, name, {})
        answer = self._transport.exchange(exchange, Deadline())
        if answer.status != 200:
            raise WeComRetryable(None, f"HTTP {answer.status}", name, retry_after=5.0)
        return answer.content

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        """Serve wechatpy's own areas (`client.get`, `client.post`) over our transport."""
        processor = kwargs.pop("result_processor", None)
        body = kwargs.get("data") or kwargs.get("json")
        result = self.call(
            method.upper(),
            url_or_endpoint,
            params=kwargs.get("params"),
            data=body if isinstance(body, dict) else None,
            files=kwargs.get("files"),
            write=method.lower() == "post",
        )
        return processor(result) if processor else result

    def _exchange(
        self,
        method: str,
        endpoint: str,
        params: dict[str, Any] | None,
        data: dict[str, Any] | None,
        files: Files | None,
        *,
        write: bool,
    ) -> Exchange:
        query = {
            # A Secret stays one.
            name: value if isinstance(value, str) else str(value)
            for name, value in (params or {}).items()
            if value not in (None, "")
        }
        body = encoded(data, endpoint) if data is not None else None
        url = f"{self.api_base}/cgi-bin/{endpoint}"
        return Exchange(method, url, endpoint, query, body, files, write, secrets_in(data))

    def _timed(
        self, exchange: Exchange, deadline: Deadline, run: Callable[[Exchange, Deadline], T]
    ) -> T:
        started = time.monotonic()
        try:
            result = run(exchange, deadline)
        except WeComError as failure:
            spent = (time.monotonic() - started) * 1000
            logger.warning(
                "wecom.call.failed endpoint=%s lane=%s errcode=%s class=%s ms=%.0f cause=%s link=%s",
                exchange.endpoint, self.lane, failure.errcode, failure.kind, spent,
                failure.hint.cause(), failure.link,
            )  # fmt: skip
            raise
        except TimeoutError:
            late = True
        else:
            late = False
            logger.debug(
                "wecom.call endpoint=%s ms=%.0f",
                exchange.endpoint,
                (time.monotonic() - started) * 1000,
            )
        if late:  # outside of the except block: no context to leak
            raise WeComRetryable(
                None, "time is over before the call was sent", exchange.endpoint, retry_after=2.0
            )
        return result

    def _json(self, exchange: Exchange, deadline: Deadline) -> dict[str, Any]:
        def attempt(call: Exchange) -> dict[str, Any]:
            return decoded(call, self._transport.exchange(call, deadline))

        return self._with_token(exchange, deadline, attempt)

    def _file(self, exchange: Exchange, deadline: Deadline) -> bytes:
        answers: list[Answer] = []

        def attempt(call: Exchange) -> dict[str, Any]:
            answer = self._transport.exchange(call, deadline)
            if (
                answer.status == 200
                and "json" not in answer.headers.get("content-type", "").lower()
            ):
                answers.append(answer)
                return {"errcode": 0}
            return decoded(call, answer)

        self._with_token(exchange, deadline, attempt)
        return answers[-1].content if answers else b""

    def _with_token(
        self, exchange: Exchange, deadline: Deadline, attempt: Callable[[Exchange], dict[str, Any]]
    ) -> dict[str, Any]:
        """Call with the token; renew it when WeCom refuses it, until one got for this very call is refused too.

        Another process's token may have been revoked as well before anybody used it: that costs one more round.
        """
        began = time.time()
        source = self._token_source()
        token = source.token(deadline)
        for renewals in range(MOST_RENEWALS + 1):
            data = self._with(token, exchange, deadline, attempt)
            fresh = renewals > 0 and token.fetched_at >= began
            if data["errcode"] not in TOKEN_CODES or fresh or renewals == MOST_RENEWALS:
                break
            token = source.replace(token.value, deadline)
        if data["errcode"] == 0:
            return data
        failure = refused(exchange, data)
        if isinstance(failure, WeComAuth) and data["errcode"] in TOKEN_CODES:
            source.give_up(failure)
        raise failure

    def _with(
        self,
        token: Token,
        exchange: Exchange,
        deadline: Deadline,
        attempt: Callable[[Exchange], dict[str, Any]],
    ) -> dict[str, Any]:
        call = replace(exchange, params={**exchange.params, "access_token": token.value})
        return self._turns.run(
            exchange.endpoint, deadline, lambda: attempt(call), write=exchange.write
        )

    def _token_source(self) -> TokenSource:
        return self.source("token", self._get_token, self.secret)

    def _get_token(self, deadline: Deadline) -> Token:
        """Ask for a token (doc 91039)."""
        exchange = self._exchange(
            "GET",
            "gettoken",
            {"corpid": self.corp_id, "corpsecret": self.secret},
            None,
            None,
            write=False,
        )
        started = time.time()
        # A token serves all lanes.
        turns = Turns(self._bucket, self._places, self.corp_id, "welcome", self._per_minute)
        data = turns.run("gettoken", deadline, lambda: self._transport.json(exchange, deadline))
        if data["errcode"] != 0:
            raise refused(exchange, data)
        value = data.get("access_token")
        if not isinstance(value, str) or not value:
            raise WeComRetryable(None, "gettoken gave no token", "gettoken", retry_after=5.0)
        token = lasting(value, data.get("expires_in"), started)
        logger.info(
            "wecom.token.fetched corp=%s agent=%s expires_in=%.0f",
            self.corp_id,
            self.agent_id,
            token.expires_at - started,
        )
        return token
