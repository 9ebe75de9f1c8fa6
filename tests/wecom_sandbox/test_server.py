"""The server of the sandbox: a clean end, whatever its loop is doing just then."""

import threading
from pathlib import Path

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.server import Server


class _EndsBeforeItIsWoken(threading.Event):
    """Said from outside, lets the loop see it and end before the next step of the stop."""

    def __init__(self, loop: threading.Thread) -> None:
        super().__init__()
        self._loop = loop

    def set(self) -> None:
        super().set()
        if threading.current_thread() is not self._loop:
            self._loop.join(timeout=5)


def test_a_loop_that_is_awake_when_asked_to_stop_ends_without_an_error(tmp_path: Path) -> None:
    server = Server(Sandbox(tmp_path / "sandbox.sqlite3", people=1))
    server._stopping = _EndsBeforeItIsWoken(server._thread)
    server.start()

    server.stop()

    assert not server._thread.is_alive()
