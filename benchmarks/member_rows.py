"""Members to send: every field filled, phones of real ranges, no two alike."""

from typing import Any

FIELDS = (
    "member_no", "name", "phone", "phone_verified", "unionid", "external_userid", "level", "store_code", "state",
    "joined_on",
)  # fmt: skip


def member(number: int) -> dict[str, Any]:
    """Return one member by number."""
    return {
        "member_no": f"VIP{number:010d}",
        "name": f"会员{number % 9973:04d}号",
        "phone": f"13{(number * 7_919_009) % 1_000_000_000:09d}",
        "phone_verified": number % 2 == 0,
        "unionid": f"oBench{number:022d}",
        "external_userid": "",
        "level": ("普卡", "金卡", "钻石")[number % 3],
        "store_code": f"S{number % 900:04d}",
        "state": "active",
        "joined_on": f"20{15 + number % 10}-{1 + number % 12:02d}-{1 + number % 28:02d}",
    }


def cells(number: int) -> list[str]:
    """Return the same as the cells of a file."""
    row = member(number)
    row["phone_verified"] = "1" if row["phone_verified"] else "0"
    return [str(row[name]) for name in FIELDS]
