"""Console pages of stores and their accounts."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contacts.directory.selectors import restrictions_put
from contacts.org.change_models import StoreChange
from contacts.org.forms import BindForm
from contacts.org.hours import hours_words
from contacts.org.models import OrgUnit, StoreBinding
from contacts.org.selectors import (
    ATTENDED,
    binding_rates,
    bindings_of,
    serving_now,
    stores_visible_to,
    total_rate,
)
from contacts.org.services import (
    binding_reorder,
    binding_retire,
    binding_set,
    binding_state_set,
)
from contacts.org.tables import StoreFilter, StoreTable
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import Scope, ScopedRequest, requires


@require_GET
@requires("org.view")
def stores(request: ScopedRequest) -> HttpResponse:
    """List stores with their accounts, below the binding rate by branch."""
    serving = StoreBinding.objects.filter(state__in=ATTENDED).select_related("member")
    queryset = (
        stores_visible_to(request.scope).annotate(is_bound=serving_now()).select_related("parent")
    )
    page = build_list(
        request,
        queryset=queryset.prefetch_related(
            Prefetch("bindings", serving.order_by("position", "pk"), to_attr="serving")
        ),
        table_class=StoreTable,
        filterset_class=StoreFilter,
        order=("code",),
    )
    rates = binding_rates(request.scope)
    context = {
        "list": page,
        "rates": rates,
        "total": total_rate(rates),
        "empty": _no_stores(request.scope),
    }
    return render(request, "console/contacts/org/list.html", context)


def _no_stores(scope: Scope) -> dict[str, str]:
    empty = {
        "title": _("No stores yet"),
        "text": _('Stores come from the OA\'s departments of the kind "store", or from a file.'),
        "icon": "building-store",
    }
    if scope.allows("org.edit"):
        empty |= {"action_label": _("Import stores"), "action_url": reverse("org:units_import")}
    return empty


@require_GET
@requires("org.view")
def store(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show a store, its accounts in order, and its history."""
    unit = get_object_or_404(
        stores_visible_to(request.scope).select_related("parent", "merged_into"), pk=pk
    )
    return _store_page(request, unit, BindForm(scope=request.scope))


def _store_page(request: ScopedRequest, unit: OrgUnit, form: BindForm) -> HttpResponse:
    ended = StoreBinding.objects.filter(store=unit, state=StoreBinding.State.RETIRED)
    bindings = list(bindings_of(unit))
    restrictions_put(request.scope, [binding.member for binding in bindings])
    context = {
        "store": unit,
        "above": OrgUnit.objects.filter(pk__in=unit.ancestor_ids).order_by("path"),
        "bindings": bindings,
        "ended": ended.select_related("member").order_by("-retired_at")[:20],
        "form": form,
        "may_edit": request.scope.allows("org.edit"),
        "hours": hours_words(unit.hours),
        "is_shut": unit.is_shut_on(timezone.localdate()),
        "receives": unit.receives_at(timezone.now()),
        "terms": unit.terms.select_related("parent").order_by("-began_on")[:20],
        "changes": unit.changes.order_by("-pk")[:5],
        "ongoing": unit.changes.filter(status__in=StoreChange.ONGOING).first(),
    }
    status = 422 if form.errors else 200
    return render(request, "console/contacts/org/detail.html", context, status=status)


@require_POST
@requires("org.edit")
def bind(request: ScopedRequest, pk: int) -> HttpResponse:
    """Bind an account to a store."""
    unit = get_object_or_404(stores_visible_to(request.scope).select_related("parent"), pk=pk)
    form = BindForm(request.POST, scope=request.scope)
    if not form.is_valid():
        return _store_page(request, unit, form)
    values = form.cleaned_data
    with RefusalInForm(form):
        binding_set(
            store=unit,
            member=values["account"],
            position=values["position"],
            move=values["move"],
            actor=request.user,
        )
        messages.success(
            request,
            _("%(member)s now serves %(store)s.") % {"member": values["account"], "store": unit},
        )
        return redirect("org:detail", pk=pk)
    return _store_page(request, unit, form)


def _binding(request: ScopedRequest, pk: int) -> StoreBinding:
    visible = StoreBinding.objects.filter(store__in=stores_visible_to(request.scope))
    return get_object_or_404(visible.select_related("store", "member__user"), pk=pk)


@require_POST
@requires("org.edit")
def retire(request: ScopedRequest, pk: int) -> HttpResponse:
    """End a binding."""
    binding = _binding(request, pk)
    with RefusalAsMessage(request):
        binding_retire(binding=binding, actor=request.user)
        messages.success(
            request,
            _("%(member)s no longer serves %(store)s.")
            % {"member": binding.member, "store": binding.store},
        )
    return redirect("org:detail", pk=binding.store_id)


@require_POST
@requires("org.edit")
def state(request: ScopedRequest, pk: int) -> HttpResponse:
    """Switch a binding between serving and "serve only"."""
    binding = _binding(request, pk)
    with RefusalAsMessage(request):
        binding_state_set(binding=binding, state=request.POST.get("state", ""), actor=request.user)
    return redirect("org:detail", pk=binding.store_id)


@require_POST
@requires("org.edit")
def shift(request: ScopedRequest, pk: int) -> HttpResponse:
    """Move an account one place up or down."""
    binding = _binding(request, pk)
    ids = [each.pk for each in bindings_of(binding.store)]
    place = ids.index(pk) if pk in ids else -1
    other = place - 1 if request.POST.get("to") == "up" else place + 1
    if place >= 0 and 0 <= other < len(ids):
        ids[place], ids[other] = ids[other], ids[place]
        binding_reorder(store=binding.store, binding_ids=ids, actor=request.user)
    return redirect("org:detail", pk=binding.store_id)
