"""Keeps one program running: `python -P keeper.py <program> <arguments>`; standard library only.

A program that dies is started again, as systemd or Docker would. The keeper ends its program and
itself when it is asked to, or when the process named by SCRM_SUPERVISOR_PID is gone.
"""

import os
import signal
import subprocess
import sys
import time
from types import FrameType

# A program that ends this often within this time is broken, not unlucky.
RESTARTS, SECONDS = 8, 20.0
PATIENCE = 15.0


class Keeper:
    """Starts, watches and ends one program."""

    def __init__(self, argv: list[str], supervisor: int) -> None:
        self.argv = argv
        self.supervisor = supervisor
        self.asked_to_end = False
        self.starts: list[float] = []

    def run(self) -> int:
        """Keep the program running until asked to end; return its exit status if it will not stay up."""
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(signum, self._end)
        while True:
            # Its own session: a signal to our group reaches the program once, through us.
            child = subprocess.Popen(self.argv, start_new_session=True)  # noqa: S603
            status = self._watch(child)
            if self.asked_to_end:
                return 0
            if self._too_often():
                sys.stderr.write(f"{self.argv[0]} does not stay up (status {status}).\n")
                return status or 1
            sys.stderr.write(f"ended with status {status}; starting it again\n")
            sys.stderr.flush()
            time.sleep(0.2)

    def _end(self, _signum: int, _frame: FrameType | None) -> None:
        self.asked_to_end = True

    def _watch(self, child: "subprocess.Popen[bytes]") -> int:
        while child.poll() is None:
            if self.asked_to_end or not self._supervised():
                self.asked_to_end = True
                _end_group(child)
            time.sleep(0.1)
        # What the program started dies with it; a kill -9 would leave it behind.
        _signal_group(child, signal.SIGKILL)
        return child.returncode

    def _supervised(self) -> bool:
        try:
            os.kill(self.supervisor, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    def _too_often(self) -> bool:
        now = time.monotonic()
        self.starts = [at for at in self.starts if now - at < SECONDS] + [now]
        return len(self.starts) > RESTARTS


def _signal_group(child: "subprocess.Popen[bytes]", signum: signal.Signals) -> None:
    try:
        os.killpg(child.pid, signum)
    except (ProcessLookupError, PermissionError):
        return


def _end_group(child: "subprocess.Popen[bytes]") -> None:
    child.terminate()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        _signal_group(child, signal.SIGKILL)
        child.wait()


if __name__ == "__main__":
    sys.exit(Keeper(sys.argv[1:], int(os.environ.get("SCRM_SUPERVISOR_PID") or os.getppid())).run())
