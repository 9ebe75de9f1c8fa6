"""Walks of WeCom's cursors: resumable, counted, and never a part that looks like the whole (README §3 of wecom facts)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn, Protocol, Self, TypeVar

from scrm.wecom.errors import WeComPermanent, WeComRetryable
from scrm.wecom.reading import Row, text

# What WeCom answers to a cursor that is too old.
CURSOR_CODES = frozenset({40058, 40035, 50100})


class Cursored(Protocol):
    """A page: an empty `next_cursor` ends the walk."""

    @property
    def next_cursor(self) -> str:
        """Where the next page begins."""


@dataclass(frozen=True)
class RawPage:
    """WeCom's answer as it came, as a page."""

    data: Row

    @property
    def next_cursor(self) -> str:
        """Where the next page begins."""
        return text(self.data, "next_cursor")


P = TypeVar("P", bound=Cursored)


class Pages(Iterator[P]):
    """Yields pages; short and empty ones are pages too.

    Attributes:
        cursor: where the page after the last one yielded begins; kept by a caller, a later walk goes on there.
        read: how many pages this walk has yielded.
        finished: the last page was yielded.
        restarted: the cursor had expired and the walk began again from the first page.

    Args:
        fetch: reads the page that begins at a cursor ("" the first one).
        endpoint: its name in errors.
        cursor: where an earlier walk stopped.
        restarts: begin again when a cursor has expired, for callers to whom a page twice is no harm.
        most: how many pages there can be; 0 without end.

    Raises what `fetch` raises, and WeComRetryable when WeCom leads in a circle or further than there can be
    anything: a part must not pass for the whole.
    """

    def __init__(
        self,
        fetch: Callable[[str], P],
        endpoint: str,
        *,
        cursor: str = "",
        restarts: bool = False,
        most: int = 0,
    ) -> None:
        self._fetch = fetch
        self._endpoint = endpoint
        self._may_restart = restarts
        self._most = most
        self._seen = {cursor}
        self.cursor = cursor
        self.read = 0
        self.finished = False
        self.restarted = False

    def __iter__(self) -> Self:
        """Go on where it stands."""
        return self

    def __next__(self) -> P:
        """Return the next page."""
        if self.finished:
            raise StopIteration
        page = self._page()
        following = page.next_cursor
        if following in self._seen and following:
            self._lost("the cursor leads back to a page already read")
        if following and self._most and self.read + 1 >= self._most:
            self._lost("there are more pages than there can be")
        self._seen.add(following)
        self.cursor = following
        self.finished = not following
        self.read += 1
        return page

    def _lost(self, words: str) -> NoReturn:
        raise WeComRetryable(None, words, self._endpoint, retry_after=60)

    def _page(self) -> P:
        try:
            return self._fetch(self.cursor)
        except WeComPermanent as failure:
            expired = bool(self.cursor) and failure.errcode in CURSOR_CODES
            if not expired or not self._may_restart or self.restarted:
                raise
        self.restarted, self.cursor, self._seen = True, "", {""}
        return self._fetch("")
