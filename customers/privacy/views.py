"""Console pages of privacy: what is kept how long, one person's data, who was forgotten."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.fields.selectors import fields_mapped
from customers.privacy import selectors, services
from customers.privacy.approvals import erasure_ask, package_ask
from customers.privacy.forms import FindForm, WishForm
from customers.privacy.keeping import rules
from customers.privacy.tables import ErasureTable
from scrm.core.audit.services import record
from scrm.core.listing import build_list
from scrm.core.phone_lookups import lookup_count, lookup_record, number_in
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/customers/privacy"


@require_GET
@requires("privacy.view")
def index(request: ScopedRequest) -> HttpResponse:
    """Show the packages under way, who was forgotten, and where to look for a person."""
    return _index(request, FindForm())


@never_cache
@require_POST
@requires("privacy.ask")
def find(request: ScopedRequest) -> HttpResponse:
    """Look for a person by what they are known by, audited."""
    form = FindForm(request.POST)
    if not form.is_valid():
        return _index(request, form, status=422)
    text = form.cleaned_data["q"]
    number = number_in(text)
    found: list[selectors.Found] = []
    with RefusalInForm(form, "q"):
        if number:
            lookup_count(request.user)
        found = selectors.find(request.scope, number or text)
        if not found and not number and request.scope.everything:
            stranger = services.stranger_record(text.strip())
            found = selectors.find(request.scope, stranger.external_userid) if stranger else []
        if number:
            lookup_record(request.user, number, found={"persons": len(found)})
        else:
            record(
                actor=request.user,
                action="privacy.find",
                target="person",
                after={"count": len(found)},
            )
        if len(found) == 1:
            return redirect("privacy:person", found[0].record_id)
        if not found:
            form.add_error("q", _("Nobody here is known by that."))
    return _index(request, form, found=found, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "POST"])
@requires("privacy.view")
def person(request: ScopedRequest, record_id: UUID) -> HttpResponse:
    """Show what we hold about a person in numbers, and ask a second person for what they want."""
    if not selectors.is_here(request.scope, record_id):
        raise Http404
    may_ask = request.scope.allows("privacy.ask")
    form = WishForm(request.POST or None)
    if request.method == "POST" and not may_ask:
        raise Http404
    if form.is_valid():
        ask = package_ask if form.cleaned_data["wish"] == "package" else erasure_ask
        with RefusalInForm(form):
            asked = ask(record_id, actor=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, _("Asked for: a second person decides."))
            if request.scope.allows("approvals.view"):
                return redirect("approvals:detail", pk=asked.pk)
            return redirect("privacy:index")
    held = selectors.held(record_id)
    context = {
        "record_id": record_id,
        "held": held,
        "total": sum(table.count for table in held),
        "form": form,
        "may_ask": may_ask,
    }
    return render(request, f"{FOLDER}/person.html", context, status=422 if form.errors else 200)


@never_cache
@require_GET
@requires("privacy.ask")
def package(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Hand a package to who asked for it."""
    found = get_object_or_404(selectors.packages_visible_to(request.scope), pk=pk)
    content = services.package_taken(found, actor=request.user)
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="person-{found.pk.hex[-8:]}.zip"'
    return response


@require_GET
@requires("privacy.view")
def retention(request: ScopedRequest) -> HttpResponse:
    """Show what is kept how long, and what the last night deleted."""
    last = selectors.last_cleaning()
    result = last.result if last is not None else {}
    done, overdue = result.get("done", {}), result.get("overdue", {})
    lines = [
        {
            "rule": rule,
            "done": done.get(f"{rule.label}: {rule.words}", 0),
            "overdue": overdue.get(f"{rule.label}: {rule.words}", 0),
        }
        for rule in rules()
    ]
    context = {
        "lines": lines,
        "last": last,
        "people": done.get("people", 0),
        "overdue": sum(overdue.values()),
        "deleted": sum(done.values()),
        "fields": fields_mapped(),
    }
    return render(request, f"{FOLDER}/retention.html", context)


def _index(
    request: ScopedRequest,
    form: FindForm,
    *,
    found: list[selectors.Found] | None = None,
    status: int = 200,
) -> HttpResponse:
    page = build_list(
        request,
        queryset=selectors.erasures_visible_to(request.scope).select_related("asked_by"),
        table_class=ErasureTable,
        order=("-erased_at", "-id"),
    )
    context = {
        "list": page,
        "form": form,
        "found": found,
        "may_ask": request.scope.allows("privacy.ask"),
        "packages": list(selectors.packages_visible_to(request.scope)[:20]),
        "empty": {
            "title": _("Nobody was forgotten yet"),
            "text": _(
                "Who was forgotten is listed here with a day and a number of rows, without a name."
            ),
            "icon": "lock",
        },
    }
    return render(request, f"{FOLDER}/index.html", context, status=status)
