"""What a change of a store means for entries: hidden where it ends, shown where it goes on."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from attribution.entries.models import Entry, EntryStore
from attribution.entries.services import stores_check, stores_hide
from contacts.org.change_models import StoreChange, StoreChangeStep
from contacts.org.changing import AFTERWARDS, FIRST, ChangePart, PlannedStep
from scrm.core.scope import SYSTEM_SCOPE

ACTS = {
    "entries.hide": _("Entry is hidden at this store; codes in customers' hands go on working"),
    "entries.show": _("Entry is shown at the store that takes over"),
    "entries.along": _("Entry stays as it is"),
    "entries.hidden": _(
        "Entry stays hidden at this store until it is shown again on the entry's page"
    ),
}


def plan(change: StoreChange) -> Iterable[PlannedStep]:
    """Yield a step for each entry shown at the store, and one where it goes on elsewhere."""
    if change.kind == StoreChange.Kind.OPEN:
        yield from _hidden(change)
        return
    shown = EntryStore.objects.filter(store=change.store, is_shown=True).select_related("entry")
    elsewhere = set(
        EntryStore.objects.filter(store=change.target, is_shown=True).values_list(
            "entry_id", flat=True
        )
    )
    for row in shown.order_by("entry__name", "pk"):
        key, subject = str(row.entry_id), row.entry.name
        if change.kind == StoreChange.Kind.MOVE:
            yield PlannedStep("entries.along", subject, key, kept=True)
            continue
        yield PlannedStep("entries.hide", subject, key, order=FIRST)
        if change.kind == StoreChange.Kind.MERGE and row.entry_id not in elsewhere:
            yield PlannedStep("entries.show", subject, key, order=AFTERWARDS)


def _hidden(change: StoreChange) -> Iterable[PlannedStep]:
    hidden = EntryStore.objects.filter(store=change.store, is_shown=False).select_related("entry")
    for row in hidden.order_by("entry__name", "pk"):
        yield PlannedStep("entries.hidden", row.entry.name, str(row.entry_id), kept=True)


def apply(change: StoreChange, step: StoreChangeStep, actor: Any) -> None:
    """Hide or show one entry; showing it has a code made, like headquarters' check does."""
    entry = Entry.objects.get(pk=int(step.key))
    if step.act == "entries.hide":
        stores_hide(entry, [change.store_id], scope=SYSTEM_SCOPE, actor=actor)
    elif change.target_id is not None:
        stores_check(entry, [change.target_id], scope=SYSTEM_SCOPE, actor=actor)


PART = ChangePart(acts=ACTS, plan=plan, apply=apply)
