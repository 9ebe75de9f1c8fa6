"""Templates and what their values may be (wechat.md §12): service notices and subscription messages."""

import json
import re
import secrets
import sqlite3
from functools import lru_cache
from pathlib import Path
from typing import Any

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat.accounts import MINI, SERVICE, Account
from wecom_sandbox.wechat.errors import WeChatError

NOTICE, CONSENTED = "template", "subscribe"
MOST = 25
_CJK = r"\u3400-\u4dbf\u4e00-\u9fff"
_VALUES: dict[str, re.Pattern[str]] = {
    "thing": re.compile(r".{1,20}"),
    "number": re.compile(r"[-+]?\d{1,32}(\.\d{1,31})?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
    "character_string": re.compile(rf"[^{_CJK}\s]{{1,32}}"),
    "time": re.compile(
        r"(\d{4}年\d{1,2}月\d{1,2}日 ?)?\d{1,2}:\d{2}(:\d{2})?(~.*)?|\d{4}[-年]\d{1,2}[-月]\d{1,2}日?( \d{1,2}:\d{2}(:\d{2})?)?(~.*)?"
    ),
    "date": re.compile(r"\d{4}[-年]\d{1,2}[-月]\d{1,2}日?( ?\d{1,2}:\d{2}(:\d{2})?)?(~.*)?"),
    "amount": re.compile(r"[¥$€£￥]?\d{1,10}(\.\d{1,2})?元?"),
    "phone_number": re.compile(r"[\d+\-() ]{1,17}"),
    "car_number": re.compile(r".{1,8}"),
    "name": re.compile(rf"[{_CJK}·]{{1,10}}|[A-Za-z .]{{1,20}}"),
    "phrase": re.compile(rf"[{_CJK}]{{1,5}}"),
    "const": re.compile(r".{1,20}"),
    "enum": re.compile(r".{1,20}"),
    "short_thing": re.compile(r".{1,20}"),
}
_KEY = re.compile(r"([a-z_]+)\d+")


@lru_cache(maxsize=1)
def library() -> dict[str, Any]:
    """The public library of titles and words (data/wechat_library.json)."""
    source = Path(__file__).parent.parent / "data" / "wechat_library.json"
    found: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return found


def ensure(sandbox: Sandbox) -> None:
    """Give a fresh sandbox the templates its accounts have chosen before."""
    if sandbox.store.get_meta("wechat.templates"):
        return
    with sandbox.store.transaction():
        sandbox.store.set_meta("wechat.templates", True)
        for chosen in library()["chosen"]:
            account = MINI if chosen["account"] == "mini" else SERVICE
            add(sandbox, account, chosen["kind"], chosen["tid"], chosen["words"], chosen["id"])


def add(
    sandbox: Sandbox, account: Account, kind: str, tid: str, words: list[str], template_id: str = ""
) -> str:  # fmt: skip
    """Choose words of a title of the library; the template's id. 40037 unknown, 40035 words, 45056 too many."""
    title = library()["titles"].get(tid)
    if title is None:
        raise WeChatError(40037)
    known = title["words"]
    if not words or any(word not in known for word in words):
        raise WeChatError(40035)
    if len(listed(sandbox, account, kind)) >= MOST:
        raise WeChatError(45056, "templates")
    keys = {f"{known[word]}{place}": word for place, word in enumerate(words, 1)}
    template_id = template_id or secrets.token_urlsafe(32)[:43]
    sandbox.store.insert(
        "wechat_templates", template_id=template_id, appid=account.appid, kind=kind, title=title["title"],
        short_id=tid, words=json.dumps(keys, ensure_ascii=False),
    )  # fmt: skip
    return template_id


def listed(sandbox: Sandbox, account: Account, kind: str) -> list[sqlite3.Row]:
    """Templates of an account."""
    sql = "SELECT * FROM wechat_templates WHERE appid = ? AND kind = ? ORDER BY rowid"
    return sandbox.store.rows(sql, account.appid, kind)


def need(sandbox: Sandbox, account: Account, kind: str, template_id: str) -> sqlite3.Row:
    """A template of an account; 40037 when it has no such one."""
    ensure(sandbox)
    row = sandbox.store.row(
        "SELECT * FROM wechat_templates WHERE template_id = ? AND appid = ? AND kind = ?",
        template_id, account.appid, kind,
    )  # fmt: skip
    if row is None:
        raise WeChatError(40037)
    return row


def remove(sandbox: Sandbox, account: Account, kind: str, template_id: str) -> None:
    """Give a template back; 40037."""
    need(sandbox, account, kind, template_id)
    sandbox.store.run("DELETE FROM wechat_templates WHERE template_id = ?", template_id)


def keys_of(row: sqlite3.Row) -> dict[str, str]:
    """Key of each value -> the word before it."""
    found: dict[str, str] = json.loads(row["words"])
    return found


def content_of(row: sqlite3.Row) -> str:
    """The template as lists show it."""
    return "".join(f"{word}:{{{{{key}.DATA}}}}\n" for key, word in keys_of(row).items())


def checked(row: sqlite3.Row, data: Any) -> dict[str, str]:
    """The values of a message by the words before them; 47003 naming the first that cannot be.

    Args:
        row: the template.
        data: ``{key: {"value": …}}`` as sent; further keys are ignored, as WeChat does.
    """
    if not isinstance(data, dict):
        raise WeChatError(47001)
    found = {}
    for key, word in keys_of(row).items():
        entry = data.get(key)
        value = entry.get("value") if isinstance(entry, dict) else None
        if value is None or value == "":
            raise WeChatError(47003, f"data.{key}.value is empty")
        if not fits(key, str(value)):
            raise WeChatError(47003, f"data.{key}.value invalid")
        found[word] = str(value)
    return found


def fits(key: str, value: str) -> bool:
    """Whether a value keeps the rule of its key's kind (``thing1``: a thing)."""
    kind = _KEY.fullmatch(key)
    pattern = _VALUES.get(kind.group(1)) if kind else None
    return (
        "\n" not in value
        and bool(value.strip())
        and (pattern is None or bool(pattern.fullmatch(value)))
    )
