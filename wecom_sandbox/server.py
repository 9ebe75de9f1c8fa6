"""Serves the application: waitress, threads, a clear word when the port is taken."""

import logging
import threading
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from wecom_sandbox.app import Application
from wecom_sandbox.sandbox import Sandbox

logger = logging.getLogger(__name__)
_THREADS = 48


class Server:
    """A sandbox that listens.

    Args:
        sandbox: what to serve.
        host: address to bind.
        port: 0 picks a free one.

    Raises:
        OSError: the port cannot be had.
    """

    def __init__(self, sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.sandbox = sandbox
        # A slow or cut answer is ordered by faults; waitress's own remarks on it are noise.
        logging.getLogger("waitress").setLevel(logging.ERROR)
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}
        self._server: Any = create_server(
            Application(sandbox), map=self._sockets, host=host, port=port, threads=_THREADS,
            connection_limit=2000, backlog=1024, channel_timeout=120, ident="wecom-sandbox",
            clear_untrusted_proxy_headers=True, max_request_body_size=25 * 1024 * 1024,
        )  # fmt: skip
        self.base_url = f"http://{host}:{self._server.effective_port}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-http", daemon=True)

    def start(self) -> None:
        """Serve from a thread."""
        self.sandbox.start()
        self._thread.start()

    def stop(self) -> None:
        """Finish the requests under way, stop listening, close the files."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=2)
        # From inside the loop: a loop that ended first would have closed the trigger.
        self._server.trigger.pull_trigger(self._stopping.set)
        self._thread.join(timeout=5)
        self.sandbox.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1.0, map=self._sockets, use_poll=True, count=1)
        wasyncore.close_all(self._sockets, ignore_all=True)
