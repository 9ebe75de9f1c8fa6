"""微信客服 on the phones: a customer opens an account's link and talks; servicers take him and answer."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import due, pages
from wecom_sandbox.contacts import members
from wecom_sandbox.customers.people import Person
from wecom_sandbox.errors import NotPossibleError, WeComError
from wecom_sandbox.groups import group_talk
from wecom_sandbox.kf import kf_accounts, kf_messages, kf_sessions, kf_upgrades
from wecom_sandbox.phone import media as phone_media
from wecom_sandbox.phone.group_customer import choose
from wecom_sandbox.phone.groups import nobody
from wecom_sandbox.sandbox import Sandbox

pages.menu_entry("customer", "Customer service", "/phone/p/{id}/kf")
pages.menu_entry("guide", "Customer service", "/phone/m/{id}/kf")
_STATES = {0: "Not taken yet", 1: "Robot", 2: "Waiting", 3: "Served", 4: "Ended"}


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/kf/<short_id>", endpoint=open_link, methods=["GET"]),
        Rule("/phone/p/<person_id>/kf", endpoint=accounts, methods=["GET"]),
        Rule("/phone/p/<person_id>/kf/<open_kfid>/enter", endpoint=enter, methods=["GET"]),
        Rule("/phone/p/<person_id>/kf/<open_kfid>", endpoint=chat, methods=["GET", "POST"]),
        Rule("/phone/m/<userid>/kf", endpoint=desk, methods=["GET", "POST"]),
        Rule("/phone/m/<userid>/kf/<open_kfid>/<person_id>", endpoint=serve, methods=["GET", "POST"]),
    ]  # fmt: skip


def opened(sandbox: Sandbox, person_id: str, link: str) -> str | None:
    """Where a scanned or pasted link of an account leads this customer; None when it is none."""
    path, _, query = link.strip().partition("?")
    row = kf_accounts.by_short_id(sandbox.store, path.rstrip("/").rsplit("/", 1)[-1])
    return f"/phone/p/{person_id}/kf/{row['open_kfid']}/enter?{query}" if row is not None else None


def open_link(sandbox: Sandbox, request: Request, short_id: str) -> Response:
    """What an account's link opens: go on as the customer of last time, or choose one."""
    row = kf_accounts.by_short_id(sandbox.store, short_id)
    if row is None:
        return pages.render(sandbox, request, "refusal.html", status=404, problem="No such code.")
    names = ("enc_scene", "scene_param", "channel")
    given = {name: request.args[name] for name in names if name in request.args}
    target = f"/phone/p/{{id}}/kf/{row['open_kfid']}/enter?{urlencode(given)}"
    return choose(sandbox, request, target, "Customer service")


def accounts(sandbox: Sandbox, request: Request, person_id: str) -> Response:
    """The corp's accounts."""
    person = sandbox.people.get(person_id)
    if person is None:
        return nobody(sandbox, request)
    rows = kf_accounts.listed(sandbox.store)
    return pages.render(sandbox, request, "kf_accounts.html", person=person, accounts=rows)


def enter(sandbox: Sandbox, request: Request, person_id: str, open_kfid: str) -> Response:
    """The customer comes by a link."""
    person = sandbox.people.get(person_id)
    if person is None:
        return nobody(sandbox, request)
    try:
        kf_sessions.enter(
            sandbox, open_kfid, person, scene=request.args.get("enc_scene", ""),
            scene_param=request.args.get("scene_param", ""), channel=request.args.get("channel", ""),
        )  # fmt: skip
    except WeComError:
        return nobody(sandbox, request)
    return pages.redirect(f"/phone/p/{person.id}/kf/{open_kfid}#end")


def chat(sandbox: Sandbox, request: Request, person_id: str, open_kfid: str) -> Response:
    """The customer's chat with an account."""
    person = sandbox.people.get(person_id)
    try:
        row = kf_accounts.need(sandbox.store, open_kfid, managed=False)
    except WeComError:
        return nobody(sandbox, request)
    if person is None:
        return nobody(sandbox, request)
    problem = _acted(lambda: _customer_acts(sandbox, request, person, open_kfid)) if request.method == "POST" else ""  # fmt: skip
    if request.method == "POST" and not problem:
        return pages.redirect(f"/phone/p/{person.id}/kf/{open_kfid}#end")
    offer = kf_upgrades.standing(sandbox, open_kfid, person.external_userid)
    return pages.render(
        sandbox, request, "kf_chat.html", person=person, member=None, account=row, problem=problem,
        said=_said(sandbox, open_kfid, person.external_userid), offer=offer,
        offered=_offered(sandbox, offer), back=f"/phone/p/{person.id}/kf",
        here=f"/phone/p/{person.id}/kf/{open_kfid}", state="",
        refuses=kf_sessions.refused(sandbox.store, open_kfid, person.external_userid, by_customer=True),
    )  # fmt: skip


def desk(sandbox: Sandbox, request: Request, userid: str) -> Response:
    """A servicer's accounts, who waits, and whom he serves."""
    member = members.find(sandbox.store, userid)
    if member is None:
        return nobody(sandbox, request)
    due.settle(sandbox)
    problem = ""
    if request.method == "POST":
        resting = request.form.get("resting") == "1"
        problem = _acted(
            lambda: kf_sessions.rest(sandbox, request.form["kf"], userid, resting=resting)
        )
    served = [row for row in kf_accounts.listed(sandbox.store) if kf_accounts.serves(sandbox.store, row["open_kfid"], userid)]  # fmt: skip
    entries = [
        {
            "account": row,
            "resting": kf_accounts.status(sandbox.store, row["open_kfid"], userid) == kf_accounts.RESTING,
            "sessions": _sessions(sandbox, row["open_kfid"], userid),
        }
        for row in served
    ]  # fmt: skip
    return pages.render(
        sandbox, request, "kf_desk.html", member=member, entries=entries, problem=problem
    )


def serve(
    sandbox: Sandbox, request: Request, userid: str, open_kfid: str, person_id: str
) -> Response:
    """A servicer's chat with a customer."""
    member, person = members.find(sandbox.store, userid), sandbox.people.get(person_id)
    try:
        row = kf_accounts.need(sandbox.store, open_kfid, managed=False)
    except WeComError:
        return nobody(sandbox, request)
    if member is None or person is None:
        return nobody(sandbox, request)
    problem = _acted(lambda: _servicer_acts(sandbox, request, userid, open_kfid, person)) if request.method == "POST" else ""  # fmt: skip
    if request.method == "POST" and not problem:
        return pages.redirect(f"/phone/m/{userid}/kf/{open_kfid}/{person.id}#end")
    session = kf_sessions.last(sandbox.store, open_kfid, person.external_userid)
    colleagues = [one for one in kf_accounts.servicers(sandbox.store, open_kfid) if one["userid"] and one["userid"].lower() != userid.lower()]  # fmt: skip
    return pages.render(
        sandbox, request, "kf_chat.html", person=person, member=member, account=row, problem=problem,
        said=_said(sandbox, open_kfid, person.external_userid), session=session,
        state=_STATES[session["state"]] if session else "", colleagues=colleagues, offer=None,
        mine=bool(session and session["state"] == kf_sessions.HUMAN and session["servicer"].lower() == userid.lower()),
        back=f"/phone/m/{userid}/kf", here=f"/phone/m/{userid}/kf/{open_kfid}/{person.id}",
        refuses=kf_sessions.refused(sandbox.store, open_kfid, person.external_userid, by_customer=False),
    )  # fmt: skip


def _acted(act: Callable[[], object]) -> str:
    """Do it; what went wrong, or nothing."""
    try:
        act()
    except (NotPossibleError, ValueError, KeyError) as error:
        return str(error)
    except WeComError as error:
        return error.text()
    return ""


def _message(sandbox: Sandbox, request: Request) -> tuple[str, dict[str, Any]] | None:
    """What a form holds, in the words of 微信客服 (media_id)."""
    message = phone_media.message_of(sandbox, request)
    if message is None:
        return None
    kind = str(message["msgtype"])
    content = dict(message[kind])
    if "mediaid" in content:
        content = {"media_id": content["mediaid"]}
    if request.form.get("menu_id"):
        content["menu_id"] = request.form["menu_id"]
    return kind, content


def _customer_acts(sandbox: Sandbox, request: Request, person: Person, open_kfid: str) -> None:
    do, who = request.form.get("do", ""), person.external_userid
    if do == "upgrade":
        kf_upgrades.take(sandbox, open_kfid, person)
    elif do == "recall":
        kf_sessions.recall(sandbox, request.form["msgid"], who)
    elif do in ("refuse", "accept"):
        kf_sessions.refuse(sandbox, open_kfid, who, on=do == "refuse")
    else:
        message = _message(sandbox, request)
        if message is not None:
            kf_sessions.write(sandbox, open_kfid, person, *message)


def _servicer_acts(
    sandbox: Sandbox, request: Request, userid: str, open_kfid: str, person: Person
) -> None:
    do, who = request.form.get("do", ""), person.external_userid
    if do == "take":
        kf_sessions.take(sandbox, open_kfid, who, userid)
    elif do == "close":
        kf_sessions.close(sandbox, open_kfid, who, userid)
    elif do == "hand_on":
        kf_sessions.hand_on(sandbox, open_kfid, who, userid, request.form["to"])
    elif do == "recall":
        kf_sessions.recall(sandbox, request.form["msgid"], userid)
    elif do in ("refuse", "accept"):
        kf_sessions.refuse(sandbox, open_kfid, who, on=do == "refuse", userid=userid)
    else:
        message = _message(sandbox, request)
        if message is not None:
            kf_sessions.answer(sandbox, open_kfid, who, userid, *message)


def _said(sandbox: Sandbox, open_kfid: str, external_userid: str) -> list[dict[str, Any]]:
    found = []
    for row in kf_messages.talk(sandbox.store, open_kfid, external_userid):
        kind = row["msgtype"]
        if kind == "event" or row["failed"]:
            continue
        name = group_talk.name_of(sandbox, row["servicer"]) if row["origin"] == kf_messages.SERVICER else ""  # fmt: skip
        item = {"msgtype": kind, kind: row["content"]}
        found.append(row | {"item": item, "name": name})
    return found


def _offered(sandbox: Sandbox, offer: Any) -> str:
    if offer is None:
        return ""
    if offer["kind"] == kf_upgrades.MEMBER:
        return group_talk.name_of(sandbox, offer["target"])
    name = sandbox.store.value("SELECT name FROM group_chats WHERE chat_id = ?", offer["target"])
    return str(name or "")


def _sessions(sandbox: Sandbox, open_kfid: str, userid: str) -> list[dict[str, Any]]:
    rows = sandbox.store.rows(
        "SELECT * FROM kf_sessions WHERE open_kfid = ? AND (state IN (0, 1, 2) OR servicer = ?) "
        "ORDER BY ended_at IS NOT NULL, id DESC LIMIT 50",
        open_kfid, userid,
    )  # fmt: skip
    found = []
    for row in rows:
        person = sandbox.people.get(row["person_id"])
        found.append(dict(row) | {"person": person, "words": _STATES[row["state"]]})
    return found
