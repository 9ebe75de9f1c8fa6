"""Joining the corp by its code: the picture, and the page behind it."""

import io

import segno
from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.contacts import joining
from wecom_sandbox.defaults import CORP_NAME
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox

_SHOWN = 40
_MOST_PIXELS = {"1": 171, "2": 399, "3": 741, "4": 2052}
_BORDER = 4


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/wework_admin/genqrcode", endpoint=picture, methods=["GET"]),
        Rule("/join/<vcode>", endpoint=join, methods=["GET", "POST"]),
    ]


def picture(sandbox: Sandbox, request: Request) -> Response:
    """The QR of a join code as PNG, as large as its size allows."""
    vcode = request.args.get("vcode", "")
    if not joining.is_open(sandbox, vcode):
        return Response("no such picture", status=404, mimetype="text/plain")
    base = sandbox.public_url or request.host_url.rstrip("/")
    code = segno.make_qr(f"{base}/join/{vcode}", error="m")
    modules = code.symbol_size(scale=1, border=_BORDER)[0]
    pixels = _MOST_PIXELS.get(request.args.get("qr_size", ""), _MOST_PIXELS["1"])
    drawn = io.BytesIO()
    code.save(drawn, kind="png", scale=max(1, pixels // modules), border=_BORDER)
    return Response(drawn.getvalue(), mimetype="image/png")


def join(sandbox: Sandbox, request: Request, vcode: str) -> Response:
    """Choose who joins; then the guide's phone of the new member."""
    if not joining.is_open(sandbox, vcode):
        return pages.render(
            sandbox, request, "refusal.html", status=404, problem="This code is over."
        )
    person = sandbox.people.get(request.form.get("person_id", ""))
    if person is not None:
        try:
            userid = joining.join(sandbox, vcode, person)
        except NotPossibleError as error:
            return pages.render(sandbox, request, "refusal.html", status=409, problem=str(error))
        return pages.redirect(f"/phone/m/{userid}")
    search = request.args.get("q", "").strip()
    people = sandbox.people.search(search, _SHOWN) if search else sandbox.people.page(0, _SHOWN)
    return pages.render(
        sandbox, request, "join.html", people=people, q=search, corp=CORP_NAME, vcode=vcode
    )
