"""One-use codes of five minutes: web OAuth, mini-program login, phone number (wechat.md §7, §14)."""

import json
import secrets
from typing import Any

from wecom_sandbox.customers.people import Person
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat.accounts import Account
from wecom_sandbox.wechat.errors import WeChatError

LIFE = 300
OAUTH, LOGIN, PHONE = "oauth", "login", "phone"
USED = 40163
UNKNOWN = 40029


def issue(sandbox: Sandbox, kind: str, account: Account, person: Person, data: dict[str, Any]) -> str:  # fmt: skip
    """A new code of a kind that stands for a person at an account."""
    code = f"0{secrets.token_urlsafe(23)}"
    with sandbox.store.transaction():
        sandbox.store.insert(
            "wechat_codes", code=code, kind=kind, appid=account.appid, person_id=person.id,
            data=json.dumps(data), expires_at=sandbox.clock.now() + LIFE,
        )  # fmt: skip
    return code


def redeem(
    sandbox: Sandbox, kind: str, account: Account, code: str, *, used: int = USED
) -> tuple[Person, dict[str, Any]]:
    """Use a code up: whose it is and what it stands for; 40029, or ``used`` the second time."""
    row = sandbox.store.row(
        "SELECT * FROM wechat_codes WHERE code = ? AND kind = ? AND appid = ?",
        code, kind, account.appid,
    )  # fmt: skip
    if row is None:
        raise WeChatError(UNKNOWN)
    if row["used"]:
        raise WeChatError(used)
    person = sandbox.people.get(row["person_id"])
    if person is None or row["expires_at"] < sandbox.clock.now():
        raise WeChatError(UNKNOWN)
    sandbox.store.run("UPDATE wechat_codes SET used = 1 WHERE code = ?", code)
    data: dict[str, Any] = json.loads(row["data"])
    return person, data
