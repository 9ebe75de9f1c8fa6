"""WeCom's error answers: code, text and the tail its servers add (README.md §3, §5)."""

import hashlib
from dataclasses import dataclass

TEXTS: dict[int, str] = {
    -1: "system busy",
    40001: "invalid credential",
    40003: "invalid UserID",
    40004: "invalid media type",
    40005: "invalid file type",
    40006: "invalid file size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40010: "invalid voice size",
    40011: "invalid video size",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40015: "invalid menu type",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40023: "invalid sub button size",
    40025: "invalid sub button name size",
    40029: "invalid code",
    40031: "invalid userid list",
    40032: "invalid userid list size",
    40033: "invalid request body: contains \\uxxxx",
    40035: "invalid parameter",
    40037: "invalid template id",
    40050: "invalid chat_id",
    40056: "invalid agentid",
    40058: "invalid Request Parameter",
    40063: "some parameters are empty",
    40066: "invalid url",
    40068: "invalid tagid",
    40070: "all user/party in the tag list are invalid",
    40071: "invalid tag name: existed",
    40072: "invalid tag name or tagid",
    40073: "invalid openid",
    40088: "invalid jobid",
    40089: "jobid expired",
    40096: "invalid external userid",
    40097: "handover user has not resigned",
    40098: "member has not been real-name verified",
    40128: "transferred too often within 90 days",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "corpsecret missing",
    41005: "media data missing",
    41006: "media_id missing",
    41008: "missing code",
    41009: "userid missing",
    41011: "agentid missing",
    41017: "tagid missing",
    41048: "no customer to send",
    41050: "welcome code expired or invalid",
    41051: "externaluser has started chatting or welcome message already sent",
    41054: "user not activated",
    41055: "group welcome template count exceeds limit",
    41059: "moment_id missing",
    41060: "invalid moment_id",
    41061: "moment does not belong to the user",
    41062: "moment not published",
    41063: "moment is being dispatched, retry later",
    41064: "invalid attachments size",
    41065: "invalid attachments msgtype",
    41066: "invalid attachment type",
    41067: "invalid moment type",
    41089: "text and attachments both empty",
    41093: "group message cancelled",
    41096: "another app is sending the welcome message with the same code",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    44001: "empty media data",
    44004: "empty text content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45004: "description length out of limit",
    45007: "voice play time out of limit",
    45008: "article size out of limit",
    45009: "api freq out of limit",
    45022: "name size out of limit",
    45024: "account count out of limit",
    45026: "mass deletion refused",
    45032: "author size out of limit",
    45033: "api concurrent out of limit",
    46003: "menu no exist",
    46004: "user no exist",
    47001: "data format error",
    48002: "api forbidden",
    49008: "group chat is dismissed",
    50001: "redirect_uri not match trusted domain",
    60003: "department not found",
    60004: "parent department not found",
    60005: "department contains user",
    60006: "department contains sub departments",
    60007: "cannot delete root department",
    60008: "department existed",
    60009: "department name contains invalid char or has invalid length",
    60010: "department parentid makes a cycle",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60102: "userid existed",
    60103: "mobile format invalid",
    60104: "mobile existed",
    60105: "email format invalid",
    60106: "email existed",
    60110: "number of user's department exceeds limit",
    60111: "userid not found",
    60112: "invalid name",
    60123: "invalid party id",
    60127: "department list empty",
    60129: "missing mobile or email",
    81001: "too many nodes under the department",
    81002: "department level exceeds limit",
    81013: "user & party & tag all invalid",
    81017: "too many members in scope, owner_filter required",
    82001: "all touser & toparty & totag invalid",
    82002: "too many parties",
    82003: "too many tags",
    84014: "user ticket expired",
    84015: "invalid user ticket",
    84025: "invalid state",
    84061: "not external contact",
    84074: "no external contact permission",
    86001: "invalid chatid",
    86003: "chatid not exist",
    86004: "invalid group name",
    86005: "invalid group owner",
    86006: "too many or too few group members",
    86007: "invalid group member",
    86008: "not a chat created by this app",
    86215: "chatid existed",
    90100: "external_attr: invalid type",
    90101: "external_attr: invalid text",
    90102: "external_attr: invalid web title",
    90103: "external_attr: invalid web url",
    90104: "external_attr: invalid miniprogram title",
    90105: "external_attr: invalid miniprogram page",
    90106: "external_attr: invalid parameter",
    90500: "the owner of this chat is not resigned",
    90501: "chat is not external group chat",
    90502: "the owner of this chat has resigned",
    90507: "the chat is being transferred",
    90508: "the chat has been transferred",
    91040: "invalid ticket type",
    93000: "invalid webhook url",
    95000: "invalid open_kfid",
    95001: "send msg count limit",
    95002: "send msg time limit",
    95004: "open_kfid not exist",
    95005: "kf account count limit",
    95006: "invalid kf account name",
    95007: "invalid msg token",
    95008: "too many menu items",
    95009: "invalid menu item type",
    95013: "conversation end",
    95014: "user is not a servicer",
    95016: "not allow to change service state",
    95018: "send msg session status invalid",
    301002: "no privilege for this object",
    301005: "cannot delete the creator of the corp",
    301012: "invalid position",
    301013: "invalid telephone",
    301019: "media md5 not match",
    301053: "corp is not open msgaudit",
    302003: "batch import: duplicated userid",
    302004: "batch import: invalid department tree",
    302005: "batch import: system error",
    302006: "batch import: duplicated party id",
    302007: "batch import: duplicated name below one parent",
    830001: "invalid url",
    830003: "download from url failed",
}
# Codes whose text WeCom follows with hint, caller address and a link to its tool.
_WITH_TAIL = frozenset(
    {40001, 40013, 40014, 42001, 45009, 45033, 48002, 60011, 60020, 93000, 95018}
)


@dataclass
class WeComError(Exception):
    """An answer other than ok. ``detail`` goes after WeCom's text."""

    code: int
    detail: str = ""

    def text(self) -> str:
        """The bare words, without the tail."""
        base = TEXTS.get(self.code, "error")
        return f"{base}: {self.detail}" if self.detail else base


class NotPossibleError(Exception):
    """Something a person or guide tried cannot be done; the text says why."""


def error_text(fault: WeComError, *, ip: str, at: float, serial: int) -> str:
    """The ``errmsg`` as WeCom writes it.

    Args:
        fault: the answer.
        ip: caller's address, shown in the tail.
        at: sandbox time, Unix seconds.
        serial: call number, makes the hint unique.
    """
    if fault.code not in _WITH_TAIL:
        return fault.text()
    digest = hashlib.md5(f"{at}-{serial}".encode(), usedforsecurity=False).hexdigest()
    return (
        f"{fault.text()}, hint: [{int(at)}_{serial}_{digest}], from ip: {ip}, "
        f"more info at https://open.work.weixin.qq.com/devtool/query?e={fault.code}"
    )
