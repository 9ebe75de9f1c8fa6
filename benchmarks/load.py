"""A small load generator: prepared requests over kept connections, one thread, epoll."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Outcome:
    """What came back: seconds of the whole run, milliseconds of each request, answers that were no success."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Return the latency in milliseconds that this share of requests stayed below."""
        return (
            sorted(self.latencies)[min(int(len(self.latencies) * share), len(self.latencies) - 1)]
            * 1000
        )


class _Connection:
    """One kept connection with one request under way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self.buffer = b""

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.buffer = b""
        self.socket.sendall(request)

    def receive(self) -> bytes | None:
        """Return the answer once it is whole."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server closed a kept connection")
        self.buffer += chunk
        head, separator, body = self.buffer.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        return self.buffer if len(body) >= length else None


def deliver(address: tuple[str, int], requests: Sequence[bytes], connections: int = 8) -> Outcome:
    """Send every request once, each connection one at a time; failures are kept, not raised."""
    outcome = Outcome()
    waiting: Iterator[bytes] = iter(requests)
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        for request in (next(waiting) for _ in range(min(connections, len(requests)))):
            connection = _Connection(address)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(request)
        while selector.get_map():
            for key, _events in selector.select():
                _advance(key.data, waiting, outcome, selector)
        outcome.seconds = time.perf_counter() - began
    return outcome


def _advance(
    connection: _Connection,
    waiting: Iterator[bytes],
    outcome: Outcome,
    selector: selectors.BaseSelector,
) -> None:
    answer = connection.receive()
    if answer is None:
        return
    outcome.latencies.append(time.perf_counter() - connection.sent_at)
    if not (answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"success")):
        outcome.failures.append(answer[:200])
    request = next(waiting, None)
    if request is None:
        selector.unregister(connection.socket)
        connection.socket.close()
    else:
        connection.send(request)
