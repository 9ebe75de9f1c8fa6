"""`python -m scrm.demo`: what it refuses, and what a reset leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scrm.demo.__main__ import main

REMAINS = {"npm", "faults.json"}


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["scrm.demo", *words])
    return main()


def test_reset_leaves_nothing_of_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given what a demo leaves in its folder, beside the files of other commands
    for name in (
        "demo.env",
        "demo.seeded",
        "demo.log",
        "manage.log",
        "celerybeat-schedule.db",
        "audit-anchors.jsonl",
    ):
        (tmp_path / name).touch()
    for name in ("sandbox", "logs", "media", "npm"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").touch()
    (tmp_path / "faults.json").touch()

    # when it is reset
    assert run(monkeypatch, "--reset", "--var", str(tmp_path)) == 0

    # then only the others' files are there
    assert {path.name for path in tmp_path.iterdir()} == REMAINS
    assert "gone" in capsys.readouterr().out


def test_running_demo_is_neither_reset_nor_started_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "demo.seeded").touch()
    program = "import time; print(1, flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", program, "scrm.demo"], stdout=subprocess.PIPE
    ) as demo:
        try:
            assert demo.stdout is not None
            # Once it speaks, its command line is there to be read.
            assert demo.stdout.readline() == b"1\n"
            (tmp_path / "demo.pid").write_text(str(demo.pid))
            for words in (["--reset"], []):
                assert run(monkeypatch, *words, "--var", str(tmp_path)) == 1
                assert f"The demo runs already (process {demo.pid})" in capsys.readouterr().err
        finally:
            demo.kill()
    assert (tmp_path / "demo.seeded").exists()


def test_pid_of_a_crashed_demo_does_not_stand_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo.pid").write_text(str(os.getpid()))
    assert run(monkeypatch, "--reset", "--var", str(tmp_path)) == 0
    assert not (tmp_path / "demo.pid").exists()
