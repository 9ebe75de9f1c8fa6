"""Runs, finds and ends the processes of the private services."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from scrm.localservices.account import Account, drop_options
from scrm.localservices.errors import ServiceError


def child_env() -> dict[str, str]:
    """Return a small environment: nothing of the caller's shell decides how a service behaves."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/", "LC_ALL": "C", "TZ": "UTC"}


def run(
    argv: Sequence[str], account: Account | None, cwd: Path, *, text: str = "", seconds: float = 120
) -> str:
    """Run a program of the services to its end and return what it printed; raises ServiceError when it fails."""
    try:
        done = subprocess.run(  # noqa: S603
            list(argv),
            input=text,
            capture_output=True,
            text=True,
            cwd=cwd,
            env=child_env(),
            timeout=seconds,
            check=False,
            **drop_options(account),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ServiceError(f"{argv[0]} could not be run: {error}.") from error
    if done.returncode:
        raise ServiceError(f"{Path(argv[0]).name} failed: {last_line(done.stderr or done.stdout)}")
    return done.stdout


def spawn(
    argv: Sequence[str], account: Account | None, cwd: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start a service in a session of its own, so that Ctrl-C in our terminal does not reach it."""
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=child_env(),
            start_new_session=True,
            **drop_options(account),
        )


def last_line(text: str) -> str:
    """Return the last line of an output that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"


def find(pid: int, accept: Callable[[psutil.Process], bool]) -> psutil.Process | None:
    """Return the living process with this pid if it is the one meant; a pid may have been reused."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not accept(process):
            return None
    except psutil.Error:
        return None
    return process


def end(
    process: psutil.Process, first: signal.Signals, last: signal.Signals, seconds: float = 20
) -> None:
    """Ask a process to end, then insist."""
    for word in (first, last):
        try:
            process.send_signal(word)
            process.wait(seconds)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
        return
    raise ServiceError(f"Process {process.pid} does not end; end it by hand.")


def wait_until(ready: Callable[[], bool], child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Poll until ready; False when the child ended or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return True
        if child.poll() is not None:
            return False
        time.sleep(0.03)
    return False


def port_is_free(port: int) -> bool:
    """Say whether nothing listens on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Servers set this too; without it a port in TIME_WAIT looks taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(remembered: int = 0) -> int:
    """Return the remembered port if it is still free, else one the system picks."""
    if remembered and port_is_free(remembered):
        return remembered
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
