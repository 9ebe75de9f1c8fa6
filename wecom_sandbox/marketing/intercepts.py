"""敏感词: rules about what members may write to customers (marketing.md §7, doc 95097).

Hits are visible in the admin console only, no API lists them; here the ledger does.
"""

import json
import re
import secrets
import sqlite3
from typing import Any

from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.marketing import member_ranges
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.store import Store

MOST_RULES = 100
BLOCK, WARN = 1, 2
PHONE, EMAIL, RED_PACKET = 1, 2, 3
_SEMANTICS: dict[int, re.Pattern[str]] = {
    PHONE: re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"),
    EMAIL: re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    RED_PACKET: re.compile("红包"),
}


class InterceptedError(NotPossibleError):
    """A rule keeps a message from being sent."""


def create(store: Store, data: dict[str, Any], *, app: str, at: int) -> str:
    """Store a checked rule; its id. 40058 beyond 100 rules."""
    if int(store.value("SELECT COUNT(*) FROM intercept_rules")) >= MOST_RULES:
        raise WeComError(BAD_PARAMETER, f"more than {MOST_RULES} rules")
    rule_id = secrets.token_hex(12)
    store.insert(
        "intercept_rules", rule_id=rule_id, app=app, create_time=at,
        data=json.dumps(data, ensure_ascii=False),
    )  # fmt: skip
    return rule_id


def need(store: Store, rule_id: str) -> sqlite3.Row:
    """A rule's row; 40058 when there is none."""
    row = store.row("SELECT * FROM intercept_rules WHERE rule_id = ?", rule_id)
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid rule_id")
    return row


def need_own(store: Store, rule_id: str, app: str) -> sqlite3.Row:
    """A rule the app made itself; 301002 for another's."""
    row = need(store, rule_id)
    if row["app"] != app:
        raise WeComError(301002, "the rule belongs to another app")
    return row


def check(sandbox: Sandbox, userid: str, content: dict[str, Any], person_id: str) -> list[str]:
    """Judge a message of a member to a customer; the words that gave a warning.

    Raises:
        InterceptedError: a rule blocks it; kept in the ledger all the same.
    """
    text = json.dumps(content[content["msgtype"]], ensure_ascii=False)
    warnings: list[str] = []
    for row in sandbox.store.rows("SELECT * FROM intercept_rules ORDER BY serial"):
        data = json.loads(row["data"])
        hit = _hit(data, text)
        if not hit or not member_ranges.holds(sandbox.store, data["applicable_range"], userid):
            continue
        blocked = data["intercept_type"] == BLOCK
        _keep(sandbox, row["rule_id"], userid, person_id, hit, blocked=blocked)
        if blocked:
            raise InterceptedError(f"blocked by the corp's rule on words: {hit}")
        warnings.append(hit)
    return warnings


def _hit(data: dict[str, Any], text: str) -> str:
    for word in data["word_list"]:
        if word in text:
            return str(word)
    for kind in data["semantics_list"]:
        found = _SEMANTICS[kind].search(text)
        if found:
            return found.group()
    return ""


def _keep(
    sandbox: Sandbox, rule_id: str, userid: str, person_id: str, hit: str, *, blocked: bool
) -> None:
    sandbox.store.insert(
        "intercepts", rule_id=rule_id, userid=userid, person_id=person_id, hit=hit,
        blocked=int(blocked), at=sandbox.clock.now(),
    )  # fmt: skip
