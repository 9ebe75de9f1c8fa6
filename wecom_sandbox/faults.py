"""Faults to order: per endpoint or page, at a rate, a number of times, each with dice of its own from a seed."""

import itertools
import json
import random
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from waitress.channel import ClientDisconnected
from werkzeug.wrappers import Response

_HTML = (
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
Disconnect = Callable[[], None]


@dataclass
class Order:
    """What somebody asks for.

    Args:
        endpoint: pattern of API names (``user/*``) or of page paths (``/connect/*``, ``/phone/*``).
        kind: one of KINDS.
        value: real seconds for latency, stall and drip (for the whole answer); the code for errcode;
            the HTTP status for html, http_500 and body; the share of the body that arrives for truncated.
        rate: share of calls hit.
        count: how many calls it may still hit; None without end.
        after: for reset, stall, http_500, html, body and errcode: let the call take effect first.
        seed: begins the dice of this fault; equal orders then hit equal calls.
        spread: further seconds of latency at most, drawn for each call.
        text: what kind ``body`` answers instead of JSON.
        charset: how ``text`` is encoded.
    """

    endpoint: str = "*"
    kind: str = ""
    value: float | None = None
    rate: float = 1.0
    count: int | None = None
    after: bool = False
    seed: int = 1
    spread: float = 0.0
    text: str = ""
    charset: str = "utf-8"


@dataclass
class Fault(Order):
    """One fault in force, and how often it has hit."""

    id: int = 0
    hits: int = 0
    pause: float = 0.0


class Faults:
    """The list of faults; the first one whose pattern and dice say so hits a call."""

    def __init__(self) -> None:
        self._lock, self._serial = threading.Lock(), itertools.count(1)
        self._faults: list[tuple[Fault, random.Random]] = []

    def add(self, order: Order) -> Fault:
        """Put a fault in force; ValueError for an unknown kind, a rate outside 0..1, a code or charset missing."""
        if order.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if not 0 <= order.rate <= 1:
            raise ValueError("rate must be from 0 to 1")
        if order.kind == "errcode" and order.value is None:
            raise ValueError("errcode needs a value")
        try:
            order.text.encode(order.charset)
        except LookupError:
            raise ValueError(f"no charset {order.charset}") from None
        with self._lock:
            fault = Fault(**asdict(order), id=next(self._serial))
            dice = random.Random(order.seed)  # noqa: S311 - repeatable on purpose
            self._faults.append((fault, dice))
            return fault

    def pick(self, api: str) -> Fault | None:
        """The fault that hits this call, counted as a hit."""
        if not self._faults:
            return None
        with self._lock:
            for fault, dice in self._faults:
                if fault.count == 0 or not fnmatchcase(api, fault.endpoint):
                    continue
                if dice.random() < fault.rate:
                    fault.hits += 1
                    if fault.count is not None:
                        fault.count -= 1
                    fault.pause = dice.uniform(0.0, fault.spread)
                    return fault
        return None

    def clear(self) -> None:
        """No faults any more."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """All faults with their hits."""
        with self._lock:
            return [asdict(fault) for fault, _dice in self._faults]


def before_call(fault: Fault, disconnect: Disconnect) -> Response | None:
    """What a fault does before the call takes effect; an answer means that it never does.

    Args:
        fault: the fault that hit.
        disconnect: drops the connection with a reset; raises.
    """
    return None if fault.after else _instead(fault, disconnect)


def pause_of(fault: Fault | None) -> float:
    """Real seconds the call takes longer; an API's place among those under way (45033) is held for as long."""
    if fault is None or fault.kind != "latency":
        return 0.0
    return (1.0 if fault.value is None else fault.value) + fault.pause


def after_call(fault: Fault, answer: Response, disconnect: Disconnect) -> Response:
    """What a fault does to the answer of a call that took effect."""
    change = _CHANGES.get(fault.kind)
    if change is not None:
        return change(fault, answer)
    instead = _instead(fault, disconnect) if fault.after else None
    return instead or answer


def _instead(fault: Fault, disconnect: Disconnect) -> Response | None:
    """The answer that comes instead of the call's own; None for kinds that have none."""
    if fault.kind in _DROPS:
        if fault.kind == "stall":
            time.sleep(fault.value or 10.0)
        disconnect()
    give = _INSTEAD.get(fault.kind)
    return None if give is None else give(fault)


def _errcode(fault: Fault) -> Response:
    """An ordered error code in WeCom's shape."""
    body = {"errcode": int(fault.value or -1), "errmsg": "ordered by a fault of the sandbox"}
    return Response(json.dumps(body), mimetype="application/json")


def _html(fault: Fault) -> Response:
    return Response(_HTML, status=int(fault.value or 200), mimetype="text/html")


def _http_error(fault: Fault) -> Response:
    return Response("upstream error", status=int(fault.value or 500), mimetype="text/plain")


def _body(fault: Fault) -> Response:
    content = fault.text.encode(fault.charset, "replace")
    return Response(content, status=int(fault.value or 200), mimetype="application/json")


def _truncated(fault: Fault, answer: Response) -> Response:
    body = answer.get_data()
    share = 0.5 if fault.value is None else fault.value
    cut = Response(_pieces(body[: int(len(body) * share)]), mimetype=answer.mimetype)
    # The promised length stays: the server closes the connection when too little follows.
    cut.content_length = len(body)
    return cut


def _pieces(body: bytes) -> Iterable[bytes]:
    yield body


def _drip(fault: Fault, answer: Response) -> Response:
    body = answer.get_data()
    dripping = Response(_drops_of(body, fault.value or 5.0), mimetype=answer.mimetype)
    dripping.content_length = len(body)
    return dripping


def _drops_of(body: bytes, seconds: float) -> Iterator[bytes]:
    pause = seconds / max(1, len(body))
    for index in range(len(body)):
        yield body[index : index + 1]
        time.sleep(pause)


_DROPS = ("stall", "reset")
_INSTEAD: dict[str, Callable[[Fault], Response]] = {
    "html": _html,
    "http_500": _http_error,
    "errcode": _errcode,
    "body": _body,
}
_CHANGES: dict[str, Callable[[Fault, Response], Response]] = {
    "truncated": _truncated,
    "drip": _drip,
}
KINDS = ("latency", *_DROPS, *_CHANGES, *_INSTEAD)


def disconnector(environ: dict[str, Any]) -> Disconnect:
    """A function that drops the caller's TCP connection with a reset.

    The server's worker may not close a socket its main loop polls: linger 0 makes the main loop's own
    close a reset, and ClientDisconnected makes it close without an answer.
    """
    probe = environ.get("waitress.client_disconnected")
    channel = getattr(probe, "__self__", None)

    def disconnect() -> None:
        if channel is not None:
            linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger {1, 0}
            channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        raise ClientDisconnected

    return disconnect
