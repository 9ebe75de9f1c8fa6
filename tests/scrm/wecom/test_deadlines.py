"""Everything has an end: walks over pages, uploads, the resolver; and what never left is told as not sent."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from scrm.wecom import deadline
from scrm.wecom.api import external_contact
from scrm.wecom.deadline import Deadline
from scrm.wecom.errors import WeComError, WeComRetryable, WeComUnknownOutcome
from scrm.wecom.transport import Exchange, Transport
from tests.scrm.wecom.conftest import Server, new_client, says

GET = "externalcontact/get"
Listener = tuple[str, list[bytes]]


def write_to(base_url: str) -> type[WeComError]:
    """Send a write there and return what is known of it."""
    call = Exchange("POST", f"{base_url}/x", "message/send", {}, b"{}", write=True)
    with pytest.raises(WeComError) as caught:
        Transport().json(call, Deadline(2.0))
    return type(caught.value)


def endless_pages(seconds: float) -> object:
    """Answer page after page, each after a while."""
    count = [0]

    def page(connection: socket.socket, path: str) -> None:
        count[0] += 1
        time.sleep(seconds)
        data = {"errcode": 0, "external_contact": {}, "next_cursor": f"c{count[0]}"}
        says(data)(connection, path)

    return page


def test_all_pages_of_a_customer_share_one_deadline(server: Server) -> None:
    server.does(GET, endless_pages(2.0))  # type: ignore[arg-type]
    started = time.monotonic()

    with pytest.raises(WeComRetryable):
        new_client(server.base_url).external_contact.get("wm")

    assert time.monotonic() - started < 10
    assert server.count(GET) <= 4


def test_a_walk_that_never_ends_is_ended(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(external_contact, "MOST_PAGES", 5)
    server.does(GET, endless_pages(0.0))  # type: ignore[arg-type]

    with pytest.raises(WeComRetryable, match="more pages"):
        new_client(server.base_url).external_contact.get("wm")

    assert server.count(GET) == 5


def test_a_resolver_that_hangs_holds_a_call_for_three_seconds_and_one_thread_only(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def hanging(*_words: object) -> list[object]:
        asked.append(1)
        time.sleep(6)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    started = time.monotonic()
    kinds: list[type[WeComError]] = []
    threads = [
        threading.Thread(target=lambda: kinds.append(write_to("http://wecom.invalid")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert time.monotonic() - started < deadline.CONNECT_SECONDS + 2
    assert (kinds, len(asked)) == ([WeComRetryable] * 4, 1)


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Listener]:
    """A server over TLS whose certificate nobody trusts, and what it read."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)),
        ],
        capture_output=True,
        check=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener, read = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _address = listener.accept()
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as safe:
                    read.append(safe.recv(9))

    threading.Thread(target=accept, daemon=True).start()
    yield f"https://localhost:{listener.getsockname()[1]}", read
    listener.close()


def test_a_write_stopped_by_a_wrong_certificate_was_not_sent(secure: Listener) -> None:
    base_url, read = secure

    assert write_to(base_url) is WeComRetryable
    assert read == []


def test_a_write_whose_tls_hangs_was_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert write_to(f"https://127.0.0.1:{silent.getsockname()[1]}") is WeComRetryable


def test_a_write_that_went_out_may_have_been_done(server: Server) -> None:
    server.does("silent", lambda _connection, _path: time.sleep(3))
    server.behaviours["x"] = server.behaviours["silent"]

    assert write_to(server.base_url) is WeComUnknownOutcome


def slow_listener(bytes_a_second: int) -> socket.socket:
    """A server that takes a request slowly, and answers late."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            first = connection.recv(65_536)
            if b"gettoken" in first:
                says({"errcode": 0, "access_token": "t", "expires_in": 7200})(connection, "")
                return
            length = next(
                int(line.split(b":")[1])
                for line in first.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            read = len(first) - first.index(b"\r\n\r\n") - 4
            while read < length:
                time.sleep(0.1)
                part = connection.recv(min(bytes_a_second // 10, length - read), socket.MSG_WAITALL)
                read += len(part)
            time.sleep(6)
            says({"errcode": 0, "type": "file", "media_id": "m1", "created_at": "1"})(
                connection, ""
            )

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _address = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener


def test_an_upload_over_a_slow_line_may_take_its_time() -> None:
    # given a line that takes ten seconds for the file, and WeCom that looks at it for six
    with slow_listener(2_000_000) as listener:
        client = new_client(f"http://127.0.0.1:{listener.getsockname()[1]}")

        # when
        sent = client.media.upload("file", "a.bin", b"x" * 20_000_000, "application/octet-stream")

    # then
    assert sent.media_id == "m1"
