"""What was used of each limit: calls a day and a minute, opens, clearings (wechat.md §6)."""

from wecom_sandbox import pages
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat.accounts import Account, settings_of
from wecom_sandbox.wechat.errors import WeChatError
from wecom_sandbox.wechat.registry import REGISTRY, Endpoint

# What quota/get shows for endpoints without a published number.
MANY = 10_000_000
CLEARS_A_MONTH = 10


def today(sandbox: Sandbox) -> str:
    """The day in China, for counters that end at midnight."""
    return pages.local_time(sandbox.clock.now()).strftime("%Y-%m-%d")


def month(sandbox: Sandbox) -> str:
    """The month in China."""
    return today(sandbox)[:7]


def used(sandbox: Sandbox, name: str, period: str) -> int:
    """How often a thing was counted in a period."""
    sql = "SELECT used FROM wechat_counts WHERE name = ? AND period = ?"
    return int(sandbox.store.value(sql, name, period) or 0)


def count(sandbox: Sandbox, name: str, period: str, most: int) -> bool:
    """Count one use; False (and nothing counted) when ``most`` are used up."""
    with sandbox.store.transaction():
        if used(sandbox, name, period) >= most:
            return False
        sandbox.store.run(
            "INSERT INTO wechat_counts VALUES (?, ?, 1) ON CONFLICT (name, period) DO UPDATE SET used = used + 1",
            name, period,
        )  # fmt: skip
    return True


def day_limit(sandbox: Sandbox, account: Account, endpoint: Endpoint) -> int:
    """Calls a day this account has at an endpoint."""
    own = settings_of(sandbox, account).daily_limits.get(endpoint.path)
    return own if own is not None else endpoint.day or MANY


def take(sandbox: Sandbox, account: Account, endpoint: Endpoint) -> None:
    """Count one call; 45009 over the day's limit, 45011 over the minute's."""
    name = f"{account.appid}:{endpoint.counted_as}"
    if endpoint.minute:
        minute = f"minute {int(sandbox.clock.now() // 60)}"
        if not count(sandbox, name, minute, endpoint.minute):
            raise WeChatError(45011)
    if not count(sandbox, name, today(sandbox), day_limit(sandbox, account, endpoint)):
        raise WeChatError(45009)


def shown(sandbox: Sandbox, account: Account, path: str) -> dict[str, int]:
    """Limit, use and rest of an endpoint today; 40097 for a path that is none."""
    endpoint = REGISTRY.get(path)
    if endpoint is None:
        raise WeChatError(40097)
    limit = day_limit(sandbox, account, endpoint)
    spent = used(sandbox, f"{account.appid}:{endpoint.counted_as}", today(sandbox))
    return {"daily_limit": limit, "used": spent, "remain": max(0, limit - spent)}


def clear(sandbox: Sandbox, account: Account, path: str | None) -> None:
    """Begin the day anew, for one endpoint or all; ten times a month (48006)."""
    if path is not None and path not in REGISTRY:
        raise WeChatError(40097)
    if not count(sandbox, f"{account.appid}:clear", month(sandbox), CLEARS_A_MONTH):
        raise WeChatError(48006)
    pattern = f"{account.appid}:{REGISTRY[path].counted_as if path else '/%'}"
    sandbox.store.run(
        "DELETE FROM wechat_counts WHERE name LIKE ? AND period = ?", pattern, today(sandbox)
    )
