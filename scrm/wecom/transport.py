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
from urllib3.exceptions import (
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)

from scrm.wecom.deadline import CONNECT_SECONDS, READ_SECONDS, Deadline, DeadlineAdapter, within
from scrm.wecom.errors import WeComError, WeComRetryable, WeComUnknownOutcome
from scrm.wecom.scrub import scrub, scrub_http_logs
from scrm.wecom.secret import Secret

MAX_ANSWER = 32 * 1024 * 1024
_CHUNK = 64 * 1024
_NOT_SENT = (ConnectTimeoutError, NameResolutionError, NewConnectionError, ProxyError)

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


class Transport:
    """Sends exchanges over kept connections; safe to share between threads."""

    def __init__(self) -> None:
        self._session = requests.Session()
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
        try:
            with within(deadline):
                return self._send(call)
        except requests.RequestException as failure:
            sent = not isinstance(_cause(failure), _NOT_SENT)
            return _Failure(f"{_cause(failure).__class__.__name__}", sent=sent)
        except TimeoutError:
            return _Failure("time is over", sent=True)
        except OSError as failure:
            return _Failure(failure.__class__.__name__, sent=True)

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


def decoded(call: Exchange, answer: Answer) -> dict[str, Any]:
    """Return the JSON object of an answer; anything else is no answer of WeCom's (proxy page, cut-off body)."""
    if answer.status != 200:
        raise unanswered(call, f"HTTP {answer.status}", sent=answer.status != 429)
    data = _parse(answer.content)
    if not isinstance(data, dict):
        raise unanswered(call, "the answer is not a JSON object", sent=True)
    errcode = data.get("errcode")
    if not isinstance(errcode, int) or isinstance(errcode, bool):
        raise unanswered(call, "the answer has no errcode", sent=True)
    if errcode:
        data["errmsg"] = _without_secrets(str(data.get("errmsg", "")), call)
    return data


def _without_secrets(errmsg: str, call: Exchange) -> str:
    """Return WeCom's words without what we sent it in confidence: it may quote that."""
    for value in call.params.values():
        if isinstance(value, Secret) and value:
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
