"""Control calls of an app's members and administrators: what they press, send and allow."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from wecom_sandbox.apps import agents, app_inputs, media_store, renewals, template_cards
from wecom_sandbox.contacts import members
from wecom_sandbox.controls import Body, NotThereError, control
from wecom_sandbox.defaults import AppConfig, app_named
from wecom_sandbox.sandbox import Sandbox


@control("POST", "card_press")
def press(sandbox: Sandbox, body: Body) -> Any:
    """A member presses a button of a card: {userid, msgid, key, selected: {question: [options]}}."""
    sql = "SELECT id FROM messages WHERE msgid = ?"
    message_id = sandbox.store.value(sql, str(body["msgid"]))
    if message_id is None:
        raise NotThereError("no such message")
    selected = {str(name): list(ids) for name, ids in (body.get("selected") or {}).items()}
    template_cards.press(sandbox, str(body["userid"]), message_id, str(body["key"]), selected)
    return {"ok": True}


@control("POST", "app_input")
def app_input(sandbox: Sandbox, body: Body) -> Any:
    """What a member does in an app: {userid, app (scrm), action, …}.

    enter {location: {latitude, longitude, precision}}, menu {place: "0.1", result…}, text {content},
    image {media_id}, voice {media_id}, video {media_id}, location {latitude, longitude, label, scale},
    link {title, url, description, picurl}.
    """
    act = _ACTIONS.get(str(body["action"]))
    if act is None:
        raise ValueError("action must be one of " + ", ".join(_ACTIONS))
    userid = str(members.need(sandbox.store, str(body["userid"]))["userid"])
    with sandbox.store.transaction():
        act(sandbox, _app(body), userid, body)
    return {"ok": True}


@control("POST", "app_range")
def app_range(sandbox: Sandbox, body: Body) -> Any:
    """An administrator puts a member into an app's range or takes him out: {userid, app, add}.

    Raises subscribe or unsubscribe, where his range changed by it.
    """
    app = _app(body)
    userid = str(members.need(sandbox.store, str(body["userid"]))["userid"])
    rights, before = sandbox.scopes.rights(app.name), sandbox.scopes.sees_user(app, userid)
    if body.get("add", True):
        rights.users |= {userid.lower()}
    else:
        rights.users -= {userid.lower()}
    after = sandbox.scopes.sees_user(app, userid)
    if before != after:
        with sandbox.store.transaction():
            agents.tell(sandbox, app, userid, "subscribe" if after else "unsubscribe", {})
    return {"sees": after}


@control("POST", "app_admins")
def app_admins(sandbox: Sandbox, body: Body) -> Any:
    """Who manages an app: {app, admins: [{userid, auth_type: 0 sends only, 1 manages}]}."""
    admins = [
        {
            "userid": str(members.need(sandbox.store, str(one["userid"]))["userid"]),
            "auth_type": int(bool(one.get("auth_type", 1))),
        }
        for one in body["admins"]
    ]
    sandbox.store.set_meta(f"agent_admins:{_app(body).agent_id}", admins)
    return {"ok": True, "admins": admins}


@control("POST", "jssdk_voice")
def jssdk_voice(sandbox: Sandbox, body: Body) -> Any:
    """A member records a voice in a page of the app (uploadVoice): {speex: base64}; its media_id."""
    voice = base64.b64decode(str(body["speex"]), validate=True)
    if not voice:
        raise ValueError("speex is empty")
    media_id = media_store.store(sandbox, "jssdk", "voice.speex", voice, "audio/speex")
    return {"media_id": media_id}


@control("POST", "renew")
def renew(sandbox: Sandbox, body: Body) -> Any:
    """An administrator renews credentials: {app, secret: true} or {app, token, aes_key}.

    A new pair is saved only when the app's address opens it, as the admin console's page does; what was signed
    before is sent again as it was. A new secret ends the former one and its tokens.
    """
    app = app_named(str(body.get("app", "")))
    if app is None:
        raise NotThereError(f"no app {body.get('app')}")
    answer: dict[str, Any] = {"ok": True}
    if body.get("token") or body.get("aes_key"):
        pair: dict[str, Any] = {"token": str(body["token"]), "aes_key": str(body["aes_key"])}
        url = sandbox.delivery.urls().get(app.name)
        opened, words = (
            sandbox.delivery.verify(replace(app, **pair), url) if url else (False, "no address")
        )
        if not opened:
            return {"ok": False, "message": words}
        with sandbox.store.transaction():
            renewals.keep(sandbox.store, app.name, **pair)
    if body.get("secret"):
        answer["secret"] = renewals.new_secret()
        with sandbox.store.transaction():
            renewals.keep(sandbox.store, app.name, secret=answer["secret"])
            sandbox.tokens.revoke(app=app.name)
    return answer


def _app(body: Body) -> AppConfig:
    app = app_named(str(body.get("app", agents.self_built()[0].name)))
    if app is None or app.kind != "app":
        raise NotThereError(f"no app {body.get('app')}")
    return app


def _enter(sandbox: Sandbox, app: AppConfig, userid: str, body: Body) -> None:
    app_inputs.enter(sandbox, app, userid, body.get("location"))


def _menu(sandbox: Sandbox, app: AppConfig, userid: str, body: Body) -> None:
    app_inputs.choose(sandbox, app, userid, str(body["place"]), body)


def _message(kind: str) -> Callable[[Sandbox, AppConfig, str, Body], None]:
    def act(sandbox: Sandbox, app: AppConfig, userid: str, body: Body) -> None:
        fields = {name: value for name, value in body.items() if name not in ("userid", "app", "action")}  # fmt: skip
        app_inputs.write(sandbox, app, userid, kind, fields)

    return act


_ACTIONS: dict[str, Callable[[Sandbox, AppConfig, str, Body], None]] = {
    "enter": _enter,
    "menu": _menu,
    **{kind: _message(kind) for kind in app_inputs.TYPES},
}
