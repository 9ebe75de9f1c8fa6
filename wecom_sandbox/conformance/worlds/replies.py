"""An app that answers a callback with a reply, for the samples of what it sends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from wecom_sandbox import crypto
from wecom_sandbox.conformance.world import RefusedError, World, setting, shows
from wecom_sandbox.defaults import AGENT_ID, CORP_ID, AppConfig, app_named

STAMP, NONCE = "1409659813", "1372623149"
CARD: dict[str, Any] = {
    "card_type": "button_interaction",
    "main_title": {"title": "换班申请"},
    "button_list": [{"text": "同意", "style": 1, "key": "yes"}],
    "task_id": "task-1",
}
CHANGE = (
    "<xml><ToUserName><![CDATA[guide0001]]></ToUserName>"
    f"<FromUserName><![CDATA[{CORP_ID}]]></FromUserName><CreateTime>{STAMP}</CreateTime>"
    "<MsgType><![CDATA[update_button]]></MsgType>"
    "<Button><ReplaceName><![CDATA[已同意]]></ReplaceName></Button></xml>"
)


@setting
def members(world: World) -> None:
    """Somebody to press the button."""
    world.control.post("seed_org", {"members": 1})


@shows("callback.message.update_button.xml")
def inner(world: World) -> str:
    """The reply that WeCom took, as the app wrote it."""
    answered(world)
    return CHANGE


@shows("callback.encrypted-envelope.reply.xml")
def outer(world: World) -> str:
    """The reply that WeCom took, as it travelled."""
    return answered(world)


def answered(world: World) -> str:
    """Press a card's button; the app's answer as it travelled. RefusedError when it was not taken."""
    app = app_named("scrm")
    if app is None:
        raise RefusedError("no app scrm")
    sealed = crypto.encrypt(CHANGE.encode(), app.aes_key, CORP_ID)
    reply = (
        f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt>"
        f"<MsgSignature><![CDATA[{crypto.signature(app.token, STAMP, NONCE, sealed)}]]></MsgSignature>"
        f"<TimeStamp>{STAMP}</TimeStamp><Nonce><![CDATA[{NONCE}]]></Nonce></xml>"
    )
    with listening(app, reply) as url:
        world.control.post("callback_urls", {"app": "scrm", "url": url})
        body = {"touser": "guide0001", "agentid": AGENT_ID, "msgtype": "template_card"}
        msgid = world.post("message/send", body | {"template_card": CARD})["msgid"]
        world.control.post("card_press", {"userid": "guide0001", "msgid": msgid, "key": "yes"})
        world.control.post("wait_idle", {"timeout": 10})
    outcomes = [row["outcome"] for row in world.control.get("ledger/replies")]
    if outcomes != ["taken"]:
        raise RefusedError(f"the reply was not taken: {outcomes}")
    return reply


@contextmanager
def listening(app: AppConfig, reply: str) -> Iterator[str]:
    """The app's address: answers the check of the address, and every event with the reply."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            echo = parse_qs(urlsplit(self.path).query)["echostr"][0]
            self.answer(crypto.decrypt(echo, app.aes_key, CORP_ID))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(reply.encode())

        def answer(self, body: bytes) -> None:
            """200 with that body."""
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Stay quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/callback"
    finally:
        server.shutdown()
        server.server_close()
