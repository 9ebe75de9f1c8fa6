"""`python -m scrm.demo`: what it refuses, and what a reset leaves."""

import os
import shutil
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
    monkeypatch.delenv("DATABASE_URL", raising=False)
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


def test_the_anchors_of_a_database_that_stays_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "audit-anchors.jsonl").write_text("{}")
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@127.0.0.1:1/x")

    assert run(monkeypatch, "--reset", "--var", str(tmp_path)) == 0

    assert (tmp_path / "audit-anchors.jsonl").read_text() == "{}"
    assert "yours and was left as it is" in capsys.readouterr().out


def test_a_preparation_that_was_interrupted_begins_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a demo that was killed while it was being filled
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name in ("demo.seeding", "demo.env"):
        (tmp_path / name).touch()

    # when it is started again (with a port that does not exist, so that nothing comes up here)
    words = ("--port", "99999", "--var", str(tmp_path))
    assert run(monkeypatch, *words) == 1

    # then what was half-way is gone
    said = capsys.readouterr()
    assert "begins anew" in said.out
    assert "Port 99999" in said.err
    assert list(tmp_path.glob("demo.*")) == []


def test_a_python_that_does_not_run_is_one_sentence(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[3] / "Makefile", tmp_path)
    # Not as a part of the make that may run these tests: it would add its level to every line.
    alone = {name: text for name, text in os.environ.items() if not name.startswith("MAKE")}

    for python in ("/nonexistent", "/bin/ls"):
        made = subprocess.run(
            ["make", f"PY={python}", "demo"],
            cwd=tmp_path,
            env=alone,
            capture_output=True,
            text=True,
            check=False,
        )

        first, *rest = made.stderr.splitlines()
        assert made.returncode == 2
        assert first == (
            f"{python} is no Python that runs here; name one: make PY=/path/to/python3.12 demo"
        )
        assert [line for line in rest if not line.startswith("make: ***")] == []
    assert not (tmp_path / ".venv").exists()
