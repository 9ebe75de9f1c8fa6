"""Pages about the sandbox itself: start page and coverage."""

from collections import Counter
from typing import Any

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import ledger, pages
from wecom_sandbox.customers import follows
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
    counts = {
        "members": sandbox.store.value("SELECT COUNT(*) FROM members"),
        "relations": follows.count_all(sandbox.store),
    }
    return pages.render(sandbox, request, "start.html", ledgers=ledger.names(), counts=counts)


def coverage(sandbox: Sandbox, request: Request) -> Response:
    """Endpoint x implemented x rules x doc id."""
    known = {entry.path: entry for entry in known_endpoints()}
    rows: list[dict[str, Any]] = [
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
