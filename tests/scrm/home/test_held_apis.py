"""The banner of the console while WeCom refuses an API for its frequency."""

import pytest
import redis
from django.conf import settings as django_settings
from django.urls import reverse
from django.utils import translation

from contacts.roles import services
from contacts.roles.models import Role
from scrm.core import gateway
from scrm.core.wecom_ports import BLOCKED, RedisBucket
from scrm.home.held import held_work
from scrm.wecom.limits import limits_of
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

API = "externalcontact/mark_tag"


@pytest.fixture
def refused(settings):
    """WeCom takes no calls of an API of ours, and of one of another corp."""
    settings.WECOM_CORP_ID = "wwheld"
    gateway.forget_clients()
    url = django_settings.REDIS_URL
    bucket = RedisBucket(url)
    keys = [f"wwheld:{API}", "wwforeign:user/get"]
    for key in keys:
        bucket.block(key, 60)
    yield bucket
    client = redis.Redis.from_url(url)
    client.delete(BLOCKED, *(f"wecom:block:{key}" for key in keys))
    gateway.forget_clients()


def page_of(client, role: str) -> str:
    """The first page of the console as a role sees it."""
    services.presets_load()
    user = UserFactory()
    services.grant(user=user, role=Role.objects.get(code=role), org_unit=None, actor=None)
    client.force_login(user)
    return client.get(reverse("home:index")).content.decode()


def test_who_looks_after_waiting_work_is_told_what_waits(client, refused):
    client.cookies["django_language"] = "en"

    page = page_of(client, "hq_ops")

    # then it is said in words, with the API in small print for IT
    assert 'id="held-apis"' in page
    assert "WeCom takes no calls for customer tags at the moment" in page
    assert f'<div class="form-hint">{API}</div>' in page
    assert "user/get" not in page


@pytest.mark.parametrize(
    ("apis", "words"),
    [
        (("externalcontact/batch/get_by_user",), "reading customers"),
        (("externalcontact/get", "externalcontact/list"), "reading customers"),
        (("externalcontact/groupchat/transfer",), "hand-overs of customers"),
        (("externalcontact/groupchat/get", "user/list"), "customer groups, the address book"),
        (("externalcontact/list_contact_way",), "live codes"),
        (("something/new",), "other work"),
    ],
)
def test_every_api_has_words(apis, words):
    with translation.override("en"):
        held = held_work(apis)

    assert (held.words, held.apis) == (words, ", ".join(apis))


def test_nothing_is_said_once_a_probe_was_answered(client, refused):
    # given the block's minute is over, and its probe is out
    key = f"wwheld:{API}"
    redis.Redis.from_url(django_settings.REDIS_URL).hset(f"wecom:block:{key}", "until", 0)
    assert refused.take(key, "event", limits_of(API)) == 0.0

    refused.clear(key)

    assert 'id="held-apis"' not in page_of(client, "hq_ops")


def test_others_are_not_bothered(client, refused):
    assert 'id="held-apis"' not in page_of(client, "auditor")


def test_without_redis_the_page_is_there(client, refused, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    page = page_of(client, "hq_ops")

    assert "<h1>" in page
    assert 'id="held-apis"' not in page
