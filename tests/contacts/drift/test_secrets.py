"""The age of secrets: known without keeping one, told when too old, shown to IT only."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.drift.models import SecretSeen
from contacts.drift.secrets import old_secrets, secret_ages
from contacts.drift.services import secrets_note, secrets_watch
from contacts.oa_sync.sources.models import OaConnector
from scrm.accounts.models import PartnerKey, User
from scrm.core import credentials
from scrm.core.alerts.models import Alert
from scrm.core.setup_models import WeComCallbackKey, WeComCredential

pytestmark = pytest.mark.django_db
SECRET = "a-very-secret-app-secret"


@pytest.fixture
def corp(settings: Any) -> Any:
    """One secret in the environment, nothing else anywhere."""
    settings.WECOM_APPS = {"scrm": {"agent_id": 1, "secret": SECRET, "token": "", "aes_key": ""}}
    settings.WECHAT_APPS = {}
    settings.OA_SQL_DSN = ""
    settings.OIDC = {**settings.OIDC, "client_secret": ""}
    settings.SECRET_DAYS = 180
    credentials.forget()
    return settings


def test_a_secret_of_the_environment_is_dated_by_recognising_it(corp: Any) -> None:
    # given the first look, which knows only that it is at least this old
    assert secrets_note() == 1
    row = SecretSeen.objects.get()
    assert (row.name, row.is_exact) == ("wecom.scrm.secret", False)
    assert SECRET.encode() not in bytes(row.fingerprint)
    SecretSeen.objects.update(since=timezone.now() - timedelta(days=200))

    # when nothing changed, the date stays; when it is changed, it begins anew
    assert secrets_note() == 0
    assert [each.days for each in old_secrets()] == [200]
    corp.WECOM_APPS = {"scrm": {"agent_id": 1, "secret": "another", "token": "", "aes_key": ""}}
    assert secrets_note() == 1
    assert (SecretSeen.objects.get().is_exact, old_secrets()) == (True, [])


def test_every_credential_is_listed_with_its_date(corp: Any, hq_ops: User) -> None:
    corp.WECOM_APPS = {}
    then = timezone.now() - timedelta(days=300)
    WeComCredential.objects.create(name="corp_id", value="ww1", set_at=then)
    WeComCredential.objects.create(name="contacts.secret", value="s3cret-of-contacts", set_at=then)
    WeComCallbackKey.objects.create(app="scrm", token="t0ken", aes_key="k" * 43, made_at=then)
    OaConnector.objects.create(name="人事系统", kind="rest", secret="oa-s3cret")
    for name, revoked in (("CRM", None), ("旧", timezone.now())):
        PartnerKey.objects.create(name=name, prefix=name, digest=b"x" * 32, scopes=["members.read"], revoked_at=revoked)  # fmt: skip
    secrets_note()

    rows = {(row.of, row.days) for row in secret_ages()}

    assert rows == {("wecom", 300), ("oa", 0), ("partner", 0)}
    assert len(secret_ages()) == 4
    assert len(old_secrets()) == 2


def test_old_secrets_are_told_once_a_week(corp: Any) -> None:
    secrets_watch()
    assert not Alert.objects.exists()
    SecretSeen.objects.update(since=timezone.now() - timedelta(days=181))

    assert secrets_watch() == 1
    secrets_watch()

    alert = Alert.objects.get(kind="contacts.secrets")
    assert (alert.count, SECRET in alert.text) == (2, False)


def test_only_it_sees_the_ages_and_nobody_a_secret(
    corp: Any, it_admin: User, hq_ops: User, branch_ops: User
) -> None:
    secrets_note()
    url = reverse("drift:secrets")
    for user, status in ((it_admin, 200), (hq_ops, 403), (branch_ops, 403)):
        client = Client()
        client.force_login(user)
        page = client.get(url)
        assert page.status_code == status
        assert SECRET not in page.content.decode()
