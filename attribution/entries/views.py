"""The console pages of entries: make, check, show, and read what came of it."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from attribution.entries import selectors, services
from attribution.entries.figures import Board, board
from attribution.entries.forms import (
    RANGES,
    EntryFilter,
    EntryForm,
    RangeForm,
    StoreFilter,
    StoresForm,
    WordingForm,
    initial_of,
)
from attribution.entries.models import Entry
from attribution.entries.tables import EntryTable, StoreTable
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/attribution/entries"


@require_GET
@requires("entries.view")
def entry_list(request: ScopedRequest) -> HttpResponse:
    """List the entries with the number of stores that show each."""
    listed = build_list(
        request,
        queryset=selectors.entries_visible_to(request.scope),
        table_class=EntryTable,
        filterset_class=EntryFilter,
    )
    counts = selectors.store_counts(request.scope, [row.pk for row in listed.rows])
    for row in listed.rows:
        row.stores_shown = counts.get(row.pk, 0)
    may_edit = _may_make(request)
    empty = {
        "title": _("No entries yet"),
        "text": _("An entry leads customers of the mall to a guide of their store."),
        "action_label": _("Make an entry") if may_edit else "",
        "action_url": reverse("entries:create") if may_edit else "",
        "icon": "door-enter",
    }
    return render(
        request, f"{FOLDER}/list.html", {"list": listed, "empty": empty, "may_edit": may_edit}
    )


def _may_make(request: ScopedRequest) -> bool:
    return request.scope.allows("entries.edit") and request.scope.everything


@require_http_methods(["GET", "POST"])
@requires("entries.edit")
def entry_create(request: ScopedRequest) -> HttpResponse:
    """Make an entry; it starts hidden."""
    form = EntryForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            entry = services.entry_create(
                form.wording(), code=values["code"], place=values["place"], hook=values["hook"],
                scope=request.scope, actor=request.user,
            )  # fmt: skip
        except ScrmError as error:
            _tell(form, error)
        else:
            messages.success(request, _("The entry is made. It stays hidden until you check it."))
            return redirect("entries:detail", entry.pk)
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@requires("entries.edit")
def entry_edit(request: ScopedRequest, pk: int) -> HttpResponse:
    """Change the words; new words are hidden until they are checked."""
    entry = get_object_or_404(selectors.entries_visible_to(request.scope), pk=pk)
    form = WordingForm(request.POST or None, initial=initial_of(entry))
    if request.method == "POST" and form.is_valid():
        try:
            services.entry_reword(entry, form.wording(), scope=request.scope, actor=request.user)
        except ScrmError as error:
            _tell(form, error)
        else:
            messages.success(request, _("The words are saved."))
            return redirect("entries:detail", entry.pk)
    return _form_page(request, form, entry)


def _tell(form: WordingForm, error: ScrmError) -> None:
    field = error.data.get("field")
    form.add_error(field if field in form.fields else None, error.message)


def _form_page(request: ScopedRequest, form: WordingForm, entry: Entry | None) -> HttpResponse:
    context = {"form": form, "entry": entry}
    return render(request, f"{FOLDER}/form.html", context, status=422 if form.errors else 200)


@require_GET
@requires("entries.view")
def entry_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show one entry: its words as customers see them, its switch, and its stores one by one."""
    entry = get_object_or_404(
        selectors.entries_visible_to(request.scope).select_related("checked_by"), pk=pk
    )
    stores = selectors.stores_with(request.scope, entry)
    listed = build_list(
        request, queryset=stores, table_class=StoreTable, filterset_class=StoreFilter,
        order=("code", "id"),
    )  # fmt: skip
    rows = selectors.rows_at(entry, listed.rows)
    for store in listed.rows:
        store.row = rows.get(store.pk)
        store.may_choose = request.scope.allows("entries.edit")
    counts = stores.order_by()
    context = {
        "entry": entry,
        "list": listed,
        "shown": selectors.stores_in_state(counts, "shown").count(),
        "ready": selectors.stores_in_state(counts, "ready").count(),
        "total": counts.count(),
        "may_edit": request.scope.allows("entries.edit"),
        "may_make": _may_make(request),
        "empty": {
            "title": _("No stores yet"),
            "text": _("Import stores and bind accounts first."),
            "icon": "building-store",
        },
    }
    return render(request, f"{FOLDER}/detail.html", context)


@require_POST
@requires("entries.edit")
def entry_switch(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show the entry after the check of its words, or hide it everywhere at once."""
    entry = get_object_or_404(selectors.entries_visible_to(request.scope), pk=pk)
    shown = request.POST.get("shown") == "1"
    try:
        services.entry_switch(entry, shown=shown, scope=request.scope, actor=request.user)
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        words = (
            _("The entry is shown at its stores.")
            if shown
            else _("The entry is hidden everywhere.")
        )
        messages.success(request, words)
    return redirect("entries:detail", entry.pk)


@require_POST
@requires("entries.edit")
def entry_stores(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show the entry at the ticked stores, which makes a job of their codes, or hide it there."""
    entry = get_object_or_404(selectors.entries_visible_to(request.scope), pk=pk)
    form = StoresForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose open stores within your range."))
        return redirect("entries:detail", entry.pk)
    act, ids = form.cleaned_data["act"], form.cleaned_data["stores"]
    try:
        if act == StoresForm.HIDE:
            count = services.stores_hide(entry, ids, scope=request.scope, actor=request.user)
            messages.success(
                request,
                ngettext("Hidden at %(count)d store.", "Hidden at %(count)d stores.", count)
                % {"count": count},
            )
            return redirect("entries:detail", entry.pk)
        chosen = _ready(request, entry) if act == StoresForm.SHOW_READY else ids
        job = services.stores_check(entry, chosen, scope=request.scope, actor=request.user)
    except ScrmError as error:
        messages.error(request, error.message)
        return redirect("entries:detail", entry.pk)
    return redirect("jobs:detail", job.pk)


def _ready(request: ScopedRequest, entry: Entry) -> list[int]:
    stores = selectors.stores_with(request.scope, entry)
    ready = selectors.stores_in_state(stores, "ready").order_by("code")
    return list(ready.values_list("pk", flat=True)[: services.MOST_STORES])


@require_GET
@requires("entries.view")
def entry_figures(request: ScopedRequest) -> HttpResponse:
    """Show what entries brought over a range: the funnel, and hooks, entries and stores compared."""
    form = RangeForm(request.GET, entries=selectors.entries_visible_to(request.scope))
    first, last = form.days()
    entry = form.cleaned_data.get("entry") if form.is_valid() else None
    found = board(request.scope, first, last, entry=entry)
    context = {
        "form": form,
        "first": first,
        "last": last,
        "entry": entry,
        "board": found,
        "steps": _steps(found),
        "ranges": _ranges(entry),
        "as_of": timezone.localtime(),
    }
    return render(request, f"{FOLDER}/figures.html", context)


def _steps(found: Board) -> list[dict[str, Any]]:
    total = found.total
    steps = [
        (_("Saw the page with the entry"), total.viewers),
        (_("Clicked the entry"), total.entry_clickers),
        (_("Saw the lead-in page"), total.leadin_viewers),
        (_("Clicked to add"), total.add_clickers),
        (_("People added"), total.added),
    ]
    most = max(count for _label, count in steps) or 1
    return [{"label": label, "count": count, "most": most} for label, count in steps]


def _ranges(entry: Entry | None) -> list[dict[str, Any]]:
    today = timezone.localdate()
    chosen = f"&entry={entry.pk}" if entry else ""
    return [
        {
            "label": _("Today") if days == 1 else _("%(days)d days") % {"days": days},
            "first": today - timedelta(days=days - 1),
            "url": f"?first={today - timedelta(days=days - 1):%Y-%m-%d}&last={today:%Y-%m-%d}{chosen}",
        }
        for days in RANGES
    ]
