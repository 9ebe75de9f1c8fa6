"""获客助手 quota: bought in batches that lapse, one used up per customer added (doc 97375, callbacks.md §9)."""

from typing import Any

from wecom_sandbox import china_time
from wecom_sandbox.controls import Body, control
from wecom_sandbox.due import settles
from wecom_sandbox.sandbox import Sandbox

EVENT = "customer_acquisition"
LOW = 20
WARNING_DAYS = (14, 7, 3, 2, 1)
# What a fresh corp has, so that links work without a visit to the shop.
FIRST_BATCH, FIRST_DAYS = 1000, 365


def balance(sandbox: Sandbox) -> int:
    """How many customers can still be added."""
    _begin(sandbox)
    found = sandbox.store.value(
        "SELECT COALESCE(SUM(balance), 0) FROM acquisition_quotas WHERE NOT lapsed"
    )
    return int(found)


def public(sandbox: Sandbox) -> dict[str, Any]:
    """As customer_acquisition_quota answers: all that was ever bought, what is left, and until when."""
    left = balance(sandbox)
    total = sandbox.store.value("SELECT COALESCE(SUM(bought), 0) FROM acquisition_quotas")
    rows = sandbox.store.rows(
        "SELECT expire_date, SUM(balance) AS balance FROM acquisition_quotas WHERE NOT lapsed AND balance > 0 "
        "GROUP BY expire_date ORDER BY expire_date"
    )
    batches = [{"expire_date": row["expire_date"], "balance": row["balance"]} for row in rows]
    return {"total": int(total), "balance": left, "quota_list": batches}


def use_one(sandbox: Sandbox) -> None:
    """A customer was added: one less of the batch that lapses first. Raises balance_low and balance_exhausted."""
    before = balance(sandbox)
    sandbox.store.run(
        "UPDATE acquisition_quotas SET balance = balance - 1 WHERE id = "
        "(SELECT id FROM acquisition_quotas WHERE NOT lapsed AND balance > 0 ORDER BY expire_date, id LIMIT 1)"
    )
    _tell_fall(sandbox, before, balance(sandbox))


@control("POST", "acquisition_buy")
def buy(sandbox: Sandbox, body: Body) -> Any:
    """Control API ``acquisition_buy``: {amount, days}; balance_increased when there was none. The new quota.

    With ``{empty: true}`` everything that is left is taken away first, as if it had been used up.
    """
    with sandbox.store.transaction():
        before = balance(sandbox)
        if body.get("empty"):
            sandbox.store.run("UPDATE acquisition_quotas SET balance = 0")
            _tell_fall(sandbox, before, 0)
            before = 0
        amount = int(body.get("amount", 0))
        if amount < 0:
            raise ValueError("amount must not be negative")
        if amount:
            _add(sandbox, amount, int(body.get("days", FIRST_DAYS)))
        if before == 0 and amount:
            sandbox.delivery.publish_customer(EVENT, "balance_increased", {})
        return public(sandbox)


@settles
def lapse_due(sandbox: Sandbox) -> None:
    """Warn 14, 7, 3, 2 and 1 days before a batch lapses, and let it lapse."""
    now = sandbox.clock.now()
    with sandbox.store.transaction():
        rows = sandbox.store.rows(
            "SELECT * FROM acquisition_quotas WHERE NOT lapsed AND balance > 0 AND expire_date <= ?",
            int(now) + WARNING_DAYS[0] * china_time.DAY,
        )
        for row in rows:
            if row["expire_date"] <= now:
                before = balance(sandbox)
                sandbox.store.run(
                    "UPDATE acquisition_quotas SET lapsed = 1 WHERE id = ?", row["id"]
                )
                _tell_fall(sandbox, before, balance(sandbox))
                continue
            left = (row["expire_date"] - now) / china_time.DAY
            step = min(day for day in WARNING_DAYS if left <= day)
            if step < row["warned"]:
                sandbox.store.run(
                    "UPDATE acquisition_quotas SET warned = ? WHERE id = ?", step, row["id"]
                )
                sandbox.delivery.publish_customer(
                    EVENT, "quota_expire_soon",
                    {"ExpireTime": row["expire_date"], "ExpireQuotaNum": row["balance"]},
                )  # fmt: skip


def _begin(sandbox: Sandbox) -> None:
    if sandbox.store.value("SELECT 1 FROM acquisition_quotas LIMIT 1") is None:
        _add(sandbox, FIRST_BATCH, FIRST_DAYS)


def _add(sandbox: Sandbox, amount: int, days: int) -> None:
    expires = china_time.day_start(sandbox.clock.now()) + days * china_time.DAY
    sandbox.store.insert("acquisition_quotas", bought=amount, balance=amount, expire_date=expires)


def _tell_fall(sandbox: Sandbox, before: int, after: int) -> None:
    if before >= LOW > after > 0:
        sandbox.delivery.publish_customer(EVENT, "balance_low", {})
    if before > 0 and after == 0:
        sandbox.delivery.publish_customer(EVENT, "balance_exhausted", {})
