"""Which customers an act is for: the ticked ones, or all that match the filters."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from customers.lists.filters import CustomerFilter
from customers.lists.finding import Wanted, wanted
from customers.relations.models import ExternalContact
from customers.relations.selectors import contacts_visible_to
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import Scope
from scrm.core.searched import searched_text

# More are a job for the data warehouse; the words say how to make them fewer.
MOST_SELECTED = 100_000


@dataclass(frozen=True)
class Reader:
    """Who reads with which filters; stands for the request where there is none."""

    scope: Scope
    user: Any
    GET: QueryDict

    @property
    def searched(self) -> Wanted:
        """Return what the list is searched for."""
        return wanted(searched_text(self))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Selection:
    """What was chosen on the list: `ids`, or everybody the filters (`query`) match when there are none."""

    query: str
    ids: tuple[UUID, ...]

    @property
    def form(self) -> dict[str, str]:
        """Return it as the hidden fields of the next form."""
        chosen = ",".join(str(each) for each in self.ids)
        return {"query": self.query, "ids": chosen, "all": "" if self.ids else "1"}


def selection_of(data: QueryDict) -> Selection:
    """Read a selection from a posted form; raises ValidationFailed when nothing is chosen."""
    query = data.get("query", "").lstrip("?")
    if data.get("all"):
        return Selection(query, ())
    ids = []
    for raw in ",".join(data.getlist("ids")).split(","):
        try:
            ids.append(UUID(raw))
        except ValueError:
            continue
    if not ids:
        raise ValidationFailed(
            _("Tick customers first, or choose all that match."), code="nobody_chosen"
        )
    return Selection(query, tuple(sorted(set(ids))))


def selected(scope: Scope, user: Any, selection: Selection) -> QuerySet[ExternalContact]:
    """Return the chosen customers, as far as the scope sees them."""
    if selection.ids:
        return contacts_visible_to(scope).filter(pk__in=selection.ids)
    matching: QuerySet[ExternalContact] = filters_read(scope, user, selection.query).qs
    return matching


def filters_read(scope: Scope, user: Any, query: str) -> CustomerFilter:
    """Return the filters of an address; raises ValidationFailed where one of them cannot be used."""
    reader = Reader(scope, user, QueryDict(query))
    found = CustomerFilter(reader.GET, queryset=contacts_visible_to(scope), request=reader)
    if problems := found.problems():
        raise ValidationFailed(" ".join(problems), code="filters_unusable")
    return found


def count_of(contacts: QuerySet[ExternalContact]) -> int:
    """Return how many are chosen; raises ValidationFailed when they are too many for one act."""
    count = contacts.order_by()[: MOST_SELECTED + 1].count()
    if count > MOST_SELECTED:
        raise ValidationFailed(
            _("More than %(most)d customers match. Narrow the filters and do it in parts.")
            % {"most": MOST_SELECTED},
            code="too_many_chosen",
        )
    return count
