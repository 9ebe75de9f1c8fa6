"""Console page of accounts that may be an employee's already: both sides, and the decision."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from contacts.oa_sync.selectors import adoptions_visible_to
from contacts.oa_sync.services import adoption_decide
from contacts.oa_sync.shown import show_adoptions
from contacts.oa_sync.tables import AdoptionFilter, AdoptionTable
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import ScopedRequest, requires

MOST_AT_ONCE = 100


@require_GET
@requires("oa_sync.view")
def adoptions(request: ScopedRequest) -> HttpResponse:
    """List doubtful accounts beside the employees they may belong to."""
    page = build_list(
        request,
        queryset=adoptions_visible_to(request.scope).select_related(
            "member__employee", "decided_by"
        ),
        table_class=AdoptionTable,
        filterset_class=AdoptionFilter,
        order=("status_order", "job_number", "id"),
    )
    may_decide = request.scope.allows("oa_sync.approve")
    show_adoptions(page.rows, may_decide=may_decide)
    context = {
        "list": page,
        "may_decide": may_decide and any(row.may_choose for row in page.rows),
        "empty": {
            "title": _("No doubtful accounts"),
            "text": _(
                "Accounts that existed before were matched by userid and phone; where that is not sure, they wait here."
            ),
            "icon": "circle-check",
        },
    }
    return render(request, "console/contacts/oa_sync/adoptions.html", context)


@require_POST
@requires("oa_sync.approve")
def adoptions_decide(request: ScopedRequest) -> HttpResponse:
    """Say of the ticked pairs whether each is one person."""
    chosen = [each for each in request.POST.getlist("adoptions") if _is_id(each)][:MOST_AT_ONCE]
    pairs = list(adoptions_visible_to(request.scope).filter(pk__in=chosen))
    if not pairs or request.POST.get("act") not in ("same", "other"):
        messages.warning(request, _("Tick at least one account."))
        return redirect("oa_sync:adoptions")
    with RefusalAsMessage(request):
        count = adoption_decide(
            adoptions=pairs, same=request.POST["act"] == "same", actor=request.user
        )
        messages.success(
            request,
            ngettext(
                "%(count)d account decided. Plan again to see what follows.",
                "%(count)d accounts decided. Plan again to see what follows.",
                count,
            )
            % {"count": count},
        )
    return redirect("oa_sync:adoptions")


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
