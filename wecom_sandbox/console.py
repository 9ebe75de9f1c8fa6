"""Pages about the sandbox itself: start page and coverage."""

from collections import Counter

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import ledger, pages
from wecom_sandbox.endpoints import REGISTRY, known_endpoints
from wecom_sandbox.known_events import known_events
from wecom_sandbox.sandbox import Sandbox


def rules() -> list[Rule]:
    """Routes of this module."""
    return [
        Rule("/", endpoint=start, methods=["GET"]),
        Rule("/sandbox/", endpoint=start, methods=["GET"], strict_slashes=False),
        Rule("/sandbox/coverage", endpoint=coverage, methods=["GET"]),
    ]


def start(sandbox: Sandbox, request: Request) -> Response:
    """Where to go from here."""
    counts = {name: len(ledger.read(sandbox, name) or ()) for name in ("members", "relations")}
    return pages.render(sandbox, request, "start.html", ledgers=ledger.names(), counts=counts)


def coverage(sandbox: Sandbox, request: Request) -> Response:
    """Endpoint x implemented x rules x doc id."""
    known = {entry.path: entry for entry in known_endpoints()}
    rows = [
        {
            "method": entry.method,
            "path": path,
            "area": entry.area,
            "doc": REGISTRY[path].doc if path in REGISTRY else entry.doc,
            "endpoint": REGISTRY.get(path),
            "excluded": entry.excluded,
        }
        for path, entry in known.items()
    ]
    rows += [
        {"method": extra.method, "path": path, "area": "messaging-media", "doc": extra.doc, "endpoint": extra}
        for path, extra in REGISTRY.items()
        if path not in known
    ]  # fmt: skip
    done = Counter(row["area"] for row in rows if row["endpoint"])
    return pages.render(
        sandbox,
        request,
        "coverage.html",
        rows=rows,
        done=done,
        events=known_events(),
        areas=Counter(row["area"] for row in rows),
    )
