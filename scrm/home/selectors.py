"""What the home page shows, assembled from the apps' selectors; no customer row is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from scrm.core.scope import Scope
from scrm.home.figure import Figure
from scrm.home.figures import PROVIDERS
from scrm.home.menu import page_url

BAR_TALL, BAR_STEP = 40, 20


@dataclass(frozen=True)
class Bar:
    """One day of a trend, in the units of the drawing."""

    x: int
    y: int
    height: int


@dataclass(frozen=True)
class Card:
    """A figure as the page draws it."""

    key: str
    figure: Figure
    url: str

    @property
    def bars(self) -> list[Bar]:
        """The trend as bars; a day with anything at all stays visible."""
        most = max(self.figure.trend, default=0)
        heights = [
            max(2, round(BAR_TALL * count / most)) if count else 1 for count in self.figure.trend
        ]
        return [
            Bar(number * BAR_STEP, BAR_TALL - height, height)
            for number, height in enumerate(heights)
        ]


@dataclass(frozen=True)
class Todo:
    """Something that waits for a person."""

    count: int
    text: str
    url: str


def figures_for(scope: Scope) -> dict[str, Figure]:
    """Return the figures a scope may see, by key; the number of queries does not depend on the data."""
    return {
        provider.key: provider.build(scope)
        for provider in PROVIDERS
        if scope.allows(provider.permission)
    }


def cards_of(scope: Scope, figures: Mapping[str, Figure]) -> list[Card]:
    """Return the figures that are shown as cards, in the order of the page."""
    shown = (provider.key for provider in PROVIDERS if provider.is_card and provider.key in figures)
    return [Card(key, figures[key], _rows_url(scope, figures[key])) for key in shown]


def todos_of(scope: Scope, figures: Mapping[str, Figure]) -> list[Todo]:
    """Return what waits for a person, from the figures already counted."""
    waiting = (figure for figure in figures.values() if figure.waiting)
    return [
        Todo(figure.waiting, figure.waiting_text, _rows_url(scope, figure)) for figure in waiting
    ]


def _rows_url(scope: Scope, figure: Figure) -> str:
    """Return the page of a figure, narrowed to the rows it counts; "" when this person may not open it."""
    url = page_url(scope, figure.url_name)
    return f"{url}?{urlencode(figure.query)}" if url and figure.query else url
