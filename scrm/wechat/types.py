"""What the gateway returns: frozen, named as WeChat names it, secrets out of every repr."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class OAuthGrant:
    """Who came back from web OAuth. A `snapshot` is nobody: its openid is virtual, make no customer of it."""

    openid: str
    unionid: str | None
    scope: str
    snapshot: bool
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int = 7200


@dataclass(frozen=True)
class Profile:
    """What a person let us know of themselves."""

    openid: str
    unionid: str | None
    nickname: str
    headimgurl: str
    observed_at: datetime


@dataclass(frozen=True)
class Follower:
    """A person as the service account sees them; all but the openid is empty when they do not follow."""

    openid: str
    subscribe: bool
    unionid: str | None
    subscribe_time: datetime | None
    subscribe_scene: str
    remark: str
    tagid_list: tuple[int, ...]
    qr_scene: int
    qr_scene_str: str
    observed_at: datetime


@dataclass(frozen=True)
class FollowerPage:
    """A page of openids; an empty `next_cursor` ends the walk."""

    total: int
    openids: tuple[str, ...]
    next_cursor: str


@dataclass(frozen=True)
class FanTag:
    """A tag of the service account."""

    id: int
    name: str
    count: int


@dataclass(frozen=True)
class Template:
    """A template we may send by; `keys` are the names of its values in order."""

    template_id: str
    title: str
    content: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class SceneCode:
    """A QR code with a scene; `expire_seconds` is None for a permanent one."""

    ticket: str
    url: str
    expire_seconds: int | None


@dataclass(frozen=True)
class Session:
    """Who logged in to the mini program; the session key never leaves the server."""

    openid: str
    unionid: str | None
    session_key: str = field(repr=False)


@dataclass(frozen=True)
class PhoneNumber:
    """A number a person gave; `e164` begins with + and the country."""

    pure_phone_number: str = field(repr=False)
    country_code: int
    e164: str = field(repr=False)


@dataclass(frozen=True)
class LinkInfo:
    """What a scheme or URL link is, and how often links may still be opened today."""

    path: str
    query: str
    create_time: datetime | None
    expire_time: datetime | None
    remain_visit_quota: int


@dataclass(frozen=True)
class MenuButton:
    """An entry of the menu; one with entries below it has no type of its own."""

    name: str
    type: str
    key: str
    url: str
    appid: str
    pagepath: str
    media_id: str
    article_id: str
    sub_button: tuple["MenuButton", ...]


@dataclass(frozen=True)
class RefusedCall:
    """What WeChat kept of a call; its bodies may hold a person's data."""

    invoke_time: datetime | None
    cost_in_ms: int
    request_url: str
    client_ip: str
    request_body: str = field(repr=False)
    response_body: str = field(repr=False)


@dataclass(frozen=True)
class Quota:
    """What is left of an API today."""

    daily_limit: int
    used: int
    remain: int
