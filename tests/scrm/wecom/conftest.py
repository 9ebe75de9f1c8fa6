"""A small server that can misbehave in every way a network can, and clients that talk to it."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from scrm.wecom.client import WeComClient
from scrm.wecom.local import LocalBucket, LocalLock, LocalTokens

SECRET = "top-secret-value-of-the-app-0123456789"
Behaviour = Callable[[socket.socket, str], None]


def answer(
    body: bytes,
    *,
    status: str = "200 OK",
    kind: str = "application/json",
    length: int | None = None,
) -> Behaviour:
    """Answer with a body; `length` may promise another size than there is."""

    def act(connection: socket.socket, _path: str) -> None:
        promised = len(body) if length is None else length
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {promised}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode("latin-1") + body)

    return act


def says(data: object) -> Behaviour:
    """Answer with JSON."""
    return answer(json.dumps(data, ensure_ascii=False).encode())


def stall(connection: socket.socket, _path: str) -> None:
    """Take the request and say nothing."""
    time.sleep(30)


def drip_head(connection: socket.socket, _path: str) -> None:
    """Send the header one byte at a time, for ever."""
    with suppress(OSError):
        for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200:
            connection.sendall(bytes([byte]))
            time.sleep(0.5)


def drip_body(connection: socket.socket, _path: str) -> None:
    """Send a good header and then one byte at a time."""
    with suppress(OSError):
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
        )
        for _count in range(500):
            connection.sendall(b" ")
            time.sleep(0.5)


def reset(connection: socket.socket, _path: str) -> None:
    """Break the connection after the request."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")


@dataclass
class Server:
    """Behaves per path; a list of behaviours is used up in order, its last one stays."""

    base_url: str
    behaviours: dict[str, list[Behaviour]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    tokens: int = 0

    def does(self, endpoint: str, *behaviours: Behaviour) -> None:
        """Set what happens at an endpoint."""
        self.behaviours[endpoint] = list(behaviours)

    def count(self, endpoint: str) -> int:
        """Return how often an endpoint was asked."""
        return sum(1 for path in self.requests if path.split("?")[0] == f"/cgi-bin/{endpoint}")

    def serve(self, connection: socket.socket) -> None:
        """Read one request and behave."""
        with connection, suppress(OSError):
            path = _request_path(connection)
            self.requests.append(path)
            endpoint = path.split("?")[0].replace("/cgi-bin/", "/").strip("/")
            queue = self.behaviours.get(endpoint, [])
            if not queue and endpoint == "gettoken":
                self.tokens += 1
                says(
                    {
                        "errcode": 0,
                        "errmsg": "ok",
                        "access_token": f"token-{self.tokens}-abcdef",
                        "expires_in": 7200,
                    }
                )(connection, path)
                return
            behave = queue.pop(0) if len(queue) > 1 else queue[0]
            behave(connection, path)


def _request_path(connection: socket.socket) -> str:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += connection.recv(65536)
    head, _, body = raw.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    ]
    while lengths and len(body) < lengths[0]:
        body += connection.recv(65536)
    return head.split(b" ")[1].decode()


@pytest.fixture
def server() -> Iterator[Server]:
    """A misbehaving server on a free port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    found = Server(f"http://127.0.0.1:{listener.getsockname()[1]}")

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _address = listener.accept()
                threading.Thread(target=found.serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield found
    listener.close()


@pytest.fixture
def client(server: Server) -> WeComClient:
    """A client of that server with ports of its own."""
    return new_client(server.base_url)


def new_client(base_url: str, **overrides: object) -> WeComClient:
    """Return a client with local ports."""
    ports = {"tokens": LocalTokens(), "lock": LocalLock(), "bucket": LocalBucket(), **overrides}
    return WeComClient("ww0corp", SECRET, agent_id=7, api_base=base_url, **ports)
