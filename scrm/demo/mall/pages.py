"""What the mall's pages have in common: words in two languages, who is there, and Jinja2."""

import secrets
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from werkzeug.wrappers import Request, Response

from scrm.demo.names import names

HERE = Path(__file__).parent
LANGUAGES = ("zh", "en")
# What a surface keeps of a visit: cookie name and the name in an address.
KEPT = {"visitor": "", "unionid": "u", "name": "n", "parameter": "p", "store": "s", "lang": "lang"}
# Materials carry a guide's parameter under this name.
GUIDE_NAME = "g"
MOST_CHARS = 80


@dataclass(frozen=True)
class Guest:
    """Who visits, as far as the mall knows; `parameter` is the last guide's that led here."""

    visitor: str
    unionid: str = ""
    name: str = ""
    parameter: str = ""
    store: str = ""
    lang: str = "zh"

    @property
    def identity(self) -> dict[str, str]:
        """Return what is told of the visitor to the product."""
        return {"unionid": self.unionid, "visitor_id": self.visitor}


def guest_of(request: Request) -> Guest:
    """Return the visitor: what the address says now, else what it said before."""
    known = Guest(visitor=_cookie(request, "visitor") or secrets.token_hex(12))
    for field, name in KEPT.items():
        if name:
            known = replace(
                known, **{field: request.args.get(name, _cookie(request, field))[:MOST_CHARS]}
            )
    if request.args.get(GUIDE_NAME):
        known = replace(known, parameter=request.args[GUIDE_NAME][:MOST_CHARS])
    if known.lang in LANGUAGES:
        return known
    best = request.accept_languages.best_match(LANGUAGES, default="zh")
    return replace(known, lang=best or "zh")


def _cookie(request: Request, field: str) -> str:
    return request.cookies.get(f"mall_{field}", "")


def remember(response: Response, guest: Guest) -> Response:
    """Keep who it is for the next page."""
    for field in KEPT:
        response.set_cookie(f"mall_{field}", getattr(guest, field), httponly=True, samesite="Lax")
    return response


@cache
def shop() -> dict[str, Any]:
    """Return shop.toml."""
    return tomllib.loads((HERE / "shop.toml").read_text(encoding="utf-8"))


def goods() -> dict[str, dict[str, Any]]:
    """Return what is sold, by SKU."""
    return {one["sku"]: one for one in names()["goods"]}


def word(key: str, lang: str) -> str:
    """Return a word of the pages."""
    return str(shop()["words"][key][LANGUAGES.index(lang)])


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(["html"])
    )


def render(
    request: Request, guest: Guest, template: str, *, status: int = 200, **values: Any
) -> Response:
    """Return a page and keep who looks at it."""
    other = "en" if guest.lang == "zh" else "zh"
    text = _templates().get_template(template).render(
        t=lambda key: word(key, guest.lang), guest=guest, lang=guest.lang,
        other_url=f"{request.path}?lang={other}" + _kept_query(request), **values,
    )  # fmt: skip
    return remember(Response(text, status=status, mimetype="text/html"), guest)


def _kept_query(request: Request) -> str:
    return f"&t={request.args['t']}" if "t" in request.args and request.args["t"].isascii() else ""
