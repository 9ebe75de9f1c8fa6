"""Figures of entries on unique people: the counts of each step and the rates they make."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    """How many people took each step; `matched` are those added of whom a view of the lead-in page is known."""

    viewers: int = 0
    entry_clickers: int = 0
    leadin_viewers: int = 0
    add_clickers: int = 0
    added: int = 0
    matched: int = 0

    @property
    def unmatched(self) -> int:
        """Return how many were added whom no lead-in visitor is known to be."""
        return self.added - self.matched

    @property
    def are_views_told(self) -> bool:
        """Return whether the mall told enough views of the page to make a rate of its clicks."""
        return self.viewers >= self.entry_clickers

    @property
    def entry_click_rate(self) -> float | None:
        """Return entry clickers out of the visitors of the page with the entry, in percent.

        None where more people clicked than are known to have seen the page: its views were not told.
        """
        return percent(self.entry_clickers, self.viewers) if self.are_views_told else None

    @property
    def add_click_rate(self) -> float | None:
        """Return those who clicked to add out of the visitors of the lead-in page, in percent."""
        return percent(self.add_clickers, self.leadin_viewers)

    @property
    def add_rate(self) -> float | None:
        """Return people added out of the visitors of the lead-in page, in percent."""
        return percent(self.added, self.leadin_viewers)

    @property
    def unmatched_share(self) -> float | None:
        """Return the share of people added who are no known lead-in visitor, in percent."""
        return percent(self.unmatched, self.added)


def percent(part: int, whole: int) -> float | None:
    """Return a share in percent with one decimal; None where nothing was there to share."""
    return round(100 * part / whole, 1) if whole else None
