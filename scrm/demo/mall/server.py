"""Serves the mall: waitress, threads, a clear word when the port is taken."""

import logging
import threading
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from scrm.demo.mall.app import Mall

_THREADS = 16


class MallServer:
    """A mall that listens; port 0 picks a free one. Raises OSError when the port cannot be had."""

    def __init__(self, mall: Mall, *, host: str = "127.0.0.1", port: int = 0) -> None:
        logging.getLogger("waitress").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}
        self._server: Any = create_server(
            mall, map=self._sockets, host=host, port=port, threads=_THREADS, ident="mall",
            clear_untrusted_proxy_headers=True,
        )  # fmt: skip
        self.base_url = f"http://{host}:{self._server.effective_port}"
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mall-http", daemon=True)

    def start(self) -> None:
        """Serve from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the requests under way and stop listening."""
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=2)
        # From inside the loop: a loop that ended first would have closed the trigger.
        self._server.trigger.pull_trigger(self._stopping.set)
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stopping.is_set():
            wasyncore.loop(timeout=1.0, map=self._sockets, use_poll=True, count=1)
        wasyncore.close_all(self._sockets, ignore_all=True)
