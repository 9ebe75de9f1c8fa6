"""QR codes with a scene (wechat.md §10)."""

from typing import Any

from wecom_sandbox.wechat import scene_codes
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.registry import Access, endpoint


@endpoint(
    "POST", "/cgi-bin/qrcode/create", access=Access.SERVICE, doc="§10", day=100_000,
    rules="30 days at most, 60 s by default; scene_id, scene_str 1–64; 100,000 permanent (45029), the same again",
)  # fmt: skip
def create(call: Call) -> dict[str, Any]:
    """A code."""
    scene = call.section("action_info").get("scene")
    row = scene_codes.create(
        call.sandbox, call.text("action_name"), scene if isinstance(scene, dict) else {},
        call.number("expire_seconds", scene_codes.DEFAULT_LIFE),
    )  # fmt: skip
    answer: dict[str, Any] = {"ticket": row["ticket"]}
    if row["expires_at"] is not None:
        answer["expire_seconds"] = round(row["expires_at"] - row["created_at"])
    return answer | {"url": scene_codes.link_of(call.sandbox, row, call.base_url)}
