"""Every event WeCom documents (data/events.tsv): its fields, and why some are not raised here."""

import csv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class KnownEvent:
    """One event or message of the callbacks.

    Attributes:
        name: event, kind of change and detail, joined by dots.
        event: the element Event; ``message`` for what members write.
        change_type: the element ChangeType, or empty.
        doc: page id on developer.work.weixin.qq.com.
        fields: its elements beyond the common ones, with the path of nested ones.
        optional: those of them that may be missing.
        excluded: why nothing raises it; empty when something does.
    """

    name: str
    event: str
    change_type: str
    doc: str
    fields: tuple[str, ...]
    optional: frozenset[str]
    excluded: str


def known_events() -> list[KnownEvent]:
    """All of them, in the order of the file."""
    source = Path(__file__).with_name("data") / "events.tsv"
    with source.open(encoding="utf-8", newline="") as lines:
        return [_event(row) for row in csv.DictReader(lines, delimiter="\t")]


def _event(row: dict[str, str]) -> KnownEvent:
    named = row["fields"].split()
    return KnownEvent(
        row["name"], row["event"], row["change_type"], row["doc"],
        fields=tuple(name.rstrip("?") for name in named),
        optional=frozenset(name[:-1] for name in named if name.endswith("?")),
        excluded=row["excluded"],
    )  # fmt: skip
