"""The plain XML of events as callbacks.md §4-§8 describes them."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from wecom_sandbox.defaults import CORP_ID

# An element's text, its children, or the same element several times; None leaves it out.
Value = str | int | float | None | Mapping[str, "Value"] | Sequence["Value"]
Fields = Mapping[str, Value]


def event_xml(event: str, change_type: str, at: int, fields: Fields) -> str:
    """One event.

    Args:
        event: ``change_external_contact`` and so on.
        change_type: the kind of change; empty for events that have none.
        at: CreateTime, Unix seconds.
        fields: further elements in order; None leaves one out. Elements of the head can be changed too
            (``FromUserName`` of a member, ``MsgType`` of a message).
    """
    head: Fields = {
        "ToUserName": CORP_ID,
        "FromUserName": "sys",
        "CreateTime": at,
        "MsgType": "event",
        "Event": event,
        "ChangeType": change_type or None,
    }
    return f"<xml>{_elements({**head, **fields})}</xml>"


def _elements(fields: Fields) -> str:
    return "".join(_element(name, value) for name, value in fields.items() if value is not None)


def _element(name: str, value: Value) -> str:
    if isinstance(value, list | tuple):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, Mapping):
        return f"<{name}>{_elements(value)}</{name}>"
    if isinstance(value, int | float):
        return f"<{name}>{value}</{name}>"
    text = str(value)
    if "]]>" in text:
        return f"<{name}>{escape(text)}</{name}>"
    return f"<{name}><![CDATA[{text}]]></{name}>"
