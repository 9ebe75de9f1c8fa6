"""The list frame of console pages: filters in the URL, keyset pages, a total that says how exact it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from scrm.core import keyset
from scrm.core.searched import SEALED

PAGE_SIZES = (20, 50, 100)
# Beyond this a list says "more than": counting a million rows would cost more than showing them.
COUNT_LIMIT = 100_000
# For columns of amounts: right-aligned, digits of one width.
NUMBER = {"td": {"class": "num"}, "th": {"class": "num"}}
# For columns whose words stay on one line, such as moments.
ONE_LINE = {"td": {"class": "nowrap"}}


@dataclass(frozen=True)
class SizeChoice:
    """One page size and the URL that shows the list with it."""

    size: int
    url: str


@dataclass(frozen=True)
class ListPage:
    """What `components/list_frame.html` shows.

    `table` is a django-tables2 Table over `rows`; `filter` a django-filter FilterSet or None;
    `total` counts all matching rows (None when not wanted), exact unless `total_is_exact` is False.
    """

    table: Any
    rows: list[Any]
    filter: Any
    is_filtered: bool
    total: int | None
    total_is_exact: bool
    size: int
    sizes: tuple[int, ...]
    size_choices: tuple[SizeChoice, ...]
    first_url: str
    next_url: str
    as_of: datetime


def build_list(
    request: HttpRequest,
    *,
    queryset: QuerySet[Any],
    table_class: Any,
    filterset_class: Any = None,
    order: Sequence[str] = ("-id",),
    total: bool = True,
) -> ListPage:
    """Filter by the URL, count, and cut one keyset page for the list frame.

    `queryset` is already scoped; `order` names unique-together columns, "-" for descending;
    `?size=` is 20, 50 or 100 and `?after=` the cursor of the page before.
    Raises ValidationFailed (from keyset) for a cursor that we did not make.
    """
    filterset = (
        None
        if filterset_class is None
        else filterset_class(request.GET, queryset=queryset, request=request)
    )
    matching = queryset if filterset is None else filterset.qs
    size = _page_size(request.GET.get("size"))
    page = keyset.paginate(matching, order=order, after=request.GET.get("after") or None, size=size)
    counted = matching.order_by()[: COUNT_LIMIT + 1].count() if total else None
    return ListPage(
        table=table_class(page.rows, orderable=False),
        rows=page.rows,
        filter=filterset,
        is_filtered=filterset is not None and _is_filtered(request.GET, filterset),
        total=None if counted is None else min(counted, COUNT_LIMIT),
        total_is_exact=counted is None or counted <= COUNT_LIMIT,
        size=size,
        sizes=PAGE_SIZES,
        size_choices=tuple(
            SizeChoice(each, _url(request.GET, size=str(each), after=None)) for each in PAGE_SIZES
        ),
        first_url=_url(request.GET, after=None) if request.GET.get("after") else "",
        next_url=_url(request.GET, after=page.next) if page.next else "",
        as_of=timezone.localtime(),
    )


def _page_size(raw: str | None) -> int:
    return int(raw) if raw in {str(size) for size in PAGE_SIZES} else PAGE_SIZES[0]


def _is_filtered(query: QueryDict, filterset: Any) -> bool:
    given = any(query.get(name) for name in (*filterset.form.fields, SEALED))
    return given or bool(filterset.errors)


def _url(query: QueryDict, **changes: str | None) -> str:
    changed = query.copy()
    for name, value in changes.items():
        if value is None:
            changed.pop(name, None)
        else:
            changed[name] = value
    return f"?{changed.urlencode()}"
