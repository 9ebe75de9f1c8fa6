"""The board page and its file."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from attribution.boards.forms import BY, CUSTOM, BoardForm, Choice, choice_of
from attribution.boards.selectors import Board, Line, Place, Sums, board, place, trend
from attribution.boards.spans import PRESETS, TALL, WIDE, bars
from contacts.org.models import OrgUnit
from scrm.core.approvals.asking import second_person
from scrm.core.approvals.exports import may_take
from scrm.core.audit.services import record
from scrm.core.downloads import workbook_response
from scrm.core.excel import write_workbook
from scrm.core.exceptions import ValidationFailed
from scrm.core.scope import Scope, ScopedRequest, requires

PAGE_ROWS = 50
# A larger file is a job for the data warehouse; the words say how to make it smaller.
MOST_ROWS = 5000
COLUMNS: tuple[tuple[str, Promise, Promise], ...] = (
    ("net", gettext_lazy("Net sales"), gettext_lazy("Sales less refunds, by the day of each. Equals the ledger.")),
    ("sales", gettext_lazy("Sales"), gettext_lazy("Paid amounts of the orders credited, on the day of payment.")),
    ("refunds", gettext_lazy("Refunds"), gettext_lazy("Amounts given back, on the day of the refund.")),
    ("orders", gettext_lazy("Orders"), gettext_lazy("Orders credited, on the day of payment.")),
    ("adds", gettext_lazy("New customers"), gettext_lazy("Times a customer added the guide; customers a colleague handed over are not new.")),
    ("losses", gettext_lazy("Losses"), gettext_lazy("Times either side deleted the other; a hand-over to a colleague is no loss.")),
    ("sends", gettext_lazy("Sends"), gettext_lazy("Materials the guide sent, once WeCom confirmed it.")),
    ("views", gettext_lazy("Views"), gettext_lazy("Views of what the guide sent; one device counts once in 30 minutes.")),
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A figure with its column's words."""

    key: str
    label: Promise
    about: Promise
    value: Any


@dataclass(frozen=True)
class ShownLine:
    """A row as the page draws it; `share` is its net sales in percent of the largest row's."""

    line: Line
    cells: list[Cell]
    share: int
    url: str
    orders_url: str


@require_GET
@requires("boards.view")
def index(request: ScopedRequest) -> HttpResponse:
    """Show figures by guide, store or branch, with the trend and what nobody earned."""
    form = BoardForm(request.GET or None)
    choice = choice_of(form)
    where = place(request.scope, choice.place)
    ids = _store_ids(choice, where)
    found = board(request.scope, choice.span, by=choice.by, sort=choice.sort, store_ids=ids)
    shown, pages = _page(found, choice.page)
    biggest = max((line.sums.net for line in found.lines), default=0)
    days = bars(trend(request.scope, choice.span, ids))
    context = {
        "form": form,
        "choice": choice,
        "where": where,
        "board": found,
        "rows": [_shown(request.scope, line, choice, where, biggest) for line in shown],
        "rest": _shown(request.scope, found.rest, choice, where, biggest) if found.rest else None,
        "rest_name": rest_name(choice.by),
        "total": _cells(found.total),
        "columns": [_heading(request, name, label, about, choice) for name, label, about in COLUMNS],
        "presets": [_chip(request, preset.code, preset.label, choice) for preset in PRESETS],
        "tabs": [
            {"label": label, "url": _url(request, by=code), "active": code == choice.by}
            for code, label in BY
        ],
        "is_custom": choice.range == CUSTOM,
        "bars": [(bar, _url(request, range=CUSTOM, first=bar.day.day, last=bar.day.day)) for bar in days],
        "wide": WIDE,
        "tall": TALL,
        "everywhere_url": _url(request, place=""),
        "next_url": _url(request, page=choice.page + 1) if choice.page < pages else "",
        "first_url": _url(request, page="") if choice.page > 1 else "",
        "may_export": request.scope.allows("boards.export"),
        "too_many": len(found.lines) > MOST_ROWS,
        "empty": {
            "title": _("No figures for these days"),
            "text": _("Adds, sends, views and credited orders are counted here by guide, within two minutes."),
            "icon": "chart-bar",
        },
    }  # fmt: skip
    return render(request, "console/attribution/boards/index.html", context)


@require_POST
@requires("boards.export")
def export(request: ScopedRequest) -> HttpResponse:
    """Give the whole board as a file, the same rows and totals as on the page; audited."""
    choice = choice_of(BoardForm(request.POST))
    ids = _store_ids(choice, place(request.scope, choice.place))
    found = board(request.scope, choice.span, by=choice.by, sort=choice.sort, store_ids=ids)
    if len(found.lines) > MOST_ROWS:
        words = _("A file holds at most %(most)d rows. Choose a branch or group by store.")
        raise ValidationFailed(words % {"most": MOST_ROWS}, code="board_too_large")
    span = choice.span
    about = {"by": choice.by, "first": str(span.first), "last": str(span.last),
             "place": choice.place, "rows": len(found.lines)}  # fmt: skip
    filters = {name: str(value) for name, value in about.items() if name != "rows"}
    with transaction.atomic():
        if not may_take("boards", filters, rows=len(found.lines), actor=request.user):
            return _second_person(request, choice, filters, len(found.lines))
        record(actor=request.user, action="boards.export", target="board:*", after=about)
    return workbook_response(
        _workbook(found, choice), f"boards-{choice.by}-{span.first}-{span.last}.xlsx"
    )


def _second_person(
    request: ScopedRequest, choice: Choice, filters: dict[str, str], rows: int
) -> HttpResponse:
    """Ask why, and put a file of many rows before somebody else."""
    shown = {"by": choice.by, "sort": choice.sort, "place": choice.place, **_days(choice)}
    page = reverse("boards:index", query=shown)
    return second_person(request, "boards", filters, rows=rows, page=page, shown=shown)


def _store_ids(choice: Choice, where: Place | None) -> list[int] | None:
    """Return the stores the board is narrowed to; a place the scope does not see shows nothing, not everything."""
    if not choice.place:
        return None
    return where.store_ids if where else []


def _page(found: Board, number: int) -> tuple[list[Line], int]:
    pages = max(1, -(-len(found.lines) // PAGE_ROWS))
    return found.lines[(number - 1) * PAGE_ROWS : number * PAGE_ROWS], pages


def rest_name(by: str) -> str:
    """Return what the row without a guide, store or branch is called."""
    return {
        "guide": _("Not attributed to a guide"),
        "store": _("Without a store"),
        "branch": _("Outside of every branch"),
    }[by]


def _cells(figures: Sums) -> list[Cell]:
    return [Cell(name, label, about, getattr(figures, name)) for name, label, about in COLUMNS]


def _shown(
    scope: Scope, line: Line, choice: Choice, where: Place | None, biggest: Any
) -> ShownLine:
    share = round(100 * line.sums.net / biggest) if biggest > 0 and line.sums.net > 0 else 0
    orders_url = _orders_url(scope, line, choice, where)
    return ShownLine(line, _cells(line.sums), min(share, 100), _deeper(line, choice), orders_url)


def _deeper(line: Line, choice: Choice) -> str:
    """Return the board one level below a row: a branch's stores, a store's guides."""
    below = {"branch": "store", "store": "guide"}.get(choice.by)
    if line.key is None or below is None:
        return ""
    return reverse("boards:index", query={**_days(choice), "by": below, "place": line.code})


def _days(choice: Choice) -> dict[str, str]:
    if choice.range != CUSTOM:
        return {"range": choice.range}
    return {"range": CUSTOM, "first": str(choice.span.first), "last": str(choice.span.last)}


def _orders_url(scope: Scope, line: Line, choice: Choice, where: Place | None) -> str:
    """Return the list of the orders paid on these days behind a row; "" where the list cannot say it."""
    if not scope.allows("sales.view") or choice.by == "branch":
        return ""
    days = {"first": str(choice.span.first), "last": str(choice.span.last)}
    if choice.by == "store":
        return reverse("sales:list", query={**days, "store": line.code}) if line.code else ""
    whose = {"guide": line.code} if line.code else {"whose": "nobody"}
    if where and where.unit.kind == OrgUnit.Kind.STORE:
        whose["store"] = where.unit.code
    return reverse("sales:list", query={**days, **whose})


def _url(request: ScopedRequest, **changes: object) -> str:
    """Return the page's address with some parameters changed; any change but of the page begins at page one."""
    query = request.GET.copy()
    query.pop("page", None)
    for name, value in changes.items():
        query.pop(name, None)
        if str(value):
            query[name] = str(value)
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _chip(request: ScopedRequest, code: str, label: Promise, choice: Choice) -> dict[str, Any]:
    url = _url(request, range=code, first="", last="")
    return {"label": label, "url": url, "active": code == choice.range}


def _heading(
    request: ScopedRequest, name: str, label: Promise, about: Promise, choice: Choice
) -> dict[str, Any]:
    is_sorted = name == choice.sort
    url = _url(request, sort=name)
    return {"name": name, "label": label, "about": about, "url": url, "is_sorted": is_sorted}


def _workbook(found: Board, choice: Choice) -> bytes:
    heads = {"guide": (_("Guide"), _("Store")), "store": (_("Store"), _("Store code")),
             "branch": (_("Branch"), _("Branch code"))}[choice.by]  # fmt: skip
    columns = [("name", heads[0]), ("note", heads[1])]
    columns += [(name, str(label)) for name, label, _about in COLUMNS]
    rows = [_row(line.name, line.note, line.sums) for line in found.lines]
    if found.rest:
        rows.append(_row(rest_name(choice.by), "", found.rest.sums))
    rows.append(_row(_("Total"), f"{choice.span.first} – {choice.span.last}", found.total))
    return write_workbook(columns, rows, sheet=_("Sales boards"))


def _row(name: str, note: str, figures: Sums) -> dict[str, object]:
    values = {key: getattr(figures, key) for key, _label, _about in COLUMNS}
    return {"name": name, "note": note, **values}
