"""A hard end for an HTTP exchange: connect, every read and the whole, whatever the other side drips.

requests' read timeout counts from the last byte, so a server that sends one byte a second is never over.
Here each wait on the socket gets no more than what is left of the whole.
"""

import contextvars
import io
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import PoolManager, ProxyManager

CONNECT_SECONDS = 3.0
READ_SECONDS = 5.0
TOTAL_SECONDS = 8.0
# A 20 MB file does not fit into the eight seconds of a call, and WeCom looks at it before it answers.
UPLOAD_SECONDS = 60.0
# A walk over pages that nobody waits for.
WALK_SECONDS = 60.0


class Deadline:
    """A moment after which nothing waits any more; monotonic seconds."""

    def __init__(self, seconds: float = TOTAL_SECONDS) -> None:
        self._end = time.monotonic() + seconds

    def left(self, most: float = TOTAL_SECONDS) -> float:
        """Return the seconds left, at most `most`; raises TimeoutError when it is over."""
        seconds = min(self._end - time.monotonic(), most)
        if seconds <= 0:
            raise TimeoutError("the time for this call is over")
        return seconds

    def covers(self, seconds: float) -> bool:
        """Say whether that many seconds are left."""
        return self._end - time.monotonic() > seconds


@dataclass
class Course:
    """One exchange: until when, how long it may be silent, and whether anything of the request went out."""

    deadline: Deadline
    silence: float = READ_SECONDS
    sent: bool = False


_CURRENT: contextvars.ContextVar[Course | None] = contextvars.ContextVar(
    "wecom_deadline", default=None
)


@contextmanager
def within(deadline: Deadline, silence: float = READ_SECONDS) -> Iterator[Course]:
    """Let every connection used in the block obey the deadline; yields what becomes of the exchange."""
    course = Course(deadline, silence)
    token = _CURRENT.set(course)
    try:
        yield course
    finally:
        _CURRENT.reset(token)


_REFUSES: contextvars.ContextVar[Callable[[str], bool] | None] = contextvars.ContextVar(
    "refused_addresses", default=None
)


@contextmanager
def avoiding(refuses: Callable[[str], bool]) -> Iterator[None]:
    """Let no connection made in the block go to an IP address of which `refuses` says so, whatever DNS tells."""
    token = _REFUSES.set(refuses)
    try:
        yield
    finally:
        _REFUSES.reset(token)


def _course() -> Course:
    return _CURRENT.get() or Course(Deadline())


class _DeadlineReader(io.RawIOBase):
    """A socket file whose every read is given what is left of the whole."""

    def __init__(self, sock: socket.socket, file: io.BufferedReader) -> None:
        self._sock = sock
        self._file = file
        self._raw = file.raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        course = _course()
        self._sock.settimeout(course.deadline.left(course.silence))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp))


# Look-ups under way, by process, host and port: the resolver cannot be told when to stop.
_LOOKUPS: dict[tuple[int, str, int], Future[list[Any]]] = {}


def _addresses(host: str, port: int, seconds: float) -> list[Any]:
    """Return the host's addresses; raises TimeoutError. Who comes while a look-up hangs waits for the same one."""
    key = (os.getpid(), host, port)
    found: Future[list[Any]] = Future()
    lookup = _LOOKUPS.setdefault(key, found)
    if lookup is found:
        threading.Thread(target=_look_up, args=(key, found), daemon=True).start()
    return lookup.result(seconds)


def _look_up(key: tuple[int, str, int], found: Future[list[Any]]) -> None:
    try:
        found.set_result(socket.getaddrinfo(key[1], key[2], 0, socket.SOCK_STREAM))
    except Exception as failure:  # noqa: BLE001 - whatever it is, those who wait get it
        found.set_exception(failure)
    finally:
        _LOOKUPS.pop(key, None)


def _connect(connection: HTTPConnection) -> socket.socket:
    """Open a TCP connection, sharing the connect time among the host's addresses."""
    host, port = connection._dns_host, connection.port
    problem: OSError = OSError("no address")
    try:
        deadline = Deadline(_course().deadline.left(CONNECT_SECONDS))
        addresses = _addresses(host, port, deadline.left())
    except (socket.gaierror, UnicodeError) as failure:
        problem = failure if isinstance(failure, OSError) else socket.gaierror(str(failure))
        raise NameResolutionError(host, connection, problem) from failure
    except TimeoutError as failure:
        raise ConnectTimeoutError(connection, "the time for this call is over") from failure
    refuses = _REFUSES.get()
    for family, kind, protocol, _name, address in addresses:
        if refuses is not None and refuses(str(address[0])):
            problem = OSError("this address is not allowed")
            continue
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(deadline.left())
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        except OSError as failure:
            sock.close()
            problem = failure
    if isinstance(problem, TimeoutError):
        raise ConnectTimeoutError(connection, f"connecting to {host} took too long") from problem
    raise NewConnectionError(connection, f"connecting to {host} failed: {problem}") from problem


class _Connection(HTTPConnection):
    response_class = _DeadlineResponse

    def _new_conn(self) -> socket.socket:
        return _connect(self)

    def connect(self) -> None:
        """Connect; what a proxy is told or TLS exchanges is nothing of the request."""
        try:
            super().connect()
        finally:
            _course().sent = False

    def send(self, data: Any) -> None:
        """Send within what is left; a kept connection still has the timeout of its last read."""
        if self.sock is None:
            self.connect()
        course = _course()
        self.sock.settimeout(course.deadline.left(UPLOAD_SECONDS))
        course.sent = True
        super().send(data)


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS: dict[str, Any] = {"http": _Pool, "https": _SecurePool}


class DeadlineAdapter(HTTPAdapter):
    """A requests adapter whose connections obey `within`, with or without a proxy; it never retries."""

    def __init__(self) -> None:
        super().__init__(pool_connections=4, pool_maxsize=32, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> ProxyManager:
        """Make the pools of connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager
