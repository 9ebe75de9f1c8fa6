"""The welcome pages."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from attribution.live_codes.selectors import local_midnight
from attribution.welcome import selectors, services
from attribution.welcome.forms import DeliveryFilter, WelcomeForm
from attribution.welcome.models import WelcomeTemplate
from attribution.welcome.tables import DeliveryTable
from customers.relations.selectors import with_people
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/attribution/welcome"


@require_GET
@requires("welcome.view")
def welcome_list(request: ScopedRequest) -> HttpResponse:
    """Show the welcomes in use, today's figures, and every welcome with its outcome."""
    page = build_list(
        request,
        queryset=with_people(selectors.deliveries_visible_to(request.scope), request.scope),
        table_class=DeliveryTable,
        filterset_class=DeliveryFilter,
        order=("-occurred_at", "-id"),
    )
    context = {
        "list": page,
        "templates": selectors.templates_visible_to(request.scope).order_by("store__code"),
        "editable": set(
            selectors.templates_editable_by(request.scope).values_list("pk", flat=True)
        ),
        "counts": selectors.delivery_counts(request.scope, local_midnight()),
        "may_edit": request.scope.allows("welcome.edit"),
        "empty": {
            "title": _("Nobody was welcomed yet"),
            "text": _(
                "Every customer who adds a guide appears here with the welcome and its outcome."
            ),
            "icon": "message-heart",
        },
    }
    return render(request, f"{FOLDER}/list.html", context)


@require_http_methods(["GET", "POST"])
@requires("welcome.edit")
def welcome_create(request: ScopedRequest) -> HttpResponse:
    """Make the welcome of a store, or the default one."""
    form = WelcomeForm(
        request.POST or None, scope=request.scope, fixed=False, initial={"is_active": True}
    )
    if (
        request.method == "POST"
        and form.is_valid()
        and _saved(request, form, form.cleaned_data["store_code"], None)
    ):
        return redirect("welcome:list")
    return _page(request, form, None)


@require_http_methods(["GET", "POST"])
@requires("welcome.edit")
def welcome_edit(request: ScopedRequest, pk: int) -> HttpResponse:
    """Change a welcome."""
    template = get_object_or_404(selectors.templates_editable_by(request.scope), pk=pk)
    initial = {"text": template.text, "is_active": template.is_active}
    form = WelcomeForm(request.POST or None, scope=request.scope, fixed=True, initial=initial)
    if (
        request.method == "POST"
        and form.is_valid()
        and _saved(request, form, template.store, template)
    ):
        return redirect("welcome:list")
    return _page(request, form, template)


def _saved(
    request: ScopedRequest, form: WelcomeForm, store: Any, template: WelcomeTemplate | None
) -> bool:
    try:
        services.template_save(
            store=store, text=form.cleaned_data["text"], is_active=form.cleaned_data["is_active"],
            scope=request.scope, actor=request.user, template=template,
        )  # fmt: skip
    except ScrmError as error:
        field = error.data.get("field")
        form.add_error(field if field in form.fields else None, error.message)
        return False
    messages.success(request, _("The welcome is saved; the next customer gets it."))
    return True


def _page(
    request: ScopedRequest, form: WelcomeForm, template: WelcomeTemplate | None
) -> HttpResponse:
    context = {"form": form, "template": template}
    return render(request, f"{FOLDER}/form.html", context, status=422 if form.errors else 200)
