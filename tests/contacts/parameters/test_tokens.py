"""Tokens are short, opaque, and worth nothing once changed."""

import string
from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.parameters.models import Parameter
from contacts.parameters.selectors import resolve
from contacts.parameters.services import issue
from tests.factories.contacts import MemberFactory

BASE64URL = string.ascii_letters + string.digits + "-_"


@pytest.mark.django_db
def test_a_token_resolves_to_what_was_issued() -> None:
    # given a member
    member = MemberFactory()

    # when a token is issued for her
    token = issue(kind="live_code", member=member, payload={"channel": "stand"})

    # then it has 27 characters of base64url and leads back to her
    assert len(token) == 27
    assert set(token) <= set(BASE64URL)
    found = resolve(token)
    assert found is not None
    assert (found.kind, found.member_id, found.store_id, found.payload) == (
        "live_code", member.pk, None, {"channel": "stand"}
    )  # fmt: skip


@pytest.mark.django_db
def test_every_single_changed_character_breaks_a_token() -> None:
    # given a token
    token = issue(kind="live_code")

    # when any one of its characters is any other one
    accepted = [
        (place, other)
        for place, char in enumerate(token)
        for other in BASE64URL
        if other != char and resolve(token[:place] + other + token[place + 1 :]) is not None
    ]

    # then none of the 1,701 spellings is accepted
    assert accepted == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "token", ["", "a", "A" * 26, "A" * 27, "A" * 28, "门" * 27, "=" * 27, "a b" * 9]
)
def test_what_is_not_a_token_is_nobody(token: str) -> None:
    assert resolve(token) is None


@pytest.mark.django_db
def test_an_expired_token_is_nobody() -> None:
    # given a token that ended a second ago and one that ends in an hour
    ended = issue(kind="offer", expires_at=timezone.now() - timedelta(seconds=1))
    running = issue(kind="offer", expires_at=timezone.now() + timedelta(hours=1))

    # then only the second one resolves
    assert resolve(ended) is None
    assert resolve(running) is not None


@pytest.mark.django_db
def test_the_table_alone_does_not_make_tokens(settings: object) -> None:
    # given a token made under one key
    token = issue(kind="live_code")

    # when the key is another one
    settings.BLIND_INDEX_KEY = "YW5vdGhlci1rZXktb2YtMzItYnl0ZXMtISEhISEhISE="  # type: ignore[attr-defined]

    # then the token is nobody, though its row is still there
    assert resolve(token) is None
    assert Parameter.objects.count() == 1
