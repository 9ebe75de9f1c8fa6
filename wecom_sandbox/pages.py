"""Renders pages: Jinja2, two languages, the time on the phone."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, select_autoescape
from werkzeug.routing import Rule
from werkzeug.utils import redirect as werkzeug_redirect
from werkzeug.wrappers import Request, Response

from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.words import translate

_HERE = Path(__file__).parent
_CHINA = timedelta(hours=8)
LANGUAGES = ("zh", "en")
_MENU: dict[str, list[tuple[str, str]]] = {"customer": [], "guide": []}


def menu_entry(side: str, label: str, path: str) -> None:
    """Put a page on the phone's home screen.

    Args:
        side: ``customer`` or ``guide``.
        label: English words; Chinese stands in data/words.
        path: address with ``{id}`` for the person's id or the member's userid.
    """
    _MENU[side].append((label, path))


def menu(side: str, who: str) -> list[tuple[str, str]]:
    """Label and address of every page put there by ``menu_entry``."""
    return [(label, path.format(id=who)) for label, path in _MENU[side]]


def rules() -> list[Rule]:
    """Routes of this module."""
    return [Rule("/sandbox/phone.css", endpoint=stylesheet, methods=["GET"])]


def stylesheet(sandbox: Sandbox, request: Request) -> Response:
    """The one stylesheet."""
    return Response((_HERE / "static" / "phone.css").read_bytes(), mimetype="text/css")


def language(request: Request) -> str:
    """``?lang=``, else what was chosen before, else Chinese."""
    wished = request.args.get("lang") or request.cookies.get("lang", "")
    return wished if wished in LANGUAGES else "zh"


def render(
    sandbox: Sandbox, request: Request, template: str, *, status: int = 200, **values: Any
) -> Response:
    """A page as a response; remembers the chosen language."""
    lang = language(request)

    def word(text: str, **parts: object) -> str:
        return translate(text, lang) % parts if parts else translate(text, lang)

    html = _environment().get_template(template).render(
        t=word, lang=lang, language_link=_language_link(request, lang),
        clock=local_time(sandbox.clock.now()).strftime("%H:%M"), when=_when, **values,
    )  # fmt: skip
    response = Response(html, status=status, mimetype="text/html")
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", lang)
    return response


def nobody(sandbox: Sandbox, request: Request) -> Response:
    """The page for an address that leads to nobody and nothing."""
    return render(sandbox, request, "refusal.html", status=404, problem="Nobody found.")


def redirect(location: str) -> Response:
    """See another page (303, so that a form is not sent twice)."""
    answer: Response = werkzeug_redirect(location, 303)
    return answer


def local_time(at: float) -> datetime:
    """Sandbox time as clocks in China show it."""
    return datetime.fromtimestamp(at, UTC) + _CHINA


def _language_link(request: Request, lang: str) -> str:
    other = "en" if lang == "zh" else "zh"
    return "?" + urlencode(request.args.to_dict() | {"lang": other})


def _when(at: float) -> str:
    return local_time(at).strftime("%m-%d %H:%M:%S")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(),
        trim_blocks=True,
        lstrip_blocks=True,
    )
