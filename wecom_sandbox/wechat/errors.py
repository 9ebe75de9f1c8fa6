"""WeChat's error answers: code, text and the rid at their end (wechat.md §5)."""

import secrets
from dataclasses import dataclass

TEXTS: dict[int, str] = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40022: "invalid sub button level",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40032: "invalid openid list size",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid parameter",
    40037: "invalid template_id",
    40066: "invalid url",
    40097: "invalid args",
    40102: "industry id invalid",
    40125: "invalid appsecret",
    40159: "invalid length for path, or the data is not json string",
    40163: "code been used",
    40164: "invalid ip",
    40165: "invalid weapp pagepath",
    40169: "invalid length for scene, or the data is not json string",
    40226: "high risk user",
    40243: "invalid appsecret, the appsecret is frozen",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41008: "missing code",
    41009: "missing openid",
    41030: "invalid page",
    42001: "access_token expired",
    42002: "refresh_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43019: "require remove blacklist",
    43100: "change template too frequently",
    43101: "user refuse to accept the msg",
    43104: "appid not permitted",
    44004: "empty text content",
    44990: "reach max api second frequence limit",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit  mustslower  retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45029: "qrcode count out of limit",
    45047: "out of response count limit",
    45056: "too many tag now, no need to create new",
    45057: "can't modify the tag that has too many fans",
    45058: "can't modify sys tag",
    45059: "tag count out of limit",
    45063: "access_token is not of a mini program",
    45157: "invalid tag name",
    45158: "tag name too long",
    45159: "invalid tag id",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48006: "forbid to clear quota because of reaching the limit",
    85079: "miniprogram has no online release",
    85400: "permanent link count out of limit",
    85401: "invalid expire time",
    87009: "invalid signature",
}


@dataclass
class WeChatError(Exception):
    """An answer other than ok. ``detail`` goes after WeChat's text."""

    code: int
    detail: str = ""

    def text(self) -> str:
        """The words, without the rid."""
        base = TEXTS.get(self.code, "error")
        return f"{base} {self.detail}" if self.detail else base


def new_rid(at: float) -> str:
    """An id of one refused request: three times eight hex digits, the first the time."""
    return f"{int(at):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
