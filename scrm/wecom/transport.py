"""One HTTP exchange with WeCom: bounded in time and size, strict about JSON, silent about secrets.

Every failure leaves here as a WeComError that is raised outside of any `except` block, so that no exception
of requests (whose text holds the address with its secrets) hangs on it as a context.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import orjson
import requests

from scrm.wecom.deadline import (
    CONNECT_SECONDS,
    READ_SECONDS,
    UPLOAD_SECONDS,
    Deadline,
    DeadlineAdapter,
    within,
)
from scrm.wecom.errors import (
    BUSY_CODE,
    WeComError,
    WeComPermanent,
    WeComRetryable,
    WeComUnknownOutcome,
    error_for,
)
from scrm.wecom.scrub import scrub, scrub_http_logs
from scrm.wecom.secret import Secret, secrets_in

MAX_ANSWER = 32 * 1024 * 1024
_CHUNK = 64 * 1024

# Form field to (file name, bytes, media type).
Files = Mapping[str, tuple[str, bytes, str]]

scrub_http_logs()


@dataclass(frozen=True)
class Exchange:
    """What to send. `endpoint` is the name used in texts; `write` tells whether an unanswered call may have acted."""

    method: str
    url: str
    endpoint: str
    params: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    files: Files | None = field(default=None, repr=False)
    write: bool = False
    # What the body holds in confidence: taken out of the answer's words.
    secrets: tuple[Secret, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Answer:
    """What came back, whole; header names are lower-case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class _Failure:
    reason: str
    sent: bool


class _Session(requests.Session):
    """A session that never looks where a redirect leads: no such answer is WeCom's, and its bytes may be anything."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Go nowhere."""
        return None


class Transport:
    """Sends exchanges over kept connections; safe to share between threads."""

    def __init__(self) -> None:
        self._session = _Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = DeadlineAdapter()
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def exchange(self, call: Exchange, deadline: Deadline) -> Answer:
        """Send and read the whole answer; raises WeComRetryable or, for writes, WeComUnknownOutcome."""
        outcome = self._attempt(call, deadline)
        if isinstance(outcome, Answer):
            return outcome
        raise unanswered(call, outcome.reason, sent=outcome.sent)

    def json(self, call: Exchange, deadline: Deadline) -> dict[str, Any]:
        """Send and return the answer's JSON object with its whole-number `errcode`."""
        return decoded(call, self.exchange(call, deadline))

    def _attempt(self, call: Exchange, deadline: Deadline) -> Answer | _Failure:
        with within(deadline, silence=UPLOAD_SECONDS if call.files else READ_SECONDS) as course:
            try:
                return self._send(call)
            except requests.RequestException as failure:
                reason = _cause(failure).__class__.__name__
            except TimeoutError:
                reason = "time is over"
            except (OSError, ValueError) as failure:
                reason = failure.__class__.__name__
        return _Failure(reason, sent=course.sent)

    def _send(self, call: Exchange) -> Answer | _Failure:
        headers = {"Content-Type": "application/json"} if call.body is not None else {}
        with self._session.request(
            call.method,
            call.url,
            params=dict(call.params),
            data=call.body,
            files=dict(call.files) if call.files else None,
            headers=headers,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            stream=True,
        ) as response:
            content = bytearray()
            for chunk in response.iter_content(_CHUNK):
                content += chunk
                if len(content) > MAX_ANSWER:
                    return _Failure("answer too large", sent=True)
            names = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, names, bytes(content))


def _cause(failure: requests.RequestException) -> BaseException:
    """Return the innermost reason requests wrapped."""
    reason: BaseException = failure
    while True:
        inner = getattr(reason, "reason", None) or (reason.args[0] if reason.args else None)
        if not isinstance(inner, BaseException):
            return reason
        reason = inner


def unanswered(call: Exchange, reason: str, *, sent: bool) -> WeComError:
    """Return the error of a call without a usable answer."""
    if call.write and sent:
        return WeComUnknownOutcome(None, reason, call.endpoint)
    return WeComRetryable(None, reason, call.endpoint, retry_after=5.0)


def refused(call: Exchange, data: Mapping[str, Any]) -> WeComError:
    """Return the error of an answer with an errcode: a write WeCom was too busy for may have been done."""
    errcode, errmsg = data["errcode"], str(data.get("errmsg", ""))
    if call.write and errcode == BUSY_CODE:
        general = WeComUnknownOutcome(None, errmsg, call.endpoint)
        return WeComUnknownOutcome(errcode, errmsg, call.endpoint, general.hint)
    return error_for(errcode, errmsg, call.endpoint)


def encoded(data: Mapping[str, Any], endpoint: str) -> bytes:
    """Return the JSON of a request; raises WeComPermanent for what has none, such as half of a character."""
    try:
        return orjson.dumps(data)
    except TypeError:
        pass
    raise WeComPermanent(None, "the request holds something that JSON cannot say", endpoint)


def decoded(call: Exchange, answer: Answer, *, errcode: int | None = None) -> dict[str, Any]:
    """Return the JSON object of an answer; anything else is no answer of WeCom's (proxy page, cut-off body).

    `errcode` is what an answer without one means; WeCom's always has one, WeChat's success has none.
    """
    if answer.status != 200:
        raise unanswered(call, f"HTTP {answer.status}", sent=answer.status != 429)
    data = _parse(answer.content)
    if not isinstance(data, dict):
        raise unanswered(call, "the answer is not a JSON object", sent=True)
    code = data.setdefault("errcode", errcode)
    if not isinstance(code, int) or isinstance(code, bool):
        raise unanswered(call, "the answer has no errcode", sent=True)
    if code:
        data["errmsg"] = without_secrets(str(data.get("errmsg", "")), call)
    return data


def without_secrets(errmsg: str, call: Exchange) -> str:
    """Return the answer's words without what we sent in confidence: they may quote that."""
    # The longest first: one may begin with another.
    for value in sorted((*secrets_in(call.params), *call.secrets), key=len, reverse=True):
        errmsg = errmsg.replace(value, "***")
    return scrub(errmsg)


def _parse(content: bytes) -> Any:
    """Parse strictly; only raw control characters inside texts are let through (customers' names hold them)."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(content.decode("utf-8"), strict=False)
    except (ValueError, RecursionError):
        return None
