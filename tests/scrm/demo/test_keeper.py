"""The keeper: what dies is started again, what is asked to end ends, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from scrm.demo.stack import KEEPER

PROGRAM = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "60"])
with open(sys.argv[1], "a") as out:
    out.write(f"{os.getpid()} {child.pid}\\n")
time.sleep(60)
"""


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    starts = tmp_path / "starts"
    starts.touch()
    env = {**os.environ, "SCRM_SUPERVISOR_PID": str(os.getpid())}
    process = subprocess.Popen(
        [sys.executable, "-P", str(KEEPER), sys.executable, "-c", PROGRAM, str(starts)], env=env
    )
    yield process, starts
    process.terminate()
    process.wait(20)


def pids(starts: Path) -> list[list[int]]:
    return [[int(pid) for pid in line.split()] for line in starts.read_text().splitlines()]


def test_killed_program_is_started_again_without_its_children_left(
    keeper: tuple["subprocess.Popen[bytes]", Path],
) -> None:
    _process, starts = keeper
    until(lambda: len(pids(starts)) == 1)
    program, child = pids(starts)[0]

    os.kill(program, signal.SIGKILL)

    until(lambda: len(pids(starts)) == 2)
    until(lambda: not psutil.pid_exists(child))
    assert pids(starts)[1][0] != program


def test_end_of_the_keeper_is_the_end_of_all(
    keeper: tuple["subprocess.Popen[bytes]", Path],
) -> None:
    process, starts = keeper
    until(lambda: len(pids(starts)) == 1)

    process.terminate()

    assert process.wait(20) == 0
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids(starts)[0]))
    assert len(pids(starts)) == 1


def test_program_that_never_stays_up_is_given_up(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", str(KEEPER), sys.executable, "-c", "raise SystemExit(3)"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "does not stay up (status 3)" in done.stderr
