"""Run a sandbox inside a test: real HTTP on a free port, threads of the same process."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.server import Server

_TIMEOUT = 120


class ControlError(Exception):
    """The control API refused; ``status`` and ``body`` say why."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"HTTP {status}: {body}")
        self.status, self.body = status, body


class Control:
    """A small client of the control API.

    Args:
        base_url: where the sandbox answers.
    """

    def __init__(self, base_url: str) -> None:
        self._prefix = f"{base_url}/sandbox/api/"

    def get(self, path: str, **query: Any) -> Any:
        """GET ``/sandbox/api/<path>``; the decoded JSON. ControlError when refused."""
        return self._send("GET", f"{path}?{urlencode(query)}" if query else path, None)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """POST ``/sandbox/api/<path>``; the decoded JSON. ControlError when refused."""
        return self._send("POST", path, body or {})

    def delete(self, path: str) -> Any:
        """DELETE ``/sandbox/api/<path>``; the decoded JSON. ControlError when refused."""
        return self._send("DELETE", path, None)

    def _send(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own address
            self._prefix + path.removeprefix("/sandbox/api/").lstrip("/"),
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT) as reply:  # noqa: S310
                return json.loads(reply.read())
        except urllib.error.HTTPError as error:
            raw = error.read()
            try:
                words = json.loads(raw)
            except ValueError:
                words = raw.decode("utf-8", "replace")
            raise ControlError(error.code, words) from None


@dataclass(frozen=True)
class Running:
    """A sandbox that runs.

    ``world`` is the sandbox itself, for looking inside; prefer ``control``.
    """

    base_url: str
    control: Control
    world: Sandbox


@contextmanager
def run(
    data_dir: Path | str, people: int = 200, port: int = 0, speed: float = 1.0
) -> Iterator[Running]:
    """A running sandbox, stopped at the end.

    Args:
        data_dir: where it keeps its state.
        people: how many people there are around the corp.
        port: 0 picks a free one.
        speed: sandbox seconds per real second.
    """
    sandbox = Sandbox(Path(data_dir) / "sandbox.sqlite3", people=people, speed=speed)
    server = Server(sandbox, port=port)
    server.start()
    try:
        yield Running(server.base_url, Control(server.base_url), sandbox)
    finally:
        server.stop()
