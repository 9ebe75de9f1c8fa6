"""Faults to order: per endpoint, at a rate, a number of times, from a seed."""

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

KINDS = ("latency", "stall", "drip", "reset", "truncated", "html", "http_500", "errcode")
_HTML = (
    "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)
Disconnect = Callable[[], None]


@dataclass
class Fault:
    """One fault in force.

    Args:
        endpoint: pattern of API names (``user/*``) or of page paths (``/connect/*``).
        kind: one of KINDS.
        value: real seconds for latency, stall and drip (for the whole answer); the code for errcode;
            the HTTP status for html and http_500; the share of the body that arrives for truncated.
        rate: share of calls hit.
        count: how many calls it may still hit; None without end.
        after: for reset, stall and errcode: also let the call take effect first.
    """

    id: int
    endpoint: str
    kind: str
    value: float | None = None
    rate: float = 1.0
    count: int | None = None
    after: bool = False
    hits: int = 0


class Faults:
    """The list of faults and the dice."""

    def __init__(self) -> None:
        self._lock, self._serial = threading.Lock(), itertools.count(1)
        self._faults: list[Fault] = []
        self._dice = random.Random(1)  # noqa: S311 - repeatable on purpose

    def add(
        self, *, endpoint: str, kind: str, value: float | None, rate: float, count: int | None,
        after: bool, seed: int | None,
    ) -> Fault:  # fmt: skip
        """Put a fault in force; ValueError for an unknown kind or a rate outside 0..1."""
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if not 0 <= rate <= 1:
            raise ValueError("rate must be from 0 to 1")
        if kind == "errcode" and value is None:
            raise ValueError("errcode needs a value")
        with self._lock:
            if seed is not None:
                self._dice.seed(seed)
            fault = Fault(next(self._serial), endpoint, kind, value, rate, count, after)
            self._faults.append(fault)
            return fault

    def pick(self, api: str) -> Fault | None:
        """The fault that hits this call, counted as a hit."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if not fnmatchcase(api, fault.endpoint) or fault.count == 0:
                    continue
                if self._dice.random() < fault.rate:
                    fault.hits += 1
                    if fault.count is not None:
                        fault.count -= 1
                    return fault
        return None

    def clear(self) -> None:
        """No faults any more."""
        with self._lock:
            self._faults.clear()

    def listed(self) -> list[dict[str, Any]]:
        """All faults with their hits."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]


def before_call(fault: Fault, disconnect: Disconnect) -> Response | None:
    """What a fault does before the call takes effect; an answer means that it never does.

    Args:
        fault: the fault that hit.
        disconnect: drops the connection with a reset; raises.
    """
    if fault.kind == "latency":
        time.sleep(fault.value or 1.0)
    elif fault.kind == "html":
        return Response(_HTML, status=int(fault.value or 200), mimetype="text/html")
    elif fault.kind == "http_500" and not fault.after:
        return Response("upstream error", status=int(fault.value or 500), mimetype="text/plain")
    elif fault.kind == "errcode" and not fault.after:
        return errcode_answer(fault)
    elif fault.kind in ("stall", "reset") and not fault.after:
        drop(fault, disconnect)
    return None


def after_call(fault: Fault, answer: Response, disconnect: Disconnect) -> Response:
    """What a fault does to the answer of a call that took effect."""
    if fault.kind == "truncated":
        return _truncated(answer, fault.value if fault.value is not None else 0.5)
    if fault.kind == "drip":
        body = answer.get_data()
        dripping = Response(_drip(body, fault.value or 5.0), mimetype=answer.mimetype)
        dripping.content_length = len(body)
        return dripping
    if fault.after and fault.kind == "errcode":
        return errcode_answer(fault)
    if fault.after and fault.kind == "http_500":
        return Response("upstream error", status=int(fault.value or 500), mimetype="text/plain")
    if fault.after and fault.kind in ("stall", "reset"):
        drop(fault, disconnect)
    return answer


def errcode_answer(fault: Fault) -> Response:
    """An ordered error code in WeCom's shape."""
    body = {"errcode": int(fault.value or -1), "errmsg": "ordered by a fault of the sandbox"}
    return Response(json.dumps(body), mimetype="application/json")


def drop(fault: Fault, disconnect: Disconnect) -> None:
    """Say nothing: at once with a reset, or after having stalled."""
    if fault.kind == "stall":
        time.sleep(fault.value or 10.0)
    disconnect()


def _truncated(answer: Response, share: float) -> Response:
    body = answer.get_data()
    cut = Response(_pieces(body[: int(len(body) * share)]), mimetype=answer.mimetype)
    # The promised length stays: the server closes the connection when too little follows.
    cut.content_length = len(body)
    return cut


def _pieces(body: bytes) -> Iterable[bytes]:
    yield body


def _drip(body: bytes, seconds: float) -> Iterator[bytes]:
    pause = seconds / max(1, len(body))
    for index in range(len(body)):
        yield body[index : index + 1]
        time.sleep(pause)


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
