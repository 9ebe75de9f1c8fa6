"""The recorded samples: what INDEX.tsv lists, and each file's content."""

import copy
import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Body = dict[str, Any]


@dataclass(frozen=True)
class Upload:
    """A file to be sent as the multipart field ``media``."""

    filename: str
    content: bytes
    field: str = "media"


@dataclass(frozen=True)
class Request:
    """One call as it goes out.

    ``app`` is the short name of the secret whose token is used; empty for a call without token.
    """

    body: Body
    query: Mapping[str, Any] = field(default_factory=dict)
    app: str = "scrm"
    upload: Upload | None = None


@dataclass(frozen=True)
class Sample:
    """One file of the folder.

    Attributes:
        file: its name.
        endpoint: as INDEX.tsv has it: ``POST /cgi-bin/user/create``, ``CALLBACK …``.
        kind: request, response or callback.
        text: its content.
        body: the request to make: this file's, or for a response that of the endpoint's request sample
            ({} when there is none).
    """

    file: str
    endpoint: str
    kind: str
    text: str
    body: Body = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The endpoint's path, empty for what is no endpoint."""
        found = self.endpoint.partition(" ")[2]
        return urlsplit(found).path if found.startswith("/") else ""

    @property
    def api(self) -> str:
        """The path without the common prefix."""
        return self.path.removeprefix("/cgi-bin/")

    def json(self) -> Any:
        """The content as JSON."""
        return json.loads(self.text)

    def request(
        self, swap: Mapping[str, Any] | None = None, /, *, app: str = "scrm",
        query: Mapping[str, Any] | None = None, upload: Upload | None = None, **fields: Any,
    ) -> Request:  # fmt: skip
        """The sample's request for this world.

        Args:
            swap: values to replace wherever they stand in the body, by the sample's own value.
            app: whose token to use.
            query: further parameters of the address.
            upload: a file to send instead of a body.
            fields: top-level fields of the body to set; None takes one away.
        """
        swapped = _swapped(copy.deepcopy(self.body), swap or {}) | fields
        body = {name: value for name, value in swapped.items() if value is not None}
        own = dict(parse_qsl(urlsplit(self.endpoint).query))
        return Request(body, own | dict(query or {}), app, upload)


def read_samples(folder: Path) -> list[Sample]:
    """All samples of the folder in the order of its INDEX.tsv."""
    with (folder / "INDEX.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    texts = {row["file"]: (folder / row["file"]).read_text(encoding="utf-8") for row in rows}
    bodies: dict[str, Body] = {}
    for row in rows:
        if row["kind"] == "request":
            bodies.setdefault(row["endpoint"], json.loads(texts[row["file"]]))
    found = []
    for row in rows:
        file, text = row["file"], texts[row["file"]]
        body = json.loads(text) if row["kind"] == "request" else bodies.get(row["endpoint"], {})
        found.append(Sample(file, row["endpoint"], row["kind"], text, body))
    return found


def _swapped(value: Any, swap: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _swapped(item, swap) for name, item in value.items()}
    if isinstance(value, list):
        return [_swapped(item, swap) for item in value]
    if isinstance(value, str | int) and not isinstance(value, bool):
        return swap.get(str(value), value)
    return value
