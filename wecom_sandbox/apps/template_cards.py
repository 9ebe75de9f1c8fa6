"""Template cards: their limits, the answers members give on them, and what an app puts in their place (docs 90236, 94888)."""

import json
import re
import secrets
import sqlite3
from collections.abc import Sequence
from typing import Any

from wecom_sandbox.apps import media_store
from wecom_sandbox.apps.agents import by_agent_id
from wecom_sandbox.call import BAD_PARAMETER
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.sandbox import Sandbox

CODE_SECONDS = 72 * 3600
NOTICES = ("text_notice", "news_notice")
ASKING = ("button_interaction", "vote_interaction", "multiple_interaction")
_TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
Card = dict[str, Any]
# List of a card: least when the type needs it, most.
_LISTS = {
    "vertical_content_list": 4,
    "horizontal_content_list": 6,
    "jump_list": 3,
    "button_list": 6,
    "select_list": 3,
}
# Fields that a type cannot be without.
_NEEDED: dict[str, tuple[str, ...]] = {
    "text_notice": ("card_action",),
    "news_notice": ("main_title", "card_action"),
    "button_interaction": ("main_title", "button_list", "task_id"),
    "vote_interaction": ("main_title", "checkbox", "submit_button", "task_id"),
    "multiple_interaction": ("main_title", "select_list", "submit_button", "task_id"),
}


def check(sandbox: Sandbox, card: Card) -> Card:
    """The card as given; 40058 for what is missing or too much, 40007 for a file of a list."""
    kind = card.get("card_type")
    if kind not in _NEEDED:
        raise WeComError(BAD_PARAMETER, "invalid card_type")
    for name in _NEEDED[str(kind)]:
        if not card.get(name):
            raise WeComError(BAD_PARAMETER, f"template_card.{name} missing")
    if card.get("task_id"):
        check_task_id(card["task_id"])
    if kind == "text_notice" and not (card.get("main_title") or card.get("sub_title_text")):
        raise WeComError(BAD_PARAMETER, "main_title.title and sub_title_text both empty")
    if kind == "news_notice" and not (card.get("card_image") or card.get("image_text_area")):
        raise WeComError(BAD_PARAMETER, "card_image missing")
    _check_lists(sandbox, card)
    _check_image(card)
    _check_menu(card)
    _check_asking(card)
    return card


def check_task_id(task_id: object) -> None:
    """40058 for a task_id with other characters or longer than 128."""
    if not isinstance(task_id, str) or not _TASK_ID.fullmatch(task_id):
        raise WeComError(BAD_PARAMETER, "invalid task_id")


def can_be_answered(card: Card) -> bool:
    """Whether members can press something that the app hears of, and so a response_code is given."""
    return card["card_type"] in ASKING or bool(card.get("action_menu"))


def issue_code(sandbox: Sandbox, message_id: int) -> str:
    """A response_code for one update within 72 hours."""
    code = secrets.token_urlsafe(24)
    sandbox.store.insert(
        "response_codes", code=code, message_id=message_id,
        expires_at=sandbox.clock.now() + CODE_SECONDS,
    )  # fmt: skip
    return code


def redeem(sandbox: Sandbox, code: str, agentid: int) -> sqlite3.Row:
    """The message of a response_code; 40058 when it is unknown, used, too old or of another app."""
    row = sandbox.store.row(
        "SELECT m.* FROM response_codes c JOIN messages m ON m.id = c.message_id "
        "WHERE c.code = ? AND c.used = 0 AND c.expires_at > ? AND m.agentid = ?",
        code, sandbox.clock.now(), agentid,
    )  # fmt: skip
    if row is None:
        raise WeComError(BAD_PARAMETER, "invalid response_code")
    sandbox.store.run("UPDATE response_codes SET used = 1 WHERE code = ?", code)
    return row


def replace(
    sandbox: Sandbox, message_id: int, userids: Sequence[str], *, button: str = "", card: Card | None = None
) -> list[str]:  # fmt: skip
    """Grey the button or put another card in the place of the old one; who did not have it."""
    without = []
    for userid in userids:
        changed = sandbox.store.run(
            "UPDATE message_recipients SET replaced = ?, card = COALESCE(?, card) "
            "WHERE message_id = ? AND userid = ? AND dropped = ''",
            button, json.dumps(card, ensure_ascii=False) if card else None, message_id, userid,
        )  # fmt: skip
        if not changed:
            without.append(userid)
    return without


def shown(row: sqlite3.Row, content: Card) -> Card:
    """The card as one member sees it now."""
    return dict(json.loads(row["card"])) if row["card"] else content


def press(
    sandbox: Sandbox, userid: str, message_id: int, key: str, selected: dict[str, list[str]] | None = None
) -> None:  # fmt: skip
    """A member presses a button of a card, sends a vote or picks from the card's menu.

    Raises ``template_card_event``, ``template_card_menu_event`` or, for the older task cards,
    ``taskcard_click`` to the app.

    Args:
        sandbox: the corp.
        userid: who presses.
        message_id: the message with the card.
        key: of the button or menu action.
        selected: option ids per question key, of votes and selections.

    Raises:
        NotPossibleError: he has no such card, or it has no such button left.
    """
    store = sandbox.store
    with store.transaction():
        row = store.row(
            "SELECT r.*, m.msgtype, m.content, m.recalled FROM message_recipients r JOIN messages m "
            "ON m.id = r.message_id WHERE m.id = ? AND r.userid = ? AND r.dropped = ''",
            message_id, userid,
        )  # fmt: skip
        if row is None or row["recalled"]:
            raise NotPossibleError("no such card")
        card = shown(row, json.loads(row["content"]))
        app = by_agent_id(row["agentid"])
        if row["replaced"] or app is None:
            raise NotPossibleError("the card was answered")
        head = {"FromUserName": row["userid"], "EventKey": key, "TaskId": card.get("task_id", "")}
        if row["msgtype"] == "interactive_taskcard":
            _need_key(key, card.get("btn", []))
            sandbox.delivery.publish(
                app.name, "taskcard_click", "", head | {"AgentID": app.agent_id}
            )
        else:
            event = _event_of(card, key, selected or {})
            tail = {
                "CardType": card["card_type"], "ResponseCode": issue_code(sandbox, message_id),
                "AgentID": app.agent_id,
            }  # fmt: skip
            items = _selected_items(selected or {})
            sandbox.delivery.publish(app.name, event, "", head | tail | items)
        store.run(
            "UPDATE message_recipients SET answered = ? WHERE message_id = ? AND userid = ?",
            key, message_id, row["userid"],
        )  # fmt: skip


def _event_of(card: Card, key: str, selected: dict[str, list[str]]) -> str:
    actions = (card.get("action_menu") or {}).get("action_list", [])
    if any(one["key"] == key for one in actions):
        return "template_card_menu_event"
    if card["card_type"] == "button_interaction":
        _need_key(key, card["button_list"])
    elif card["card_type"] in ASKING:
        _need_key(key, [card["submit_button"]])
        _check_selected(card, selected)
    else:
        raise NotPossibleError("no such button")
    return "template_card_event"


def _need_key(key: str, buttons: Sequence[Card]) -> None:
    if not any(one.get("key") == key for one in buttons):
        raise NotPossibleError("no such button")


def _check_selected(card: Card, selected: dict[str, list[str]]) -> None:
    vote: Card = card.get("checkbox") or {}
    asked = [vote] if card["card_type"] == "vote_interaction" else card["select_list"]
    for question in asked:
        known = {option["id"] for option in question["option_list"]}
        chosen = selected.get(question["question_key"], [])
        single = question is not vote or not question.get("mode")
        if not chosen or not known.issuperset(chosen) or (single and len(chosen) > 1):
            raise NotPossibleError("choose from the options of every question")


def _selected_items(selected: dict[str, list[str]]) -> dict[str, Any]:
    items = [
        {"QuestionKey": question, "OptionIds": {"OptionId": options}}
        for question, options in selected.items()
    ]
    return {"SelectedItems": {"SelectedItem": items}} if items else {}


def _check_lists(sandbox: Sandbox, card: Card) -> None:
    for name, most in _LISTS.items():
        items = card.get(name) or []
        if not isinstance(items, list) or len(items) > most:
            raise WeComError(BAD_PARAMETER, f"{name} takes at most {most}")
        if not all(isinstance(item, dict) for item in items):
            raise WeComError(BAD_PARAMETER, f"{name} must hold objects")
    for item in card.get("horizontal_content_list") or []:
        if item.get("type") == 2:
            media_store.need(sandbox, str(item.get("media_id", "")), "file")
    for item in card.get("button_list") or []:
        if not item.get("text") or not (item.get("key") or item.get("url")):
            raise WeComError(BAD_PARAMETER, "button_list: text and key or url needed")


def _check_image(card: Card) -> None:
    ratio = (card.get("card_image") or {}).get("aspect_ratio")
    if ratio is not None and not (isinstance(ratio, int | float) and 1.3 <= ratio <= 2.25):
        raise WeComError(BAD_PARAMETER, "card_image.aspect_ratio must be 1.3 to 2.25")


def _check_menu(card: Card) -> None:
    menu = card.get("action_menu")
    if not menu:
        return
    actions = menu.get("action_list")
    if not isinstance(actions, list) or not 1 <= len(actions) <= 3:
        raise WeComError(BAD_PARAMETER, "action_menu.action_list takes 1 to 3")
    if not all(one.get("key") and one.get("text") for one in actions):
        raise WeComError(BAD_PARAMETER, "action_list: key and text needed")
    if not card.get("task_id"):
        raise WeComError(BAD_PARAMETER, "template_card.task_id missing")


def _check_asking(card: Card) -> None:
    """Question keys and numbers of options."""
    checkbox = card.get("checkbox")
    questions = [(checkbox, 20)] if checkbox else []
    questions += [(one, 10) for one in card.get("select_list") or []]
    for question, most in questions:
        options = question.get("option_list")
        if not question.get("question_key") or not isinstance(options, list):
            raise WeComError(BAD_PARAMETER, "question_key and option_list needed")
        if not 1 <= len(options) <= most:
            raise WeComError(BAD_PARAMETER, f"option_list takes 1 to {most}")
        if not all(one.get("id") and one.get("text") for one in options):
            raise WeComError(BAD_PARAMETER, "option_list: id and text needed")
    submit = card.get("submit_button")
    if submit and not (submit.get("key") and submit.get("text")):
        raise WeComError(BAD_PARAMETER, "submit_button: key and text needed")
