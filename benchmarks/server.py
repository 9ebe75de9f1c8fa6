"""The real application under granian, and a minimal view to compare its CPU time with."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks.database import ROOT
from wecom_sandbox import defaults

WORKERS = 2
THREADS = 4


@dataclass(frozen=True)
class Server:
    """A running web server."""

    address: tuple[str, int]
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return user and system time of the server and its workers so far."""
        family = [self.process, *self.process.children(recursive=True)]
        return sum(times.user + times.system for times in (each.cpu_times() for each in family))


def environment(database_url: str, settings: str) -> dict[str, str]:
    """Return the variables a server (and the migrations before it) needs: the sandbox's known keys."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": settings,
        "SCRM_LOG_LEVEL": "WARNING",
        "WECOM_CORP_ID": defaults.CORP_ID,
        "WECOM_AGENT_ID": str(defaults.AGENT_ID),
        "WECOM_AGENT_SECRET": defaults.APP_SECRET,
        "WECOM_CB_TOKEN": defaults.CALLBACK_TOKEN,
        "WECOM_CB_AES_KEY": defaults.CALLBACK_AES_KEY,
    }


@contextmanager
def serve(database_url: str, *, settings: str, application: str) -> Iterator[Server]:
    """Run granian with 2 workers of 4 threads on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--log-level", "warning", application,
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=environment(database_url, settings))
    try:
        _wait(port, process)
        yield Server(("127.0.0.1", port), psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"granian ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("granian did not answer within 60 s")
