"""The phone form by which branches and dealers send in who serves a store, from where they stand."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from contacts.org.forms import PhoneForm
from contacts.org.models import BindingImport, OrgUnit
from contacts.org.selectors import binding_imports_visible_to, serving_now, stores_visible_to
from contacts.org.services import binding_send
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest, h5_requires

SENT_SHOWN = 10
STORES_SHOWN = 200


@require_http_methods(["GET", "POST"])
@h5_requires("h5.bind")
def bind(request: ScopedRequest) -> HttpResponse:
    """Send in one binding; below it, what the person sent before and what became of it."""
    form = PhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            binding_send(form.binding(), actor=request.user, scope=request.scope)
            return redirect(f"{request.path}?sent=1")
    stores = stores_visible_to(request.scope).filter(status=OrgUnit.Status.OPEN)
    own = BindingImport.objects.filter(
        pk__in=binding_imports_visible_to(request.scope).values("pk"),
        channel=BindingImport.Channel.PHONE,
        created_by_id=request.scope.user_id,
    )
    context = {
        "form": form,
        "stores": stores.annotate(is_bound=serving_now()).order_by("is_bound", "code")[
            :STORES_SHOWN
        ],
        "sent": own.order_by("-pk")[:SENT_SHOWN],
        "done": _("Sent in. HQ checks it; it counts from then on.")
        if "sent" in request.GET
        else "",
    }
    status = 422 if form.errors else 200
    return render(request, "h5/bind/index.html", context, status=status)
