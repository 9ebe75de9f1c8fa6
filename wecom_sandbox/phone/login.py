"""The member's phone when he scans the code of a browser login."""

import io

import segno
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import controls, pages
from wecom_sandbox.contacts import members
from wecom_sandbox.defaults import CORP_NAME
from wecom_sandbox.logins import login_waits
from wecom_sandbox.sandbox import Sandbox

_SHOWN = 40


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/wwlogin/sso/qr/<key>", endpoint=picture, methods=["GET"]),
        Rule("/wwlogin/sso/check/<key>", endpoint=check, methods=["GET"]),
        Rule("/phone/login/<key>", endpoint=confirm, methods=["GET", "POST"]),
    ]


def picture(sandbox: Sandbox, request: Request, key: str) -> Response:
    """The QR on the screen as PNG; it opens the phone page."""
    base = sandbox.public_url or request.host_url.rstrip("/")
    drawn = io.BytesIO()
    segno.make_qr(f"{base}/phone/login/{key}", error="m").save(drawn, kind="png", scale=5, border=2)
    return Response(drawn.getvalue(), mimetype="image/png")


def check(sandbox: Sandbox, request: Request, key: str) -> Response:
    """What the login page asks every second: waiting, scanned, confirmed, cancelled or over, and where to go."""
    return controls.answer(login_waits.state(sandbox, key))


def confirm(sandbox: Sandbox, request: Request, key: str) -> Response:
    """Choose whose phone it is, then confirm or refuse."""
    if request.method == "POST":
        wished = request.form.get("answer") == "confirm"
        if login_waits.answer(sandbox, key, request.form.get("userid", ""), confirm=wished):
            done = "Signed in." if wished else "You refused."
            return pages.render(sandbox, request, "login_confirm.html", done=done, corp=CORP_NAME)
        return _over(sandbox, request)
    if not login_waits.scanned(sandbox, key):
        return _over(sandbox, request)
    userid = request.args.get("as") or request.cookies.get("member", "")
    member = members.find(sandbox.store, userid)
    if member is not None and member["status"] == members.ACTIVE and "choose" not in request.args:
        return pages.render(
            sandbox, request, "login_confirm.html", member=member, corp=CORP_NAME, key=key
        )
    search = request.args.get("q", "")
    rows = sandbox.store.rows(
        "SELECT * FROM members WHERE status = 1 AND (instr(name, ?) OR instr(userid, ?)) ORDER BY rowid LIMIT ?",
        search, search, _SHOWN,
    )  # fmt: skip
    return pages.render(
        sandbox, request, "login_confirm.html", members=rows, corp=CORP_NAME, q=search, key=key
    )


def _over(sandbox: Sandbox, request: Request) -> Response:
    return pages.render(sandbox, request, "refusal.html", status=404, problem="This code is over.")
