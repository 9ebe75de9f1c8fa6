"""One HTTP exchange with a deadline for the whole of it, as WeCom's callback sender has."""

import http.client
import io
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

_MOST_BYTES = 64 * 1024


class DeadlinePassedError(Exception):
    """The other side did not answer completely in time."""


@dataclass(frozen=True)
class Reply:
    """Status and body (first 64 KiB) of an answer."""

    status: int
    body: bytes


class _Reader(io.RawIOBase):
    """Reads a socket with what is left until the deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._socket, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._socket.settimeout(_left(self._deadline))
        return self._socket.recv_into(buffer)


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, method: str, deadline: float) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock, deadline))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise DeadlinePassedError
    return left


def exchange(method: str, url: str, body: bytes | None, seconds: float) -> Reply:
    """Send one request and read the answer.

    Args:
        method: GET or POST.
        url: http or https.
        body: request body (XML) or None.
        seconds: real seconds for connecting, sending and reading together.

    Raises:
        DeadlinePassedError: not finished in time.
        OSError: no connection, or it broke.
        http.client.HTTPException: not an HTTP answer.
    """
    deadline = time.monotonic() + seconds
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    lines = [f"{method} {path} HTTP/1.1", f"Host: {parts.netloc}", "Connection: close"]
    lines += ["User-Agent: Mozilla/4.0", "Accept: */*"]
    if body is not None:
        lines += ["Content-Type: text/xml", f"Content-Length: {len(body)}"]
    request = "\r\n".join([*lines, "", ""]).encode() + (body or b"")
    try:
        with socket.create_connection((parts.hostname or "", port), _left(deadline)) as plain:
            sock = _secured(plain, parts.scheme, parts.hostname)
            sock.settimeout(_left(deadline))
            sock.sendall(request)
            response = _Response(sock, method, deadline)
            response.begin()
            return Reply(response.status, response.read(_MOST_BYTES))
    except TimeoutError as error:
        raise DeadlinePassedError from error


def _secured(sock: socket.socket, scheme: str, host: str | None) -> socket.socket:
    if scheme != "https":
        return sock
    return ssl.create_default_context().wrap_socket(sock, server_hostname=host)
