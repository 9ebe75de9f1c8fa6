"""Log-in by SSO at a provider that lies, breaks, turns its keys or has another clock."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import RSAKey

from scrm.accounts.models import SsoIdentity
from tests.scrm.accounts.sso_providers import (
    CALLBACK,
    START,
    Liar,
    answered,
    configured,
    free_port,
    known,
    refused,
    running,
    words,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def serving() -> Iterator[Liar]:
    """A provider that does what it is told."""
    made = Liar()
    yield made
    made.server.shutdown()


@pytest.fixture
def liar(serving: Liar, settings: Any) -> Liar:
    """The same, configured here, honest and on time until a test says otherwise."""
    configured(settings, serving.issuer)
    serving.lie, serving.clock_s = "", 0
    return serving


def back_from(liar: Liar, client: Any) -> Any:
    asked = parse_qs(urlsplit(client.get(START).url).query)
    liar.nonce = asked["nonce"][0]
    return client.get(CALLBACK, {"state": asked["state"][0], "code": "c"})


def test_the_provider_of_the_lies_opens_when_it_does_not_lie(client, liar, guide_li) -> None:
    assert back_from(liar, client).url == "/console/"
    assert client.session["_auth_user_id"] == str(guide_li.user_id)


@pytest.mark.parametrize(
    "lie",
    [
        "wrong issuer", "wrong audience", "two audiences, not ours", "wrong nonce", "expired", "not yet", "empty subject",
        "no nonce", "no exp", "no sub", "no iss", "no aud",
        "a stranger's key", "our secret as key", "alg none", "nonsense",
    ],
)  # fmt: skip
def test_a_token_with_a_lie_opens_nothing(client, liar, guide_li, lie: str) -> None:
    liar.lie = lie

    assert refused(client, back_from(liar, client))
    assert not SsoIdentity.objects.exists()


@pytest.mark.parametrize("lie", ["other issuer", "a list", "no addresses", "ftp"])
def test_a_provider_that_describes_itself_wrongly_is_not_used(client, liar, db, lie) -> None:
    liar.lie = lie

    assert refused(client, client.get(START))


@pytest.mark.parametrize(
    ("seconds", "opens"), [(-350, True), (-370, False), (50, True), (75, False)]
)
def test_the_clocks_may_differ_by_a_minute(client, liar, guide_li, seconds, opens) -> None:
    # given a provider whose clock is wrong, and tokens that live for 300 seconds
    liar.clock_s = seconds

    answer = back_from(liar, client)

    if opens:
        assert client.session["_auth_user_id"] == str(guide_li.user_id)
    else:
        assert refused(client, answer)
        assert not SsoIdentity.objects.exists()


def test_a_new_key_of_the_provider_works_with_the_next_log_in(client, liar, guide_li) -> None:
    # given a log-in by the old key
    old = liar.keys
    back_from(liar, client)
    client.post("/accounts/logout/")

    # when the provider signs by a new one and still publishes both, then the new one alone
    fresh = RSAKey.generate_key(2048, {"kid": "k2"})
    for keys in ([*old, fresh], [fresh]):
        liar.keys = keys
        back_from(liar, client)
        assert client.session["_auth_user_id"] == str(guide_li.user_id)
        client.post("/accounts/logout/")

    # then one that it took back opens nothing
    liar.keys = old
    answer_by_old = parse_qs(urlsplit(client.get(START).url).query)
    liar.nonce = answer_by_old["nonce"][0]
    by_old = liar.token()
    liar.keys = [fresh]
    liar.token = lambda: by_old
    try:
        answer = client.get(CALLBACK, {"state": answer_by_old["state"][0], "code": "c"})
    finally:
        del liar.token
        liar.keys = old
    assert refused(client, answer)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token", "/jwks"])
@pytest.mark.parametrize("how", ["redirects", "fails", "html", "is huge", "refuses"])
def test_a_provider_that_breaks_half_way_opens_nothing(client, liar, guide_li, path, how) -> None:
    asked = parse_qs(urlsplit(client.get(START, {"next": "/console/roles/?page=2"}).url).query)
    liar.nonce, liar.lie = asked["nonce"][0], f"{path} {how}"

    answer = client.get(CALLBACK, {"state": asked["state"][0], "code": "the-code-itself"})

    assert refused(client, answer)
    assert answer.url == "/accounts/login/?next=%2Fconsole%2Froles%2F%3Fpage%3D2"
    assert "the-code-itself" not in words(answer)


def test_a_provider_that_drips_is_left_after_eight_seconds(client, liar, guide_li) -> None:
    asked = parse_qs(urlsplit(client.get(START).url).query)
    liar.nonce, liar.lie = asked["nonce"][0], "/token drips"

    begun = time.monotonic()
    answer = client.get(CALLBACK, {"state": asked["state"][0], "code": "c"})

    assert refused(client, answer)
    assert time.monotonic() - begun < 12


def test_a_provider_that_goes_down_between_there_and_back_is_said_in_words(
    client, settings, guide_li
) -> None:
    port = free_port()
    with running(port) as issuer:
        configured(settings, issuer)
        known(issuer, "subject-1", preferred_username=guide_li.userid)
        asked = parse_qs(urlsplit(client.get(START).url).query)

    answer = client.get(CALLBACK, {"state": asked["state"][0], "code": "c"})

    assert refused(client, answer)
    # and the page offers the other ways in
    page = client.get(answer.url)
    assert (page.status_code, b'name="password"' in page.content) == (200, True)


def test_a_provider_that_begins_anew_with_other_keys_is_trusted_again(
    client, settings, guide_li
) -> None:
    port = free_port()
    for _time in range(2):
        with running(port) as issuer:
            configured(settings, issuer)
            known(issuer, "subject-1", preferred_username=guide_li.userid)
            address = client.get(START).url
            client.get(answered(address))
            assert client.session["_auth_user_id"] == str(guide_li.user_id)
        client.post("/accounts/logout/")
