"""The report: what is implemented, and how the samples went."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from wecom_sandbox import api
from wecom_sandbox.conformance.replay import DIFFERS, EXCLUDED, EXPLAINED, MISSING, SAME, Row
from wecom_sandbox.endpoints import REGISTRY, known_endpoints

__all__ = ["api", "conformance", "coverage"]

_VERDICTS = (SAME, EXPLAINED, DIFFERS, MISSING, EXCLUDED)


def coverage() -> str:
    """Endpoints by area as Markdown: documented, implemented, left out with reason, missing."""
    known = known_endpoints()
    rows: list[tuple[object, ...]] = []
    left_out, missing = [], []
    totals = Counter[int]()
    for area in dict.fromkeys(entry.area for entry in known):
        entries = [entry for entry in known if entry.area == area]
        done = [entry for entry in entries if entry.path in REGISTRY]
        ruled = [entry for entry in done if REGISTRY[entry.path].rules]
        out = [entry for entry in entries if entry.excluded and entry not in done]
        open_ones = [entry for entry in entries if entry not in done and entry not in out]
        counts = [len(group) for group in (entries, done, ruled, out, open_ones)]
        totals.update(dict(enumerate(counts)))
        rows.append((area, *counts))
        left_out += [(entry.path, entry.doc, entry.excluded) for entry in out]
        missing += [(area, entry.method, entry.path, entry.doc) for entry in open_ones]
    rows.append(("all", *(totals[column] for column in range(5))))
    parts = ["# Coverage", _table(("area", "endpoints", "implemented", "with rules", "left out", "missing"), rows)]  # fmt: skip
    if left_out:
        parts += ["## Left out", _table(("endpoint", "doc", "why"), left_out)]
    if missing:
        parts += ["## Missing", _table(("area", "method", "endpoint", "doc"), missing)]
    return "\n\n".join(parts) + "\n"


def conformance(rows: Sequence[Row]) -> str:
    """How the samples went as Markdown: counts by area, what differs, what has to differ."""
    areas = dict.fromkeys(row.area for row in rows)
    counts = [(area, *_count(row for row in rows if row.area == area)) for area in areas]
    counts.append(("all", *_count(rows)))
    parts = ["# Conformance", _table(("area", "samples", *_VERDICTS), counts)]
    for title, verdict in (("Differs", DIFFERS), ("Missing", MISSING), ("Left out", EXCLUDED)):
        listed = [
            (row.area, row.sample, item)
            for row in rows
            if row.verdict == verdict
            for item in row.found or ("not implemented",)
        ]
        if listed:
            parts += [f"## {title}", _table(("area", "sample", "what"), listed)]
    told = [(row.sample, one.at, one.reason) for row in rows for one in row.explained]
    if told:
        parts += ["## Deviations", _table(("sample", "at", "why"), told)]
    return "\n\n".join(parts) + "\n"


def _count(rows: Iterable[Row]) -> tuple[int, ...]:
    found = Counter(row.verdict for row in rows)
    return (found.total(), *(found[verdict] for verdict in _VERDICTS))


def _table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    line: Callable[[Sequence[object]], str] = lambda cells: (  # noqa: E731
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
    )
    return "\n".join([line(head), line(["---"] * len(head)), *map(line, rows)])
