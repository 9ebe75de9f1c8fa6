"""What of WeChat's API there is, and what is left out with the reason."""

import csv
from dataclasses import dataclass
from pathlib import Path

from werkzeug.routing import Rule
from werkzeug.wrappers import Request, Response

from wecom_sandbox import pages
from wecom_sandbox.sandbox import Sandbox
from wecom_sandbox.wechat.registry import REGISTRY


@dataclass(frozen=True)
class Known:
    """An endpoint WeChat documents; ``excluded`` says why this sandbox has none."""

    method: str
    path: str
    doc: str
    excluded: str = ""


def known_endpoints() -> list[Known]:
    """Every endpoint of wechat.md (data/wechat_endpoints.tsv), in its order."""
    source = Path(__file__).parent.parent / "data" / "wechat_endpoints.tsv"
    with source.open(encoding="utf-8", newline="") as lines:
        return [Known(*row) for row in csv.reader(lines, delimiter="\t")]


def rules() -> list[Rule]:
    """Routes of this module."""
    return [Rule("/sandbox/coverage/wechat", endpoint=page, methods=["GET"])]


def page(sandbox: Sandbox, request: Request) -> Response:
    """Endpoint x token x limits x rules x doc."""
    rows = [(known, REGISTRY.get(known.path)) for known in known_endpoints()]
    return pages.render(sandbox, request, "wechat_coverage.html", rows=rows, done=len(REGISTRY))
