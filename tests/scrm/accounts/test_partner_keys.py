"""API keys of partner systems: shown once, hashed, scoped, revocable."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from scrm.accounts import services
from scrm.accounts.authentication import PartnerKeyAuthentication
from scrm.accounts.models import PartnerKey
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import ValidationFailed

pytestmark = pytest.mark.django_db


def authenticate(header: str | None):
    extra = {} if header is None else {"HTTP_AUTHORIZATION": header}
    return PartnerKeyAuthentication().authenticate(APIRequestFactory().post("/api/v1/", **extra))


def test_a_key_is_kept_as_a_hash_and_lets_its_system_in():
    key, token = services.partner_key_create(name="CRM", scopes=["members.write", "members.read"])

    assert token.startswith(f"scrm_{key.prefix}_")
    assert token.split("_", 2)[2].encode() not in bytes(key.digest)
    assert key.scopes == ["members.read", "members.write"]
    assert AuditEntry.objects.get(action="accounts.partner_key_create").after == {
        "name": "CRM",
        "scopes": ["members.read", "members.write"],
    }

    user, found = authenticate(f"Bearer {token}")

    assert user is None
    assert found == key
    assert PartnerKey.objects.get().last_used_at is not None


def test_last_used_is_written_at_most_once_a_minute(django_assert_num_queries):
    _key, token = services.partner_key_create(name="CRM", scopes=["members.write"])
    PartnerKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=30))

    with django_assert_num_queries(1):
        authenticate(f"Bearer {token}")


def test_without_a_header_the_request_is_anonymous():
    assert authenticate(None) is None
    assert authenticate("Basic eDp5") is None


@pytest.mark.parametrize("damage", ["", "scrm_", "x", "scrm_000000000000_abc", "\xff\xfe"])
def test_a_wrong_key_is_refused(damage):
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {damage}")


def test_a_changed_secret_is_refused():
    _key, token = services.partner_key_create(name="CRM", scopes=["members.write"])

    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {token[:-1]}{'A' if token[-1] != 'A' else 'B'}")

    assert PartnerKey.objects.get().last_used_at is None


def test_a_revoked_key_is_refused_at_once():
    key, token = services.partner_key_create(name="CRM", scopes=["members.write"])
    services.partner_key_revoke(key, actor=None, reason="leaked")

    with pytest.raises(AuthenticationFailed):
        authenticate(f"Bearer {token}")


@pytest.mark.parametrize(
    ("name", "scopes"), [("CRM", ["everything"]), ("CRM", []), (" ", ["members.read"])]
)
def test_a_key_needs_a_name_and_known_scopes(name, scopes):
    with pytest.raises(ValidationFailed):
        services.partner_key_create(name=name, scopes=scopes)

    assert PartnerKey.objects.count() == 0
    assert AuditEntry.objects.count() == 0


def test_the_command_prints_the_key_once():
    out = StringIO()
    call_command("partner_key_create", "CRM", "--scope", "members.write", stdout=out)

    assert authenticate(f"Bearer {out.getvalue().strip()}")[1].name == "CRM"


def test_the_command_says_what_is_wrong():
    with pytest.raises(CommandError, match=r"members\.write"):
        call_command("partner_key_create", "CRM", "--scope", "nothing")
