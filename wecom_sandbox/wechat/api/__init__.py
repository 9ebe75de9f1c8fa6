"""The endpoints; importing a module registers them."""

from wecom_sandbox.wechat.api import (
    account,
    follower,
    jssdk,
    link,
    media,
    menu,
    message,
    oauth,
    program,
    scene_code,
    tag,
    template,
)

__all__ = [
    "account",
    "follower",
    "jssdk",
    "link",
    "media",
    "menu",
    "message",
    "oauth",
    "program",
    "scene_code",
    "tag",
    "template",
]
