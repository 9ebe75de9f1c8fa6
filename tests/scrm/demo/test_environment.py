"""The demo's settings: made once, kept, and honest about taken ports."""

import socket
from pathlib import Path

import pytest

from scrm.demo.environment import choose_ports, load, read_environment
from scrm.localservices.errors import ServiceError
from scrm.localservices.processes import free_port

SERVICES = {"DATABASE_URL": "postgres://a:b@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:2/0"}


def test_keys_and_ports_are_kept_over_starts(tmp_path: Path) -> None:
    first = load(tmp_path, SERVICES, (free_port(), free_port()))
    again = load(tmp_path, SERVICES, choose_ports(tmp_path))
    assert again.values == first.values
    assert read_environment(tmp_path).values == first.values
    assert (tmp_path / "demo.env").stat().st_mode & 0o777 == 0o600


def test_two_demos_share_no_key(tmp_path: Path) -> None:
    one = load(tmp_path / "one", SERVICES, (1, 2)).values
    two = load(tmp_path / "two", SERVICES, (1, 2)).values
    for name in (
        "SECRET_KEY",
        "SCRM_FIELD_KEYS",
        "SCRM_BLIND_INDEX_KEY",
        "SCRM_AUDIT_KEY",
        "SCRM_DEMO_PASSWORD",
    ):
        assert one[name] != two[name]


def test_taken_port_is_named_with_the_way_to_choose_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError) as caught:
            choose_ports(tmp_path, port, free_port())
    assert str(caught.value) == (
        f"Port {port}, which the console would use, is taken; choose another: `make demo PORT={port + 100}`."
    )
    assert not (tmp_path / "demo.env").exists()


def test_stack_that_never_ran_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="start the stack with `make demo`"):
        read_environment(tmp_path)


@pytest.mark.parametrize(
    ("ports", "sentence"),
    [
        (
            (99_999, 8081),
            "Port 99999, which the console would use, does not exist; choose one from 1024 to 65535: "
            "`make demo PORT=8100`.",
        ),
        (
            (8100, -1),
            "Port -1, which the WeCom sandbox would use, does not exist; choose one from 1024 to 65535: "
            "`make demo SANDBOX_PORT=8100`.",
        ),
        (
            (9100, 9100),
            "PORT and SANDBOX_PORT are both 9100; each part needs a port of its own.",
        ),
    ],
)
def test_ports_that_cannot_be_are_told_in_one_sentence(
    tmp_path: Path, ports: tuple[int, int], sentence: str
) -> None:
    with pytest.raises(ServiceError) as caught:
        choose_ports(tmp_path, *(free_port() if port == 8100 else port for port in ports))
    assert str(caught.value) == sentence
    assert not (tmp_path / "demo.env").exists()
