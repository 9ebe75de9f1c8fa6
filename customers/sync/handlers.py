"""WeCom's events for the sync: a change told late was not missed; a customer of a link has written."""

from typing import Any

from customers.relations.opened import Told, opened_told
from customers.relations.opened_models import OpenedChat
from customers.sync.services import told
from scrm.core.gateway import wecom
from scrm.inbox.handling import Event, Handler
from scrm.wecom.acquisition_types import ChatInfo
from scrm.wecom.errors import WeComPermanent


def mark_told(event: Event, _fetched: Any) -> None:
    """Note that a change a comparison had found has its event after all."""
    told(
        event.fields.get("UserID") or "",
        event.fields.get("ExternalUserID") or "",
        event.change_type,
        event.occurred_at,
    )


def first_message(event: Event, _fetched: Any) -> None:
    """Keep when the customer of a link wrote for the first time."""
    _opened(
        event,
        event.fields.get("UserID") or "",
        event.fields.get("ExternalUserID") or "",
        OpenedChat.Source.FIRST_MESSAGE,
    )


def read_chat(event: Event) -> ChatInfo | None:
    """Ask whose message it was: the event tells a key that lives for half an hour; raises WeComError."""
    try:
        return wecom().acquisition.chat_info(event.fields.get("ChatKey") or "")
    except WeComPermanent:
        # The key is too old; the list of the link tells it all the same.
        return None


def later_message(event: Event, fetched: Any) -> None:
    """Keep that a customer of a link has written, though WeCom told no first message."""
    info: ChatInfo | None = fetched
    if info is not None and info.received:
        _opened(event, info.userid, info.external_userid, OpenedChat.Source.LATER_MESSAGE)


def _opened(event: Event, userid: str, external_userid: str, source: str) -> None:
    opened_told([Told(userid, external_userid, OpenedChat.State.OPENED, source, event.occurred_at)])


CHANGE_TOLD = Handler(name="customer_sync.told", apply=mark_told)
FIRST_MESSAGE = Handler(name="opened.first", apply=first_message)
LATER_MESSAGE = Handler(name="opened.later", fetch=read_chat, apply=later_message)
