"""The corp's apps on the guide's phone: workbench, an app's chat with cards and menu, internal groups."""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.apps import (
    agents,
    app_inputs,
    app_messages,
    appchats,
    menus,
    template_cards,
    workbench,
)
from wecom_sandbox.contacts import members
from wecom_sandbox.defaults import AppConfig
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.phone import media as phone_media
from wecom_sandbox.phone.groups import nobody
from wecom_sandbox.sandbox import Sandbox

pages.menu_entry("guide", "Workbench", "/phone/m/{id}/apps")
pages.menu_entry("guide", "Internal groups", "/phone/m/{id}/teams")


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/phone/m/<userid>/apps", endpoint=bench, methods=["GET"]),
        Rule("/phone/m/<userid>/app/<int:agent_id>", endpoint=chat, methods=["GET", "POST"]),
        Rule("/phone/m/<userid>/app/<int:agent_id>/enter", endpoint=enter, methods=["POST"]),
        Rule("/phone/m/<userid>/teams", endpoint=teams, methods=["GET"]),
        Rule("/phone/m/<userid>/team/<chatid>", endpoint=team, methods=["GET"]),
    ]


def bench(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """The workbench: every app the member sees, with its own face."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return nobody(sandbox, request)
    seen = [app for app in agents.self_built() if sandbox.scopes.sees_user(app, userid)]
    apps = [
        {
            "id": app.agent_id,
            "card": agents.card(sandbox, app),
            "face": workbench.seen_by(sandbox, app.agent_id, userid),
            "unread": len(app_messages.received(sandbox, app.agent_id, userid)),
        }
        for app in seen
    ]
    return pages.render(sandbox, request, "workbench.html", member=member, apps=apps)


def enter(sandbox: Sandbox, request: Request, userid: str, agent_id: int) -> Response:
    """Open an app, giving the place or not."""
    member, app = members.find(sandbox.store, userid), _app(sandbox, userid, agent_id)
    if member is None or app is None:
        return nobody(sandbox, request)
    place = None
    if request.form.get("location") == "give":
        place = {"latitude": _number(request, "latitude", 31.23), "longitude": _number(request, "longitude", 121.47)}  # fmt: skip
    with sandbox.store.transaction():
        app_inputs.enter(sandbox, app, member["userid"], place)
    return pages.redirect(f"/phone/m/{userid}/app/{agent_id}#end")


def chat(sandbox: Sandbox, request: Request, userid: str, agent_id: int) -> Response:
    """An app's chat: what it sent, what the member sent, its menu."""
    member, app = members.find(sandbox.store, userid), _app(sandbox, userid, agent_id)
    if member is None or app is None:
        return nobody(sandbox, request)
    problem = ""
    if request.method == "POST":
        try:
            to = _act(sandbox, request, app, str(member["userid"]))
            return pages.redirect(to or f"/phone/m/{userid}/app/{agent_id}#end")
        except (NotPossibleError, ValueError, KeyError) as error:
            problem = str(error)
        except WeComError as error:
            problem = error.text()
    return pages.render(
        sandbox, request, "app_chat.html", member=member, app=agents.card(sandbox, app), problem=problem,
        talk=app_messages.talk(sandbox, agent_id, userid), menu=menus.of_app(sandbox, agent_id),
        here=f"/phone/m/{userid}/app/{agent_id}",
    )  # fmt: skip


def teams(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """Internal groups an app wrote into."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return nobody(sandbox, request)
    found = appchats.of_member(sandbox.store, userid)
    return pages.render(sandbox, request, "teams.html", member=member, teams=found)


def team(sandbox: Sandbox, request: Request, userid: str, chatid: str) -> Response:
    """What an app wrote into an internal group."""
    member = members.find(sandbox.store, userid)
    found = {one["chatid"]: one for one in appchats.of_member(sandbox.store, userid)}
    if member is None or chatid not in found:
        return nobody(sandbox, request)
    return pages.render(
        sandbox, request, "team.html", member=member, team=found[chatid],
        said=appchats.messages(sandbox.store, chatid, userid),
    )  # fmt: skip


def _app(sandbox: Sandbox, userid: str, agent_id: int) -> AppConfig | None:
    app = agents.by_agent_id(agent_id)
    return app if app is not None and sandbox.scopes.sees_user(app, userid) else None


def _number(request: Request, name: str, default: float) -> float:
    try:
        return float(request.form.get(name) or default)
    except ValueError:
        return default


def _press(sandbox: Sandbox, request: Request, app: AppConfig, userid: str) -> None:
    selected: dict[str, list[str]] = {}
    for name in request.form:
        if name.startswith("q:"):
            selected[name.removeprefix("q:")] = request.form.getlist(name)
    message_id, key = int(request.form["message"]), request.form["key"]
    template_cards.press(sandbox, userid, message_id, key, selected)


def _menu(sandbox: Sandbox, request: Request, app: AppConfig, userid: str) -> str | None:
    given: dict[str, Any] = {
        "result": request.form.get("text", ""), "label": request.form.get("text", ""),
        "latitude": 31.23, "longitude": 121.47,
    }  # fmt: skip
    message = phone_media.message_of(sandbox, request)
    if message is not None and message["msgtype"] == "image":
        given["media_ids"] = [message["image"]["mediaid"]]
    with sandbox.store.transaction():
        button = app_inputs.choose(sandbox, app, userid, request.form["place"], given)
    return str(button["url"]) if button["type"] == "view" else None


def _write(sandbox: Sandbox, request: Request, app: AppConfig, userid: str) -> None:
    message = phone_media.message_of(sandbox, request)
    if message is None:
        return
    kind = str(message["msgtype"])
    given = {"media_id": message["image"]["mediaid"]} if kind == "image" else message["text"]
    with sandbox.store.transaction():
        app_inputs.write(sandbox, app, userid, kind, given)


def _place(sandbox: Sandbox, request: Request, app: AppConfig, userid: str) -> None:
    place = {"latitude": 31.23, "longitude": 121.47, "label": request.form.get("label", "")}
    with sandbox.store.transaction():
        app_inputs.write(sandbox, app, userid, "location", place)


_ACTS: dict[str, Callable[[Sandbox, Request, AppConfig, str], str | None]] = {
    "press": _press,
    "menu": _menu,
    "place": _place,
}


def _act(sandbox: Sandbox, request: Request, app: AppConfig, userid: str) -> str | None:
    """Do what a form asks for; another address to go to, or None."""
    return _ACTS.get(request.form.get("do", ""), _write)(sandbox, request, app, userid)
