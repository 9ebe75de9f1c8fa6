"""Where another system may be: what IT allowed and nothing else, whatever DNS or the system itself says (A23)."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from scrm.core.exceptions import ExternalFailure, ScrmError, ValidationFailed
from scrm.core.feeds.hosts import HTTP, LDAP, Refusal, need_allowed, origins
from scrm.core.feeds.rest import RestFeed, RestSettings
from tests.contacts.oa_sync.sources.small_oa import SmallOa, running


@pytest.fixture
def oa(settings: Any) -> Iterator[SmallOa]:
    with running() as small:
        settings.OA_HOSTS = [small.origin]
        yield small


def read(origin: str, path: str = "/people") -> list[Any]:
    allowed = {"allowed": tuple(settings.OA_HOSTS), "allowed_by": "SCRM_OA_HOSTS"}
    feed = RestFeed(
        RestSettings(origin=origin, paths={"employees": path}, rows_path="data", **allowed)
    )
    return list(feed.records("employees"))


def test_only_whole_origins_count() -> None:
    # given
    listed = [
        "https://oa.example.com/", "http://10.0.0.5:8080", "ldaps://ad.example.com", "oa.example.com",
        "https://user:pw@oa.example.com", "https://oa.example.com/api", "file:///etc/passwd", "https://",
        "https://oa.example.com:99999", "https://oa.example.com?x=1",
    ]  # fmt: skip

    # then
    assert origins(listed, HTTP) == ["https://oa.example.com", "http://10.0.0.5:8080"]
    assert origins(listed, LDAP) == ["ldaps://ad.example.com"]
    for origin, schemes, place in [
        ("https://oa.example.com", HTTP, ("oa.example.com", 443)),
        ("ldaps://ad.example.com", LDAP, ("ad.example.com", 636)),
    ]:
        assert need_allowed(origin, schemes, listed=listed, listed_in="X") == place


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:1", "http://169.254.169.254", "http://[::1]", "http://2130706433", "http://0x7f000001",
        "https://oa.example.com.evil.test", "https://oa.example.com@evil.test", "http://oa.example.com",
        "https://oa.example.com:8443", "ldaps://oa.example.com", "", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_any_other_origin_is_refused_before_a_connection(settings: Any, origin: str) -> None:
    # given
    settings.OA_HOSTS = ["https://oa.example.com"]

    # then
    with pytest.raises(ValidationFailed) as refusal:
        read(origin)
    assert refusal.value.code == "host_not_allowed"


@pytest.mark.parametrize(
    "path", ["people", "//evil.test/x", "@evil.test/", "http://evil.test/", "/\\evil.test", ""]
)
def test_a_path_never_names_another_host(oa: SmallOa, path: str) -> None:
    # then
    with pytest.raises(ScrmError):
        read(oa.origin, path)
    assert oa.asked == []


@pytest.mark.parametrize(
    ("host", "address", "refused"),
    [
        ("oa.example.com", "8.8.8.8", False),
        ("oa.example.com", "10.1.2.3", False),
        ("oa.example.com", "192.168.1.4", False),
        ("oa.example.com", "fd00::5", False),
        ("oa.example.com", "127.0.0.1", True),
        ("oa.example.com", "::1", True),
        ("oa.example.com", "::ffff:127.0.0.1", True),
        ("oa.example.com", "169.254.169.254", True),
        ("oa.example.com", "::ffff:169.254.169.254", True),
        ("oa.example.com", "fe80::1%eth0", True),
        ("oa.example.com", "0.0.0.0", True),
        ("oa.example.com", "224.0.0.1", True),
        ("oa.example.com", "240.0.0.1", True),
        ("oa.example.com", "nonsense", True),
        ("127.0.0.1", "127.0.0.1", False),
        ("localhost", "127.0.0.1", False),
        ("127.0.0.1", "169.254.169.254", True),
    ],
)
def test_addresses_a_name_must_not_lead_to(host: str, address: str, refused: bool) -> None:
    assert Refusal(host)(address) is refused


def test_a_name_that_dns_turns_to_this_machine_is_not_asked(
    oa: SmallOa, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an allowed name whose DNS now says 127.0.0.1
    port = oa.origin.rpartition(":")[2]
    settings.OA_HOSTS = [f"http://oa.example.test:{port}"]
    oa.give("/people", [{"no": 1}])
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answer)

    # then
    with pytest.raises(ExternalFailure, match="cannot be read"):
        read(f"http://oa.example.test:{port}")
    assert oa.asked == []


def test_without_a_list_nothing_is_allowed(settings: Any) -> None:
    # given
    settings.OA_HOSTS = []

    # then
    with pytest.raises(ValidationFailed, match="SCRM_OA_HOSTS"):
        read("https://oa.example.com")
