"""The declarative table of endpoints: what is implemented, for whom, from which page of the docs."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wecom_sandbox.call import Call

Handler = Callable[["Call"], Any]


class Access(Enum):
    """Which secret may call an endpoint."""

    OPEN = "no token"
    ANY = "any secret"
    CONTACT_SYNC = "contact sync secret only"
    CONTACT_READ = "app secret; contact sync secret only when switched on"
    APP = "app secret"
    ARCHIVE = "archive secret only"


@dataclass(frozen=True)
class Endpoint:
    """One implemented endpoint.

    ``doc`` is the page id on developer.work.weixin.qq.com; ``rules`` says in a line what is enforced.
    """

    method: str
    path: str
    doc: str
    access: Access
    rules: str
    handler: Handler
    also: str = ""

    @property
    def api(self) -> str:
        """The path without the common prefix, as fault and rate patterns name it."""
        return self.path.removeprefix("/cgi-bin/")


REGISTRY: dict[str, Endpoint] = {}


def endpoint(
    method: str, path: str, *, doc: str, access: Access, rules: str = "", also: str = ""
) -> Callable[[Handler], Handler]:
    """Register the function as the endpoint ``/cgi-bin/<path>``.

    Args:
        method: GET or POST; the other one answers 43001 or 43002.
        path: after ``/cgi-bin/``.
        doc: page id of the documentation.
        access: which secret may call it.
        rules: one line for the coverage page.
        also: the other method, where WeCom takes both.
    """

    def register(handler: Handler) -> Handler:
        entry = Endpoint(method, f"/cgi-bin/{path}", doc, access, rules, handler, also)
        REGISTRY[entry.path] = entry
        return handler

    return register


@dataclass(frozen=True)
class KnownEndpoint:
    """An endpoint that WeCom documents; ``excluded`` says why a retailer's self-built app cannot call it."""

    method: str
    path: str
    doc: str
    area: str
    excluded: str = ""


def known_endpoints() -> list[KnownEndpoint]:
    """Every endpoint of the documentation we know of (data/endpoints.tsv), in its order."""
    source = Path(__file__).with_name("data") / "endpoints.tsv"
    with source.open(encoding="utf-8", newline="") as lines:
        return [KnownEndpoint(*row) for row in csv.reader(lines, delimiter="\t")]
