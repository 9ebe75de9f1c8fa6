"""Messages to persons (wechat.md §12)."""

from typing import Any

from wecom_sandbox.wechat import messages, notices
from wecom_sandbox.wechat.accounts import MINI, SERVICE
from wecom_sandbox.wechat.call import Call
from wecom_sandbox.wechat.registry import Access, endpoint


@endpoint("POST", "/cgi-bin/message/template/send", access=Access.SERVICE, doc="§12 Template_Message_Interface", day=100_000, rules="40003, 43004, 43019, 40037, 40013, 47003 by value rule; client_msg_id once in 10 min; result event")  # fmt: skip
def template_send(call: Call) -> dict[str, Any]:
    """A service notice."""
    msgid = notices.send_template(call.sandbox, call.body)
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


@endpoint("POST", "/cgi-bin/message/template/subscribe", access=Access.SERVICE, doc="§12", rules="consent per scene (43101), title 15, 47003")  # fmt: skip
def template_subscribe(call: Call) -> None:
    """The message of a one-time subscription."""
    notices.send_one_time(call.sandbox, call.body)


@endpoint("POST", "/cgi-bin/message/subscribe/bizsend", access=Access.SERVICE, doc="§12", rules="40003, 40037, 47003, 43101; result event")  # fmt: skip
def subscribe_bizsend(call: Call) -> None:
    """A subscription message of the service account."""
    notices.send_consented(call.sandbox, SERVICE, call.body)


@endpoint("POST", "/cgi-bin/message/subscribe/send", access=Access.MINI, doc="§12 subscribeMessage.send", day=10_000_000, rules="40003, 40037, 47003, 41030, 43101 one a consent; result event")  # fmt: skip
def subscribe_send(call: Call) -> dict[str, Any]:
    """A subscription message of the mini program."""
    msgid = notices.send_consented(call.sandbox, MINI, call.body)
    return {"errcode": 0, "errmsg": "ok", "msgid": msgid}


@endpoint("POST", "/cgi-bin/message/custom/send", access=Access.ANY, doc="§5, §6", day=500_000, rules="48 h after the person acted (45015), 20 answers (45047), 40008, 40007, 44004, 45002, 43004, 43019")  # fmt: skip
def custom_send(call: Call) -> None:
    """Customer service writes."""
    messages.send_custom(call.sandbox, call.caller, call.body)
