"""A13: no way in leads to another site, however the address is written."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from scrm.accounts import doors
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
ELSEWHERE = (
    "https://evil.example/", "http://evil.example", "//evil.example/", "///evil.example", "////evil.example/x",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "https:evil.example", "https:/evil.example",
    "https:///evil.example", "http:\\\\evil.example", "javascript:alert(1)", "JaVaScRiPt:alert(1)",
    "data:text/html,x", "vbscript:x", "ftp://testserver/", "//testserver@evil.example/",
    "https://testserver@evil.example/", "https://testserver.evil.example/", "http://[::1", "\thttps://evil.example",
    " https://evil.example", "/\t/evil.example/", "http://evil.example\\@testserver/",
)  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_no_log_in_leads_elsewhere(client: Any, wanted: str) -> None:
    UserFactory(username="hq")

    answer = client.post(
        "/accounts/login/", {"username": "hq", "password": "a-long-password", "next": wanted}
    )

    assert answer.url == "/console/"
    assert doors.safe_next(wanted, "/console/") == "/console/"
    # A refusal leads back to the log-in page of this site, without the address.
    back = client.get("/accounts/sso/start/", {"next": wanted})
    assert urlsplit(back.url).path == "/accounts/login/"
    assert parse_qs(urlsplit(back.url).query) == {}


@pytest.mark.parametrize("wanted", ["/console/roles/?a=1&b=2", "/h5/", "/console/?next=//x"])
def test_pages_of_this_site_are_reached(client: Any, wanted: str) -> None:
    UserFactory(username="hq")

    answer = client.post(
        "/accounts/login/", {"username": "hq", "password": "a-long-password", "next": wanted}
    )

    assert answer.url == wanted
