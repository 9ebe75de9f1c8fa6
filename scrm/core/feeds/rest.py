"""A system with a REST interface that answers JSON: three ways to log in, three ways to page."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.utils.translation import gettext as _

from scrm.core.exceptions import ExternalFailure
from scrm.core.feeds.paths import find, text_of
from scrm.core.feeds.records import Feed, Record, SourceMoved
from scrm.core.feeds.rest_http import RestDoor

MOST_PAGES = 5_000
MOST_RECORDS = 200_000
# The role of a feed that reads one kind of things only.
ROLE_OF_ONE = "all"


@dataclass(frozen=True)
class RestSettings:
    """How to ask. `paths` by role; `paging` is none, page, offset or cursor; `auth` none, bearer, header or hmac."""

    origin: str
    paths: dict[str, str]
    auth: str = "none"
    header: str = ""
    key_id: str = ""
    secret: str = field(default="", repr=False)
    rows_path: str = ""
    ok_check: str = ""
    paging: str = "none"
    page_param: str = "page"
    size_param: str = "size"
    size: int = 100
    first_page: int = 1
    cursor_path: str = ""
    total_path: str = ""
    # Parameters of every page beside the place, for example from when on.
    fixed: dict[str, str] = field(default_factory=dict)
    # The origins that may be asked, and the variable IT adds one to.
    allowed: tuple[str, ...] = ()
    allowed_by: str = ""
    # New records may come while its pages are read; the next reading brings them.
    grows: bool = False


class RestFeed(Feed):
    """Reads page after page until there are no more; a page that fails fails the whole reading."""

    def __init__(self, settings: RestSettings) -> None:
        self._settings = settings

    def records(self, role: str, *, limit: int | None = None) -> Iterator[Record]:
        """Iterate the records of a role; raises ValidationFailed and ExternalFailure (see Feed)."""
        count = 0
        for rows in self._pages(role, limit):
            for row in rows:
                count += 1
                if count > MOST_RECORDS:
                    raise ExternalFailure(
                        _("The system gives more than %(limit)d records.")
                        % {"limit": MOST_RECORDS},
                        code="feed_too_many",
                    )
                yield Record(count + 1, row if isinstance(row, dict) else {"value": row})
                if count == limit:
                    return

    def _pages(self, role: str, limit: int | None) -> Iterator[list[Any]]:
        known = self._settings
        door = RestDoor(known)
        place: str = str(known.first_page) if known.paging == "page" else "0"
        if known.paging == "cursor":
            place = ""
        # Rows are told apart by what they say: beside them an answer may hold its time or number.
        seen: set[bytes] = set()
        first: int | None = None
        total: int | None = None
        with door:
            for _number in range(MOST_PAGES):
                answer = door.ask(known.paths[role], self._query(place))
                rows = self._rows(answer)
                total = self._total(answer, rows, total)
                first = total if first is None else first
                self._take_new(rows, seen)
                yield rows
                following = self._next(answer, rows, place, len(seen), total)
                if following is None:
                    self._need_all(len(seen), first)
                    return
                place = following
        raise ExternalFailure(
            _("The system gives more than %(limit)d pages.") % {"limit": MOST_PAGES},
            code="feed_too_many",
        )

    def _query(self, place: str) -> dict[str, str]:
        known = self._settings
        if known.paging == "none":
            return known.fixed
        query = {known.size_param: str(known.size)} if known.size_param else {}
        query = {**known.fixed, **query}
        return {**query, known.page_param: place} if place else query

    def _rows(self, answer: Any) -> list[Any]:
        known = self._settings
        if known.ok_check:
            path, _equals, wanted = known.ok_check.partition("=")
            told = text_of(find(answer, path.strip()))
            if told != wanted.strip():
                raise ExternalFailure(
                    _('The system says %(path)s = "%(told)s" instead of "%(wanted)s".')
                    % {"path": path.strip(), "told": told[:100], "wanted": wanted.strip()},
                    code="feed_refused",
                )
        rows = find(answer, known.rows_path) if known.rows_path else answer
        if not isinstance(rows, list):
            raise ExternalFailure(
                _('The answer has no list at "%(path)s". Correct the path of the list.')
                % {"path": known.rows_path or "$"},
                code="feed_no_list",
            )
        return rows

    def _next(
        self, answer: Any, rows: list[Any], place: str, read: int, total: int | None
    ) -> str | None:
        """Return where to go on; None at the end. A short page is no end: the other side may cap our size."""
        known = self._settings
        if known.paging == "cursor":
            return text_of(find(answer, known.cursor_path)) or None
        if known.paging == "none" or not rows or (total is not None and read >= total):
            return None
        return str(int(place) + (1 if known.paging == "page" else len(rows)))

    def _total(self, answer: Any, rows: list[Any], known: int | None) -> int | None:
        """Return the total the system tells, on the first page at least; raises SourceMoved where it changed."""
        if not self._settings.total_path:
            return None
        told = text_of(find(answer, self._settings.total_path))
        if not told.isdecimal() or (rows and not int(told)):
            return known
        grew = known is not None and int(told) > known
        if known is not None and int(told) != known and not (grew and self._settings.grows):
            raise SourceMoved(
                _(
                    "The system changed while its pages were read: %(before)d records, then %(now)d. Nothing was taken over."
                )
                % {"before": known, "now": int(told)},
                code="feed_moved",
            )
        return int(told)

    @staticmethod
    def _need_all(read: int, total: int | None) -> None:
        if total is not None and read < total:
            raise ExternalFailure(
                _(
                    "The system says it has %(total)d records but gave %(read)d different ones. Nothing was taken over."
                )
                % {"total": total, "read": read},
                code="feed_incomplete",
            )

    @staticmethod
    def _take_new(rows: list[Any], seen: set[bytes]) -> None:
        """Add a page's rows to those seen; raises ExternalFailure where all of them were seen before."""
        fresh = _marks(rows) - seen
        if rows and not fresh:
            raise ExternalFailure(
                _("The system gave the same page twice. Correct how it counts pages."),
                code="feed_page_twice",
            )
        seen |= fresh


def _marks(rows: list[Any]) -> set[bytes]:
    """Return a mark of each row of a page; rows that are alike within one page stay two."""
    counted: Counter[bytes] = Counter()
    marks = set()
    for row in rows:
        said = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
        counted[said] += 1
        marks.add(hashlib.sha256(b"%d " % counted[said] + said).digest())
    return marks
