"""Console pages of the connected OAs: connect, test, map with a preview, read."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.oa_sync.sources.forms import FORMS, ConnectorForm, MappingForm
from contacts.oa_sync.sources.mapping import FieldMapping, fields_of
from contacts.oa_sync.sources.models import OaConnector
from contacts.oa_sync.sources.previewing import offered_paths, preview
from contacts.oa_sync.sources.protocol import ROLES
from contacts.oa_sync.sources.selectors import connectors_visible_to
from contacts.oa_sync.sources.services import (
    connector_add,
    connector_change,
    connector_read,
    connector_remove,
    connector_test,
    mapping_set,
    upload_connector,
    uploads_plan,
)
from contacts.oa_sync.sources.tables import ConnectorTable
from contacts.oa_sync.words import field_words
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/contacts/oa_sync/sources"


@require_GET
@requires("oa_sync.view")
def sources(request: ScopedRequest) -> HttpResponse:
    """List the connected OAs."""
    page = build_list(
        request,
        queryset=connectors_visible_to(request.scope),
        table_class=ConnectorTable,
        order=("-created_at",),
    )
    context = {
        "list": page,
        "kinds": [(kind, OaConnector.Kind(kind).label) for kind in FORMS],
        "may_connect": request.scope.everything and request.scope.allows("oa_sync.connect"),
        "empty": {
            "title": _("No OA is connected"),
            "text": _("Connect it once and it is read by itself; or go on uploading files."),
            "icon": "plug-connected",
        },
    }
    return render(request, f"{FOLDER}/list.html", context)


def _connector(request: ScopedRequest, pk: UUID) -> OaConnector:
    visible = connectors_visible_to(request.scope).select_related("last_run", "updated_by")
    return get_object_or_404(visible, pk=pk)


def _need_everything(request: ScopedRequest) -> None:
    if not request.scope.everything:
        raise Http404


@require_http_methods(["GET", "POST"])
@requires("oa_sync.connect")
def source_create(request: ScopedRequest, kind: str) -> HttpResponse:
    """Connect an OA of one kind."""
    _need_everything(request)
    if kind not in FORMS:
        raise Http404
    form = FORMS[kind](request.POST or None)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            made = connector_add(kind=kind, values=form.values(), actor=request.user)
            return redirect("oa_sync:source_detail", pk=made.pk)
    return _form_page(request, form, str(OaConnector.Kind(kind).label), None)


@require_http_methods(["GET", "POST"])
@requires("oa_sync.connect")
def source_edit(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Change a connected OA."""
    connector = _connector(request, pk)
    if connector.kind not in FORMS:
        raise Http404
    form = FORMS[connector.kind](request.POST or None, connector=connector)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            connector_change(connector=connector, values=form.values(), actor=request.user)
            return redirect("oa_sync:source_detail", pk=pk)
    return _form_page(request, form, connector.get_kind_display(), connector)


def _form_page(
    request: ScopedRequest, form: ConnectorForm, kind: str, connector: OaConnector | None
) -> HttpResponse:
    context = {"form": form, "kind": kind, "connector": connector}
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/form.html", context, status=status)


@require_GET
@requires("oa_sync.view")
def source_detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show a connected OA: how the test and the last reading went, and what is mapped."""
    connector = _connector(request, pk)
    mapping = connector.field_mapping
    context = {
        "connector": connector,
        "may_connect": request.scope.allows("oa_sync.connect"),
        "may_read": request.scope.allows("oa_sync.upload"),
        "has_settings": connector.kind in FORMS,
        "mapped": [
            (
                role,
                [
                    (field_words(name, role), paths[name])
                    for name in fields_of(role)
                    if name in paths
                ],
            )
            for role in ROLES
            if (paths := mapping.paths.get(role))
        ],
    }
    return render(request, f"{FOLDER}/detail.html", context)


@require_POST
@requires("oa_sync.connect")
def source_test(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Read the first records and say how it went."""
    connector = connector_test(connector=_connector(request, pk), actor=request.user)
    if connector.test_problem:
        messages.error(request, connector.test_problem)
    else:
        messages.success(request, _("The OA answered. Check the mapping, then read."))
    return redirect("oa_sync:source_detail", pk=pk)


@require_POST
@requires("oa_sync.connect")
def columns(request: ScopedRequest) -> HttpResponse:
    """Go to where a person says which column of the uploaded files is which."""
    _need_everything(request)
    with RefusalAsMessage(request):
        kept = upload_connector(actor=request.user)
        return redirect("oa_sync:source_mapping", pk=kept.pk)
    return redirect("oa_sync:list")


@require_POST
@requires("oa_sync.upload")
def source_read(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Start reading an OA; the plan appears in the list of runs."""
    connector = _connector(request, pk)
    with RefusalAsMessage(request):
        if connector.kind == OaConnector.Kind.UPLOAD:
            return redirect("oa_sync:detail", pk=uploads_plan(actor=request.user).pk)
        job = connector_read(connector=connector, actor=request.user)
        return redirect("jobs:detail", pk=job.pk)
    return redirect("oa_sync:source_detail", pk=pk)


@require_POST
@requires("oa_sync.connect")
def source_remove(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Forget a connected OA and its secret."""
    connector = _connector(request, pk)
    connector_remove(connector=connector, actor=request.user)
    messages.success(request, _("%(name)s is no longer connected.") % {"name": connector.name})
    return redirect("oa_sync:sources")


@require_http_methods(["GET", "POST"])
@requires("oa_sync.connect")
def source_mapping(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Say which path holds which field, with a preview beside it."""
    connector = _connector(request, pk)
    posted = request.method == "POST"
    problem, offered = "", {}
    try:
        offered = {role: offered_paths(connector, role) for role in ROLES}
    except ScrmError as failure:
        problem = failure.message
    forms = [
        MappingForm(
            request.POST if posted else None,
            role=role, mapping=connector.field_mapping, paths=offered.get(role, []),
        )
        for role in ROLES
    ]  # fmt: skip
    if posted and not any(form.errors for form in forms):
        with RefusalInForm(forms[0]):
            mapping_set(connector=connector, mapping=_mapping(forms), actor=request.user)
            messages.success(request, _("Saved. The next reading uses this mapping."))
            return redirect("oa_sync:source_detail", pk=pk)
    context = {"connector": connector, "forms": forms, "problem": problem}
    status = 422 if any(form.errors for form in forms) else 200
    return render(request, f"{FOLDER}/mapping.html", context, status=status)


def _mapping(forms: list[MappingForm]) -> FieldMapping:
    chosen = {form.role: form.chosen() for form in forms}
    return FieldMapping(
        {role: paths for role, (paths, _words) in chosen.items()},
        {role: words for role, (_paths, words) in chosen.items()},
    )


@require_POST
@requires("oa_sync.connect")
def source_preview(request: ScopedRequest, pk: UUID, role: str) -> HttpResponse:
    """Show the first 20 rows through the mapping as it stands in the form; nothing is saved."""
    connector = _connector(request, pk)
    if role not in ROLES:
        raise Http404
    forms = [
        MappingForm(request.POST, role=each, mapping=connector.field_mapping, paths=[])
        for each in ROLES
    ]
    context: dict[str, object] = {"role": role}
    if not any(form.errors for form in forms):
        try:
            hide = request.scope.masked("phone")
            context["preview"] = preview(connector, _mapping(forms), role, hide_phones=hide)
        except ScrmError as failure:
            context["problem"] = failure.message
    else:
        context["problem"] = _("Correct the marked paths first: %(words)s") % {
            "words": " ".join(
                str(error) for form in forms for errors in form.errors.values() for error in errors
            )
        }
    return render(request, f"{FOLDER}/preview.html", context)
