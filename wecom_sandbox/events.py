"""The plain XML of events as callbacks.md §4-§8 describes them."""

from xml.sax.saxutils import escape

from wecom_sandbox.defaults import CORP_ID

Fields = dict[str, str | int | None]


def event_xml(event: str, change_type: str, at: int, fields: Fields) -> str:
    """One event.

    Args:
        event: ``change_external_contact`` and so on.
        change_type: the kind of change.
        at: CreateTime, Unix seconds.
        fields: further elements in order; None leaves one out.
    """
    head: Fields = {
        "ToUserName": CORP_ID,
        "FromUserName": "sys",
        "CreateTime": at,
        "MsgType": "event",
        "Event": event,
        "ChangeType": change_type,
    }
    parts = [_element(name, value) for name, value in (head | fields).items() if value is not None]
    return f"<xml>{''.join(parts)}</xml>"


def _element(name: str, value: str | int) -> str:
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    if "]]>" in value:
        return f"<{name}>{escape(value)}</{name}>"
    return f"<{name}><![CDATA[{value}]]></{name}>"
