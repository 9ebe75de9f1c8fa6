"""The pages of customer groups."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.org.selectors import stores_of
from customers.groups import selectors, services, welcoming
from customers.groups.forms import (
    GroupFilter,
    SpanForm,
    StayFilter,
    TagsForm,
    WelcomeForm,
    WelcomeNoteForm,
    tag_names,
)
from customers.groups.models import CustomerGroup
from customers.groups.tables import DuplicateTable, GroupTable, StayTable, WelcomeTable
from scrm.core.exceptions import ScrmError
from scrm.core.gateway import words
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest, requires
from scrm.wecom.api.group_welcome import MOST_TEMPLATES
from scrm.wecom.errors import WeComError

FOLDER = "console/customers/groups"


@require_GET
@requires("groups.view")
def group_list(request: ScopedRequest) -> HttpResponse:
    """List the groups in scope, the newest first."""
    rows = selectors.groups_visible_to(request.scope).select_related("owner")
    if "state" not in request.GET:
        rows = selectors.living(rows)
    page = build_list(
        request,
        queryset=rows.prefetch_related("tags"),
        table_class=GroupTable,
        filterset_class=GroupFilter,
        order=("-created_time", "-id"),
    )
    stores = stores_of(row.owner_id for row in page.rows if row.owner_id)
    for row in page.rows:
        row.store = stores.get(row.owner_id)
    context = {
        "list": page,
        "empty": {
            "title": _("No groups yet"),
            "text": _(
                "Read them from WeCom once; afterwards WeCom tells of every change by itself."
            ),
            "icon": "users-group",
        },
        "counts": selectors.group_counts(request.scope),
        "sync": selectors.last_sync(),
        "may_sync": request.scope.allows("groups.sync"),
    }
    return render(request, f"{FOLDER}/list.html", context)


@require_POST
@requires("groups.sync")
def group_sync(request: ScopedRequest) -> HttpResponse:
    """Start the full read and show its job."""
    job = services.sync_start(actor=request.user)
    return redirect("jobs:detail", job.pk)


def _group(request: ScopedRequest, pk: int) -> CustomerGroup:
    rows = selectors.groups_visible_to(request.scope).select_related("owner", "welcome")
    return get_object_or_404(rows, pk=pk)


@require_GET
@requires("groups.view")
def group_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show one group: who is in it, how they came, joins and leaves, our tags."""
    group = _group(request, pk)
    page = build_list(
        request,
        queryset=selectors.stays_of(request.scope, group),
        table_class=StayTable,
        filterset_class=StayFilter,
        order=("-join_time", "-id"),
    )
    for row in page.rows:
        row.shown = selectors.shown_name(request.scope, row)
        row.may_open = request.scope.allows("relations.view")
        # Who answers for privacy finds somebody whom only groups know by this id.
        row.shows_id = request.scope.allows("privacy.ask")
    today = timezone.localdate()
    tags = sorted(group.tags.values_list("name", flat=True))
    context = {
        "group": group,
        "store": stores_of([group.owner_id]).get(group.owner_id) if group.owner_id else None,
        "list": page,
        "empty": {"title": _("Nobody here"), "icon": "users"},
        "moves": selectors.daily_moves(
            group.stays.all(), today - timedelta(days=selectors.DAYS_SHOWN - 1), today
        ),
        "ways": selectors.ways_of(group),
        "tags": tags,
        "tags_form": TagsForm(initial={"tags": ", ".join(tags)}),
        "known_tags": tag_names(),
        "welcome_form": WelcomeNoteForm(initial={"welcome": group.welcome_id}),
        "may_edit": request.scope.allows("groups.edit"),
    }
    return render(request, f"{FOLDER}/detail.html", context)


@require_POST
@requires("groups.edit")
def group_tags(request: ScopedRequest, pk: int) -> HttpResponse:
    """Set the tags of a group."""
    group, form = _group(request, pk), TagsForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("These tags are too long."))
        return redirect("groups:detail", group.pk)
    try:
        services.tags_set(group, form.names(), actor=request.user)
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("The tags are kept."))
    return redirect("groups:detail", group.pk)


@require_POST
@requires("groups.edit")
def group_welcome(request: ScopedRequest, pk: int) -> HttpResponse:
    """Note which template is on a group."""
    group, form = _group(request, pk), WelcomeNoteForm(request.POST)
    if form.is_valid():
        services.welcome_note(group, form.cleaned_data["welcome"], actor=request.user)
        messages.success(request, _("Noted."))
    else:
        messages.error(request, _("This template does not exist any more."))
    return redirect("groups:detail", group.pk)


@require_POST
@requires("groups.edit")
def group_read(request: ScopedRequest, pk: int) -> HttpResponse:
    """Read one group from WeCom now."""
    group = _group(request, pk)
    try:
        found = services.group_refresh(group.chat_id, lane="event")
    except WeComError as error:
        messages.error(request, words(error))
    else:
        messages.success(request, _("Read just now.") if found else _("This group was dismissed."))
    return redirect("groups:detail", group.pk)


@require_GET
@requires("groups.view")
def group_stats(request: ScopedRequest) -> HttpResponse:
    """Show our own joins and leaves by day beside WeCom's figures, with what each one means."""
    form = SpanForm(request.GET)
    days = (form.is_valid() and form.cleaned_data["days"]) or selectors.DAYS_SHOWN
    today = timezone.localdate()
    first, yesterday = today - timedelta(days=days), today - timedelta(days=1)
    context = {
        "days": days,
        "spans": (7, 14, 30),
        "moves": selectors.daily_moves(selectors.stays_visible_to(request.scope), first, today),
        "by_day": selectors.figures_by_day(request.scope, first, yesterday),
        "by_owner": selectors.figures_by_owner(request.scope, first, yesterday),
    }
    return render(request, f"{FOLDER}/stats.html", context)


@require_GET
@requires("groups.view")
def group_duplicates(request: ScopedRequest) -> HttpResponse:
    """List the customers who are in several groups."""
    page = build_list(
        request,
        queryset=selectors.duplicates(request.scope),
        table_class=DuplicateTable,
        order=("-places", "id"),
    )
    places = selectors.groups_of_customers(request.scope, [row.userid for row in page.rows])
    for row in page.rows:
        row.shown = selectors.shown_name(request.scope, row)
        row.may_open = request.scope.allows("relations.view")
        row.groups = places.get(row.userid, [])
    empty = {"title": _("Nobody is in several groups"), "icon": "users"}
    return render(request, f"{FOLDER}/duplicates.html", {"list": page, "empty": empty})


@require_GET
@requires("groups.view")
def welcome_list(request: ScopedRequest) -> HttpResponse:
    """List the templates of welcome messages."""
    page = build_list(
        request, queryset=selectors.welcomes_all(), table_class=WelcomeTable, order=("-id",)
    )
    may_edit = request.scope.allows("groups.welcome")
    for row in page.rows:
        row.may_edit = may_edit
    empty = {
        "title": _("No templates yet"),
        "text": _("A template greets whoever comes into a group its owner put it on."),
        "icon": "message-heart",
    }
    context = {"list": page, "empty": empty, "may_edit": may_edit, "most": MOST_TEMPLATES}
    return render(request, f"{FOLDER}/welcomes.html", context)


@require_http_methods(["GET", "POST"])
@requires("groups.welcome")
def welcome_edit(request: ScopedRequest, pk: int | None = None) -> HttpResponse:
    """Make a template, or change one."""
    welcome = get_object_or_404(selectors.welcomes_all(), pk=pk) if pk is not None else None
    form = WelcomeForm(
        request.POST or None, request.FILES or None, initial=selectors.welcome_values(welcome)
    )
    if welcome is not None:
        del form.fields["told"]
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            values = {"told": False, **form.cleaned_data}
            welcoming.welcome_save(welcome, values, actor=request.user)
            messages.success(request, _("The template is kept in WeCom."))
            return redirect("groups:welcomes")
    stored = selectors.welcome_file(welcome) if welcome is not None else ""
    context = {"form": form, "welcome": welcome, "stored": stored}
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/welcome.html", context, status=status)


@require_POST
@requires("groups.welcome")
def welcome_delete(request: ScopedRequest, pk: int) -> HttpResponse:
    """Delete a template."""
    welcome = get_object_or_404(selectors.welcomes_all(), pk=pk)
    try:
        welcoming.welcome_delete(welcome, actor=request.user)
    except WeComError as error:
        messages.error(request, words(error))
    else:
        messages.success(request, _("The template is deleted."))
    return redirect("groups:welcomes")
