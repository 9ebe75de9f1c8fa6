"""What each type of app message may hold (messaging-media.md §1, docs 90236 and 90248)."""

from collections.abc import Callable
from typing import Any

from wecom_sandbox.apps import media_store, template_cards
from wecom_sandbox.call import BAD_PARAMETER, whole_number
from wecom_sandbox.errors import WeComError
from wecom_sandbox.sandbox import Sandbox

MOST_TEXT_BYTES = 2048
MOST_ARTICLES, MOST_ITEMS = 8, 10
_MOST_PAGE_BYTES = 666 * 1024
_MEDIA = ("image", "voice", "video", "file")
Content = dict[str, Any]
Checker = Callable[[Sandbox, Content], Content]


def check(sandbox: Sandbox, msgtype: str, given: object) -> Content:
    """The section of a message as WeCom takes it: checked, texts cut where it cuts.

    Args:
        sandbox: the corp, for media.
        msgtype: one of the types the caller allows.
        given: the object of that name in the request.

    Raises:
        WeComError: 44004 missing or empty, 40007 media, 40058, 45001, 45008, 45032, 40066 and those of cards.
    """
    if not isinstance(given, dict) or not given:
        raise WeComError(44004)
    checker = _CHECKERS.get(msgtype)
    return checker(sandbox, dict(given)) if checker else _media(sandbox, msgtype, dict(given))


def cut(text: str, most: int) -> str:
    """A text cut to so many bytes of UTF-8, at a whole character."""
    return text.encode()[:most].decode("utf-8", "ignore")


def need(content: Content, *names: str) -> None:
    """40058 naming the first field that is missing."""
    for name in names:
        if not str(content.get(name) or "").strip():
            raise WeComError(BAD_PARAMETER, f"{name} missing")


def need_link(content: Content) -> None:
    """40066 for an address that is too long; 40058 without address or mini program page."""
    if content.get("appid") or content.get("pagepath"):
        need(content, "appid", "pagepath")
        return
    need(content, "url")
    if len(str(content["url"]).encode()) > MOST_TEXT_BYTES:
        raise WeComError(40066)


def _text(sandbox: Sandbox, content: Content) -> Content:
    text = content.get("content")
    if not isinstance(text, str) or not text:
        raise WeComError(44004)
    return content | {"content": cut(text, MOST_TEXT_BYTES)}


def _media(sandbox: Sandbox, msgtype: str, content: Content) -> Content:
    media_store.need(sandbox, str(content.get("media_id", "")), msgtype)
    if msgtype == "video":
        return _cut_fields(content, {"title": 128, "description": 512})
    return content


def _textcard(sandbox: Sandbox, content: Content) -> Content:
    need(content, "title", "description")
    need_link(content)
    content["btntxt"] = str(content.get("btntxt") or "详情")[:4]
    return _cut_fields(content, {"title": 128, "description": 512})


def _news(sandbox: Sandbox, content: Content) -> Content:
    articles = _articles(content)
    for article in articles:
        need(article, "title")
        need_link(article)
    limits = {"title": 128, "description": 512}
    return content | {"articles": [_cut_fields(dict(one), limits) for one in articles]}


def _mpnews(sandbox: Sandbox, content: Content) -> Content:
    for article in _articles(content):
        need(article, "title", "thumb_media_id", "content")
        media_store.need(sandbox, str(article["thumb_media_id"]), "image")
        if len(str(article["content"]).encode()) > _MOST_PAGE_BYTES:
            raise WeComError(45002)
        if len(str(article.get("author") or "").encode()) > 64:
            raise WeComError(45032)
    return content


def _articles(content: Content) -> list[Content]:
    articles = content.get("articles")
    if not isinstance(articles, list) or not articles:
        raise WeComError(44004)
    if len(articles) > MOST_ARTICLES:
        raise WeComError(45008)
    if not all(isinstance(one, dict) for one in articles):
        raise WeComError(BAD_PARAMETER, "articles must hold objects")
    return articles


def _notice(sandbox: Sandbox, content: Content) -> Content:
    need(content, "appid", "title")
    title = str(content["title"])
    if not 4 <= len(title) <= 12:
        raise WeComError(BAD_PARAMETER, "title must have 4 to 12 characters")
    description = str(content.get("description") or "")
    if description and not 4 <= len(description) <= 12:
        raise WeComError(BAD_PARAMETER, "description must have 4 to 12 characters")
    items = content.get("content_item") or []
    if not isinstance(items, list) or len(items) > MOST_ITEMS:
        raise WeComError(BAD_PARAMETER, f"content_item takes at most {MOST_ITEMS}")
    for item in items:
        need(item, "key", "value")
        if len(str(item["key"])) > 10 or len(str(item["value"])) > 30:
            raise WeComError(BAD_PARAMETER, "content_item: key 10, value 30 characters at most")
    return content


def _taskcard(sandbox: Sandbox, content: Content) -> Content:
    need(content, "title", "description", "task_id")
    template_cards.check_task_id(content["task_id"])
    buttons = content.get("btn")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 2:
        raise WeComError(BAD_PARAMETER, "btn takes 1 or 2 buttons")
    for button in buttons:
        need(button, "key", "name")
        if button.get("color") not in (None, "", "red", "blue"):
            raise WeComError(BAD_PARAMETER, "btn.color must be red or blue")
    return _cut_fields(content, {"title": 128, "description": 512})


def _cut_fields(content: Content, limits: dict[str, int]) -> Content:
    for name, most in limits.items():
        if name in content:
            content[name] = cut(str(content[name]), most)
    return content


def _card(sandbox: Sandbox, content: Content) -> Content:
    return template_cards.check(sandbox, content)


def check_flags(body: Content) -> int:
    """The ``safe`` of a message; 40058 for what is no flag."""
    msgtype = body.get("msgtype")
    whole_number(body.get("enable_id_trans", 0), "enable_id_trans", most=1)
    return whole_number(body.get("safe", 0), "safe", most=2 if msgtype == "mpnews" else 1)


_CHECKERS: dict[str, Checker] = {
    "text": _text,
    "markdown": _text,
    "textcard": _textcard,
    "news": _news,
    "mpnews": _mpnews,
    "miniprogram_notice": _notice,
    "interactive_taskcard": _taskcard,
    "template_card": _card,
}
TYPES = (*_MEDIA, *_CHECKERS)
