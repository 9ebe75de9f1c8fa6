"""Builds the clients of WeCom and WeChat from settings and credentials; the only place that knows both sides."""

import os
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from scrm.core import credentials
from scrm.core.exceptions import ExternalFailure, NotFound
from scrm.core.wecom_places import RedisPlaces
from scrm.core.wecom_ports import PostgresPorts, RedisBucket
from scrm.wechat.client import WeChatClient
from scrm.wecom.callbacks import CallbackCrypto
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComError
from scrm.wecom.robot import WebhookRobot
from scrm.wecom.secret import Secret
from scrm.wecom.tokens import TokenSource
from scrm.wecom.transport import Transport


class _Shared:
    """What all clients of a process share; made anew in a forked child, whose sockets would be its parent's."""

    def __init__(self) -> None:
        self.transport = Transport()
        self.ports = PostgresPorts()
        self.sources: dict[str, TokenSource] = {}


@lru_cache(maxsize=1)
def _shared() -> _Shared:
    return _Shared()


@lru_cache(maxsize=4)
def _bucket(url: str) -> RedisBucket:
    return RedisBucket(url)


@lru_cache(maxsize=4)
def _places(url: str) -> RedisPlaces:
    return RedisPlaces(url)


@lru_cache(maxsize=32)
def _client(
    corp_id: str,
    secret: str,
    agent_id: int,
    bases: tuple[str, str, str],
    per_minute: int,
    redis_url: str,
) -> WeComClient:
    shared = _shared()
    api_base, oauth_base, login_base = bases
    return WeComClient(
        corp_id,
        secret,
        agent_id=agent_id,
        api_base=api_base,
        oauth_base=oauth_base,
        login_base=login_base,
        tokens=shared.ports,
        lock=shared.ports,
        bucket=_bucket(redis_url),
        places=_places(redis_url),
        per_minute=per_minute,
        transport=shared.transport,
        sources=shared.sources,
    )


@lru_cache(maxsize=64)
def _in_lane(client: WeComClient, lane: str) -> WeComClient:
    return client.in_lane(lane)


@lru_cache(maxsize=16)
def _wechat(
    appid: str, secret: str, lane: str, bases: tuple[str, str, str], redis_url: str
) -> WeChatClient:
    shared = _shared()
    api_base, oauth_base, mp_base = bases
    return WeChatClient(
        appid,
        secret,
        api_base=api_base,
        oauth_base=oauth_base,
        mp_base=mp_base,
        tokens=shared.ports,
        lock=shared.ports,
        bucket=_bucket(redis_url),
        lane=lane,
        transport=shared.transport,
        sources=shared.sources,
    )


def forget_clients() -> None:
    """Drop clients, connections and tokens in memory (after a fork, between tests)."""
    credentials.forget()
    for cached in (_in_lane, _client, _wechat, _shared, _bucket, _places, _cipher):
        cached.cache_clear()


os.register_at_fork(after_in_child=forget_clients)


def wecom(app: str = "scrm", *, lane: str = "event") -> WeComClient:
    """Return the client of one of our apps (scrm/core/credentials.py) in a lane: welcome, event or sync.

    Raises NotFound for an app that is neither in the settings nor entered in the console.
    """
    found = credentials.app_credentials(app)
    if found is None:
        raise NotFound(_("There is no WeCom app named %(app)s in the settings.") % {"app": app})
    client = _client(
        credentials.corp_id(),
        found.secret,
        found.agent_id,
        (settings.WECOM_API_BASE, settings.WECOM_OAUTH_BASE, settings.WECOM_LOGIN_BASE),
        settings.WECOM_CALLS_PER_MINUTE,
        settings.REDIS_URL,
    )
    return _in_lane(client, lane)


def wechat(account: str, *, lane: str = "event") -> WeChatClient:
    """Return the client of one of our WeChat accounts (settings.WECHAT_APPS): service or mini.

    Raises NotFound for an account the settings have not both AppID and AppSecret of.
    """
    found = settings.WECHAT_APPS.get(account, {})
    appid, secret = found.get("appid"), found.get("secret")
    if not appid or not secret:
        raise NotFound(
            _("AppID or AppSecret of the WeChat account %(account)s is not set.")
            % {"account": account}
        )
    bases = (settings.WECHAT_API_BASE, settings.WECHAT_OAUTH_BASE, settings.WECHAT_MP_BASE)
    return _wechat(appid, Secret(secret), lane, bases, settings.REDIS_URL)


def wechat_accounts() -> list[str]:
    """Return the names of the WeChat accounts the settings know anything of."""
    return [name for name, found in settings.WECHAT_APPS.items() if any(found.values())]


@dataclass(frozen=True)
class CallbackCipher:
    """One cipher of an app's callbacks; `key` is the stored row it comes from, "" for the environment's."""

    cipher: CallbackCrypto
    key: str


def callback_ciphers(app: str, *, haste: bool = False) -> tuple[CallbackCipher, ...]:
    """Return the ciphers that may open an app's callbacks, the current one first; none: it receives nothing.

    Two while its keys are being changed. `haste` looks for newer keys now. Raises django.db.DatabaseError.
    """
    corp_id = credentials.corp_id()
    return tuple(
        CallbackCipher(_cipher(pair.token, pair.aes_key, corp_id), pair.pk)
        for pair in credentials.callback_keys(app, haste=haste)
    )


@lru_cache(maxsize=32)
def _cipher(token: str, aes_key: str, corp_id: str) -> CallbackCrypto:
    return CallbackCrypto(token, aes_key, corp_id)


def held_apis() -> tuple[str, ...]:
    """Return the APIs of which WeCom takes no calls now because there were too many; their work waits."""
    blocked = _bucket(settings.REDIS_URL).blocked()
    own = f"{credentials.corp_id()}:"
    return tuple(sorted(key.removeprefix(own) for key in blocked if key.startswith(own)))


def robot(url: str) -> WebhookRobot:
    """Return the group robot of a webhook address; raises ValueError for an address that is not WeCom's."""
    return WebhookRobot(
        url,
        api_base=settings.WECOM_API_BASE,
        bucket=_bucket(settings.REDIS_URL),
        transport=_shared().transport,
    )


def words(failure: WeComError) -> str:
    """Return cause and next step in the language of the current user or task."""
    return failure.words(get_language() or settings.LANGUAGE_CODE)


def as_external_failure(failure: WeComError) -> ExternalFailure:
    """Return the failure as an error an interface can show."""
    return ExternalFailure(words(failure), errcode=failure.errcode, kind=failure.kind)
