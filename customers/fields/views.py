"""Console pages on which headquarters keeps the fields of customers."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.fields import services
from customers.fields.forms import FieldForm, NewFieldForm
from customers.fields.models import FieldDefinition
from customers.fields.selectors import fields_visible_to
from customers.fields.tables import FieldTable
from customers.fields.uses import uses_of
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/customers/fields"


@require_GET
@requires("fields.view")
def field_list(request: ScopedRequest) -> HttpResponse:
    """List the fields, in the order guides see them."""
    page = build_list(
        request,
        queryset=fields_visible_to(request.scope),
        table_class=FieldTable,
        order=("position", "id"),
    )
    may_edit = request.scope.allows("fields.edit")
    empty = {
        "title": _("No fields of your own yet"),
        "text": _("What you want to know of customers beyond WeCom and the member system."),
    }
    if may_edit:
        empty |= {"action_label": _("New field"), "action_url": reverse("customer_fields:new")}
    context = {"list": page, "empty": empty, "may_edit": may_edit}
    return render(request, f"{FOLDER}/list.html", context)


@require_http_methods(["GET", "POST"])
@requires("fields.edit")
def field_new(request: ScopedRequest) -> HttpResponse:
    """Add a field."""
    form = NewFieldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            data = form.cleaned_data
            field = services.field_create(
                actor=request.user,
                key=data["key"],
                type=data["type"],
                data_class=data["data_class"],
                record=data["record"],
                wish=form.wish,
            )
            messages.success(request, _("The field %(name)s is there.") % {"name": field.name})
            return redirect("customer_fields:list")
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/form.html", {"form": form, "field": None}, status=status)


@require_http_methods(["GET", "POST"])
@requires("fields.edit")
def field_edit(request: ScopedRequest, pk: int) -> HttpResponse:
    """Change a field."""
    field = get_object_or_404(fields_visible_to(request.scope), pk=pk)
    form = FieldForm(request.POST or None, initial=_initial(field))
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            services.field_update(field, actor=request.user, wish=form.wish)
            messages.success(request, _("The field is saved."))
            return redirect("customer_fields:list")
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/form.html", {"form": form, "field": field}, status=status)


def _initial(field: FieldDefinition) -> dict[str, object]:
    names = ("name", "purpose", "retention", "seen_by", "edited_by", "position")
    return {name: getattr(field, name) for name in names} | {"choices": "\n".join(field.choices)}


@require_http_methods(["GET", "POST"])
@requires("fields.edit")
def field_retire(request: ScopedRequest, pk: int) -> HttpResponse:
    """Say what asks for a field, and stop asking for it."""
    field = get_object_or_404(fields_visible_to(request.scope), pk=pk)
    if request.method == "GET":
        context = {"field": field, "uses": uses_of(field.key)}
        return render(request, f"{FOLDER}/retire.html", context)
    if services.field_retire(field, actor=request.user):
        messages.success(
            request,
            _("%(name)s is not asked for any more; its values stay until their time is over.")
            % {"name": field.name},
        )
    return redirect("customer_fields:list")


@require_POST
@requires("fields.edit")
def field_restore(request: ScopedRequest, pk: int) -> HttpResponse:
    """Ask for a field again."""
    field = get_object_or_404(fields_visible_to(request.scope), pk=pk)
    with RefusalAsMessage(request):
        if services.field_restore(field, actor=request.user):
            messages.success(
                request,
                _("%(name)s is in use again, with the values it had.") % {"name": field.name},
            )
    return redirect("customer_fields:list")
