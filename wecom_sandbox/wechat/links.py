"""Ways into the mini program (wechat.md §15): codes with a scene, schemes, URL links, short links."""

import re
import secrets
import sqlite3
from typing import Any
from urllib.parse import quote, urlsplit

from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat import programs, quota
from wecom_sandbox.wechat.accounts import MINI, home_page, settings_of
from wecom_sandbox.wechat.errors import WeChatError

SCHEME, URL_LINK, SHORT, CODE = "scheme", "urllink", "short", "code"
LONGEST_DAYS = 30
_DAY = 86_400
_SHORTEST = 60
_SCENE = re.compile(r"[0-9a-zA-Z!#$&'()*+,/:;=?@\-._~]{1,32}")
_QUERY = re.compile(r"[0-9a-zA-Z!#$&'()*+,/:;=?@\-._~%]{0,1024}")
_VERSIONS = ("release", "trial", "develop")
_MOST_PERMANENT = 100_000
_MOST_TITLE = 20
_MOST_PATH = 1024
_MOST_OWN = 256
# Where the person came from, as the page is told.
ENTRY = {SCHEME: 1065, URL_LINK: 1194, SHORT: 1011, CODE: 1047}


def checked_target(sandbox: Sandbox, path: object, query: object, env: object) -> tuple[str, str, str]:  # fmt: skip
    """Path, query and version of a link; 40165 not in the release, 85079 nothing released, 40097."""
    path, query, env = path or "", query or "", env or "release"
    if not isinstance(path, str) or not isinstance(query, str) or env not in _VERSIONS:
        raise WeChatError(40097)
    settings = settings_of(sandbox, MINI)
    if not settings.released:
        raise WeChatError(85079)
    inner = path.removeprefix("/")
    if "?" in path or not _QUERY.fullmatch(query):
        raise WeChatError(40165)
    if inner and env == "release" and not settings.has_page(inner):
        raise WeChatError(40165)
    return inner or home_page(), query, str(env)


def expiry(sandbox: Sandbox, body: dict[str, Any]) -> int:
    """When a link ends, never later than in 30 days; 85401 outside a minute to 30 days."""
    now, kind = sandbox.clock.seconds(), body.get("expire_type", 0)
    latest = now + LONGEST_DAYS * _DAY
    if kind == 1:
        days = body.get("expire_interval")
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= LONGEST_DAYS:
            raise WeChatError(85401)
        return now + days * _DAY
    if kind != 0:
        raise WeChatError(40097)
    wished = body.get("expire_time")
    if wished is None:
        return latest
    if isinstance(wished, bool) or not isinstance(wished, int):
        raise WeChatError(47001)
    if not now + _SHORTEST < wished <= latest:
        raise WeChatError(85401)
    return wished


def create(
    sandbox: Sandbox, kind: str, target: tuple[str, str, str], expires: int, *, scene: str = "", permanent: bool = False
) -> str:  # fmt: skip
    """Store a way in; its ticket. ``expires`` 0 for never."""
    ticket = secrets.token_urlsafe(9).replace("-", "A").replace("_", "B")
    path, query, env = target
    sandbox.store.insert(
        "wechat_links", ticket=ticket, kind=kind, path=path, query=query, env=env,
        create_time=sandbox.clock.seconds(), expire_time=expires, scene=scene, permanent=int(permanent),
    )  # fmt: skip
    return ticket


def short(sandbox: Sandbox, page_url: str, title: str, *, permanent: bool) -> str:
    """A short link's ticket; 43104 outside e-commerce, 40066, 40097, 85400."""
    settings = settings_of(sandbox, MINI)
    if not settings.shop_category:
        raise WeChatError(43104)
    path, _, query = page_url.removeprefix("/").partition("?")
    if len(page_url) > _MOST_PATH or not settings.has_page(path):
        raise WeChatError(40066)
    if len(title) > _MOST_TITLE:
        raise WeChatError(40097)
    made = sandbox.store.value(
        "SELECT COUNT(*) FROM wechat_links WHERE kind = 'short' AND permanent"
    )
    if permanent and made >= _MOST_PERMANENT:
        raise WeChatError(85400)
    ends = 0 if permanent else sandbox.clock.seconds() + LONGEST_DAYS * _DAY
    target = (path, query, "release")
    return create(sandbox, SHORT, target, ends, scene=title, permanent=permanent)


def unlimited_code(sandbox: Sandbox, scene: str, page: str, env: str, *, check: bool) -> str:
    """The ticket of a code with a scene; 40169 bad scene, 41030 page not released, 40097."""
    if not _SCENE.fullmatch(scene):
        raise WeChatError(40169)
    if env not in _VERSIONS:
        raise WeChatError(40097)
    if page.startswith("/") or "?" in page:
        raise WeChatError(41030)
    if check and not settings_of(sandbox, MINI).has_page(page or home_page()):
        raise WeChatError(41030)
    return create(sandbox, CODE, (page or home_page(), "", env), 0, scene=scene)


def limited_code(sandbox: Sandbox, path: str) -> str:
    """The ticket of a code for a whole path; 40159 too long, 45029 too many for ever."""
    if not path or len(path) > _MOST_PATH:
        raise WeChatError(40159)
    most = settings_of(sandbox, MINI).drawn_codes
    sql = "SELECT COUNT(*) FROM wechat_links WHERE kind = 'code' AND permanent"
    if sandbox.store.value(sql) >= most:
        raise WeChatError(45029)
    inner, _, query = path.removeprefix("/").partition("?")
    return create(sandbox, CODE, (inner, query, "release"), 0, permanent=True)


def written(sandbox: Sandbox, kind: str, ticket: str, base_url: str) -> str:
    """A way in as the API gives it."""
    if kind == SCHEME:
        return f"weixin://dl/business/?t={ticket}"
    if kind == SHORT:
        return f"#小程序://{MINI.title}/{ticket}"
    if sandbox.behaviour.qr_links == "wecom":
        return f"https://wxaurl.cn/{ticket}"
    return f"{base_url}/wechat/l/{ticket}"


def find(sandbox: Sandbox, text: str) -> sqlite3.Row | None:
    """The way in behind a scheme, a URL link, a short link or a code's content, or None."""
    parts = urlsplit(text.replace("#小程序:", "short:"))
    named = re.search(r"(?:^|&)t=([0-9A-Za-z]+)", parts.query)
    ticket = named.group(1) if named and parts.scheme == "weixin" else parts.path.rpartition("/")[2]
    return sandbox.store.row("SELECT * FROM wechat_links WHERE ticket = ?", ticket)


def own_parameter(text: str) -> str:
    """What the retailer hung on a link as ``cq``, at most 256 characters, still encoded."""
    found = re.search(r"[?&]cq=([^&#]*)", text)
    return found.group(1)[:_MOST_OWN] if found else ""


def open_link(sandbox: Sandbox, person: Person, row: sqlite3.Row, cq: str = "") -> dict[str, Any]:
    """A person goes in this way; what the page sees. NotPossibleError: expired, or the day's opens used up."""
    if row["expire_time"] and row["expire_time"] < sandbox.clock.now():
        raise NotPossibleError("the link has expired")
    if row["kind"] in (SCHEME, URL_LINK):
        most = settings_of(sandbox, MINI).opens_a_day
        if not quota.count(sandbox, "opens", quota.today(sandbox), most):
            raise NotPossibleError("too many opens today")
    parts = [row["query"]]
    if row["kind"] == CODE and row["scene"]:
        # The page reads query.scene still encoded.
        parts.append(f"scene={quote(row['scene'], safe='')}")
    if cq:
        parts.append(f"cq={cq}")
    query = "&".join(part for part in parts if part)
    return programs.open_page(
        sandbox, person, row["path"], query, scene=ENTRY[row["kind"]], ticket=row["ticket"]
    )


def shown(sandbox: Sandbox, row: sqlite3.Row) -> dict[str, Any]:
    """A link as queryscheme and query_urllink show it."""
    return {
        "appid": MINI.appid, "path": row["path"], "query": row["query"], "create_time": row["create_time"],
        "expire_time": row["expire_time"], "env_version": row["env"],
    }  # fmt: skip


def visits_left(sandbox: Sandbox) -> int:
    """How often links may still be opened today."""
    most = settings_of(sandbox, MINI).opens_a_day
    return max(0, most - quota.used(sandbox, "opens", quota.today(sandbox)))
