"""The pages of live codes."""

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from attribution.live_codes import pictures, selectors, services
from attribution.live_codes.forms import LiveCodeFilter, LiveCodeForm, initial_of
from attribution.live_codes.models import LiveCode
from attribution.live_codes.pushing import live_code_push
from attribution.live_codes.tables import LiveCodeTable
from contacts.directory.selectors import restrictions_among, restrictions_put
from customers.tags.selectors import tags_by_id
from scrm.core.exceptions import ScrmError
from scrm.core.listing import ListPage, build_list
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/attribution/live_codes"
TEXT_MOST = 60


@require_GET
@requires("live_codes.view")
def live_code_list(request: ScopedRequest) -> HttpResponse:
    """List the codes in scope, the newest first, with today's and all adds."""
    page = build_list(
        request,
        queryset=selectors.with_choices(selectors.live_codes_visible_to(request.scope)),
        table_class=LiveCodeTable,
        filterset_class=LiveCodeFilter,
    )
    _count_adds(page)
    may_edit = request.scope.allows("live_codes.edit")
    empty = {
        "title": _("No live codes yet"),
        "text": _("A name and one member make a code; everything else has a default."),
        "action_label": _("Make a live code") if may_edit else "",
        "action_url": reverse("live_codes:create") if may_edit else "",
        "icon": "qrcode",
    }
    return render(
        request, f"{FOLDER}/list.html", {"list": page, "empty": empty, "may_edit": may_edit}
    )


def _count_adds(page: ListPage) -> None:
    counts = selectors.adds_by_code(code.pk for code in page.rows)
    risk = selectors.blocked_on(page.rows)
    for code in page.rows:
        code.adds = counts.get(code.pk, (0, 0))
        code.able = len(selectors.receivable(code.choices.all(), risk))


@require_http_methods(["GET", "POST"])
@requires("live_codes.edit")
def live_code_create(request: ScopedRequest) -> HttpResponse:
    """Make a code on one page."""
    form = LiveCodeForm(request.POST or None, initial={"skip_verify": True})
    if request.method == "POST" and form.is_valid():
        try:
            code = services.live_code_create(form.wish(), scope=request.scope, actor=request.user)
        except ScrmError as error:
            _tell(form, error)
        else:
            return _pushed(request, code)
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@requires("live_codes.edit")
def live_code_edit(request: ScopedRequest, pk: int) -> HttpResponse:
    """Change a code on the same page."""
    code = get_object_or_404(selectors.live_codes_editable_by(request.scope), pk=pk)
    form = LiveCodeForm(request.POST or None, initial=initial_of(code))
    if request.method == "POST" and form.is_valid():
        try:
            services.live_code_update(code, form.wish(), scope=request.scope, actor=request.user)
        except ScrmError as error:
            _tell(form, error)
        else:
            return _pushed(request, code)
    return _form_page(request, form, code)


def _tell(form: LiveCodeForm, error: ScrmError) -> None:
    field = error.data.get("field")
    form.add_error(field if field in form.fields else None, error.message)


def _pushed(request: ScopedRequest, code: LiveCode) -> HttpResponse:
    """Tell WeCom and show what came of it."""
    code = live_code_push(code.pk)
    if code.status == LiveCode.Status.ACTIVE:
        messages.success(request, _("The live code works: print it or send it out."))
    else:
        messages.warning(request, code.problem or _("The live code is being made."))
    return redirect("live_codes:detail", code.pk)


def _form_page(request: ScopedRequest, form: LiveCodeForm, code: LiveCode | None) -> HttpResponse:
    pickers = {
        name: _picker(request, name, "", form.chosen_ids(name)) for name in ("members", "backups")
    }
    context = {"form": form, "code": code, **pickers}
    return render(request, f"{FOLDER}/form.html", context, status=422 if form.errors else 200)


@require_GET
@requires("live_codes.edit")
def member_picker(request: ScopedRequest) -> HttpResponse:
    """Show the ticked members and those that match the search, with what keeps each from serving."""
    field = "backups" if "backup" in request.GET else "members"
    ids = [int(pk) for pk in request.GET.getlist(field) if pk.isdecimal() and len(pk) < 19]
    picker = _picker(request, field, request.GET.get("q", "")[:TEXT_MOST], ids)
    return render(request, f"{FOLDER}/picker.html", {"picker": picker})


def _picker(request: ScopedRequest, field: str, text: str, ids: list[int]) -> dict[str, Any]:
    """Return what a picker shows: the ticked members first, then those that match the text."""
    chosen, found = selectors.pickable(request.scope, text, ids[: selectors.MOST_MEMBERS])
    ids = [member.pk for member in [*chosen, *found]]
    risk = selectors.blocked(ids)
    restrictions_put(request.scope, [*chosen, *found])
    for member in [*chosen, *found]:
        member.blocked_reason = risk.reason(member.pk)  # type: ignore[attr-defined]
    return {"field": field, "chosen": chosen, "found": found}


@require_GET
@requires("live_codes.view")
def live_code_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show a code: picture, who answers and who is left out and why, adds."""
    code = get_object_or_404(selectors.live_codes_visible_to(request.scope), pk=pk)
    choices, hidden = selectors.choices_visible_to(request.scope, code)
    ids = [choice.member_id for choice in choices]
    risk, held = selectors.blocked(ids), restrictions_among(request.scope, ids)
    taken = {choice.pk for choice in selectors.receivable(selectors.choices_of(code))}
    for choice in choices:
        choice.is_restricted = choice.member_id in held  # type: ignore[attr-defined]
        choice.incident_id = held.get(choice.member_id)  # type: ignore[attr-defined]
        choice.why_not = choice.reason or risk.reason(choice.member_id)  # type: ignore[attr-defined]
        choice.waits = not choice.why_not and choice.pk not in taken  # type: ignore[attr-defined]
    context: dict[str, Any] = {
        "code": code,
        "choices": choices,
        "hidden": hidden,
        "able": len(selectors.receivable(selectors.choices_of(code))),
        "tags": tags_by_id(code.tag_ids).values(),
        "adds": selectors.adds_by_code([code.pk])[code.pk],
        "sizes": pictures.SIZES,
        "may_edit": request.scope.allows("live_codes.edit")
        and selectors.live_codes_editable_by(request.scope).filter(pk=pk).exists(),
    }
    return render(request, f"{FOLDER}/detail.html", context)


@require_GET
@requires("live_codes.view")
def qr_picture(request: ScopedRequest, pk: int, size: int) -> HttpResponse:
    """Give the code as a PNG of 300, 600 or 1280 pixels; `?download` names the file."""
    code = get_object_or_404(selectors.live_codes_visible_to(request.scope), pk=pk)
    if size not in pictures.SIZES or not code.link:
        raise Http404
    response = HttpResponse(pictures.print_ready(code.link, size), content_type="image/png")
    response["Cache-Control"] = "private, max-age=300"
    if "download" in request.GET:
        name = quote(f"{code.name}-{size}.png")
        response["Content-Disposition"] = (
            f"attachment; filename=live-code-{pk}-{size}.png; filename*=UTF-8''{name}"
        )
    return response


@require_POST
@requires("live_codes.edit")
def live_code_retry(request: ScopedRequest, pk: int) -> HttpResponse:
    """Ask WeCom again now."""
    code = get_object_or_404(selectors.live_codes_editable_by(request.scope), pk=pk)
    return _pushed(request, code)
