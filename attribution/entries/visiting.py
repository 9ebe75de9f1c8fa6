"""What a surface tells of its visitors, as the rows that `services.visits_record` takes."""

from dataclasses import dataclass
from datetime import datetime

# The kinds of events that belong to entries; touches hands them on.
KINDS = ("result_view", "entry_click", "leadin_view", "add_click")
# A view of a page that names the entry on it; the order result has a kind of its own, with or without one.
PAGES = ("page_view", "product_view")


def step_of(kind: str, entry_code: str) -> str:
    """Return which step of an entry an event of a surface is; empty for one that has to do with none."""
    if kind in PAGES:
        return "result_view" if entry_code else ""
    return kind if kind in KINDS else ""


@dataclass(frozen=True)
class VisitRow:
    """One visit. `key` is the event's id: the same key is recorded once.

    The `token` of an offer names entry and store; a token of something else (a guide's parameter) says
    nothing here. Without one, `entry_code` names the entry, empty only for a result page without any, and
    `store_code` or `order_no` the store. At least one of the three identities is needed.
    """

    key: str
    kind: str
    occurred_at: datetime
    entry_code: str = ""
    store_code: str = ""
    token: str = ""
    place: str = ""
    unionid: str = ""
    external_userid: str = ""
    visitor_id: str = ""
    order_no: str = ""


@dataclass(frozen=True)
class VisitCounts:
    """What became of the rows; `refused` holds (key, reason), where a reason is one of REASONS."""

    recorded: int
    repeated: int
    refused: tuple[tuple[str, str], ...]


REASONS = ("visitor_missing", "entry_unknown", "kind_unknown")
