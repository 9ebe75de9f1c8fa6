"""The phone form by which dealers and branches send somebody in, from where they stand."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from contacts.org.models import OrgUnit
from contacts.org.selectors import stores_visible_to
from contacts.roster.forms import PhoneForm
from contacts.roster.models import RosterPerson
from contacts.roster.selectors import people_visible_to
from contacts.roster.services import person_send
from scrm.core.exceptions import ScrmError
from scrm.core.scope import ScopedRequest, h5_requires

SENT_SHOWN = 10
STORES_SHOWN = 200


@require_http_methods(["GET", "POST"])
@h5_requires("roster.edit")
def roster(request: ScopedRequest) -> HttpResponse:
    """Send in one person; below the form, whom one sent before and what became of them."""
    form = PhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person_send(
                form.sent(),
                channel=RosterPerson.Channel.PHONE,
                actor=request.user,
                scope=request.scope,
            )
        except ScrmError as refusal:
            form.add_error(refusal.data.get("field"), refusal.message)
        else:
            return redirect(f"{request.path}?sent=1")
    stores = stores_visible_to(request.scope).filter(status=OrgUnit.Status.OPEN)
    own = people_visible_to(request.scope).filter(created_by_id=request.scope.user_id)
    context = {
        "form": form,
        "stores": stores.order_by("code")[:STORES_SHOWN],
        "sent": own.order_by("-created_at", "-pk")[:SENT_SHOWN],
        "done": _("Sent in. The account is made once headquarters approves.")
        if "sent" in request.GET
        else "",
    }
    status = 422 if form.errors else 200
    return render(request, "h5/roster/index.html", context, status=status)
