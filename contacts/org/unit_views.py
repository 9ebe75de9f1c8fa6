"""Console pages of units: branches and dealers with their binding rates, a store's details, files of units."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.org.forms import SiteForm, UploadForm
from contacts.org.models import OrgUnit, UnitFile
from contacts.org.next_steps import next_steps
from contacts.org.selectors import (
    binding_rates,
    org_units_visible_to,
    serving_now,
    stores_visible_to,
    total_rate,
    unit_files_visible_to,
    unit_rates,
    units_with_children,
)
from contacts.org.services import (
    JudgedFile,
    site_save,
    unit_file_apply,
    unit_file_drop,
    unit_file_judged,
    unit_file_refused,
    unit_file_send,
)
from contacts.org.tables import UnitFilter, UnitTable
from contacts.org.unit_checks import Action, JudgedUnit
from scrm.core.downloads import workbook_response
from scrm.core.excel import error_workbook
from scrm.core.exceptions import PermissionDenied
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

# Rows of a file shown on its page; refused ones come first, all of them are in the download.
SHOWN = 100
STORES_SHOWN = 200


@require_GET
@requires("org.view")
def units(request: ScopedRequest) -> HttpResponse:
    """List regions, branches and dealers with how many of their stores are bound."""
    page = build_list(
        request,
        queryset=units_with_children(request.scope).select_related("parent"),
        table_class=UnitTable,
        filterset_class=UnitFilter,
        order=("path",),
    )
    rates = unit_rates(request.scope, [unit.path for unit in page.rows])
    for unit in page.rows:
        unit.rate = rates[unit.path]
    empty = {
        "title": _("No branches yet"),
        "text": _("They come from the OA's departments, or from a file of stores."),
        "icon": "building-store",
    }
    rates_of_branches = binding_rates(request.scope)
    context = {
        "list": page,
        "empty": empty,
        "steps": next_steps(request.scope),
        "total": total_rate(rates_of_branches),
    }
    return render(request, "console/contacts/org/units.html", context)


@require_GET
@requires("org.view")
def unit(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show a region, branch or dealer: its stores that are not bound first, and its history."""
    found = get_object_or_404(units_with_children(request.scope).select_related("parent"), pk=pk)
    below = _stores_below(request, found)
    context = {
        "unit": found,
        "rate": unit_rates(request.scope, [found.path])[found.path],
        "stores": below[:STORES_SHOWN],
        "more": max(0, below.count() - STORES_SHOWN),
        "terms": found.terms.select_related("parent").order_by("-began_on")[:20],
        "may_bind": request.scope.allows("org.bind"),
    }
    return render(request, "console/contacts/org/unit.html", context)


def _stores_below(request: ScopedRequest, found: OrgUnit) -> QuerySet[OrgUnit]:
    stores = stores_visible_to(request.scope).filter(
        path__startswith=found.path, status=OrgUnit.Status.OPEN
    )
    return stores.annotate(is_bound=serving_now()).select_related("parent").order_by("is_bound", "code")  # fmt: skip


@require_http_methods(["GET", "POST"])
@requires("org.edit")
def site(request: ScopedRequest, pk: int) -> HttpResponse:
    """Change what customers need to know about a store."""
    found = get_object_or_404(org_units_visible_to(request.scope), pk=pk)
    form = SiteForm(request.POST or None, unit=found)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            site_save(unit=found, site=form.site(), actor=request.user)
            messages.success(request, _("%(store)s is saved.") % {"store": found})
            return redirect(_page_of(found))
    status = 422 if form.errors else 200
    context = {"form": form, "unit": found, "cancel_url": _page_of(found)}
    return render(request, "console/contacts/org/site.html", context, status=status)


def _page_of(found: OrgUnit) -> str:
    name = "org:detail" if found.kind == OrgUnit.Kind.STORE else "org:unit"
    return reverse(name, args=[found.pk])


@require_http_methods(["GET", "POST"])
@requires("org.edit")
def upload(request: ScopedRequest) -> HttpResponse:
    """Send in a file of units; what it would do is shown next."""
    if not request.scope.everything:
        raise PermissionDenied(
            _("A file of stores changes the whole organisation; headquarters sends it in."),
            code="headquarters_only",
        )
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        with RefusalInForm(form, "file"):
            kept = unit_file_send(
                file=file,
                filename=file.name,
                existing=form.cleaned_data["existing"],
                actor=request.user,
            )
            return redirect("org:unit_file", pk=kept.pk)
    status = 422 if form.errors else 200
    return render(request, "console/contacts/org/units_import.html", {"form": form}, status=status)


def _file(request: ScopedRequest, pk: int) -> UnitFile:
    files = unit_files_visible_to(request.scope).select_related("sent", "created_by")
    return get_object_or_404(files, pk=pk)


@require_GET
@requires("org.edit")
def file_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Preview a file of units: what each row does or why it cannot."""
    file = _file(request, pk)
    is_waiting = file.status == UnitFile.Status.WAITING
    judged = unit_file_judged(file) if is_waiting else JudgedFile([], [])
    counts = judged.counts if is_waiting else file.result
    changing: list[JudgedUnit] = judged.of(Action.CREATE, Action.UPDATE)
    context = {
        "file": file,
        "is_waiting": is_waiting,
        "figures": [(action.label, counts.get(action.value, 0)) for action in Action],
        "refused": judged.refused[:SHOWN],
        "changing": changing[:SHOWN],
        "usable": len(changing),
        "seen": judged.fingerprint,
        "has_refused": bool(counts.get(Action.ERROR.value)) and file.sent is not None,
        "most": SHOWN,
    }
    return render(request, "console/contacts/org/unit_file.html", context)


@require_POST
@requires("org.edit")
def file_apply(request: ScopedRequest, pk: int) -> HttpResponse:
    """Take over the good rows of a file."""
    with RefusalAsMessage(request):
        seen = request.POST.get("seen", "")
        counts = unit_file_apply(file=_file(request, pk), actor=request.user, seen=seen)
        messages.success(
            request,
            _("%(created)d new, %(updated)d changed, %(refused)d refused.")
            % {
                "created": counts[Action.CREATE],
                "updated": counts[Action.UPDATE],
                "refused": counts[Action.ERROR],
            },
        )
    return redirect("org:unit_file", pk=pk)


@require_POST
@requires("org.edit")
def file_drop(request: ScopedRequest, pk: int) -> HttpResponse:
    """Give up a file."""
    with RefusalAsMessage(request):
        unit_file_drop(file=_file(request, pk), actor=request.user)
        messages.success(request, _("The file is given up; nothing changed."))
    return redirect("org:list")


@require_GET
@requires("org.edit")
def file_errors(request: ScopedRequest, pk: int) -> HttpResponse:
    """Download the refused rows as they were sent in, with reasons, ready to be repaired."""
    refused = unit_file_refused(_file(request, pk))
    content = error_workbook(refused.headers, refused.rows)
    return workbook_response(content, f"stores-refused-{pk}.xlsx")
