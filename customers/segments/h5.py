"""On the phone: the members a guide is to invite, and how."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from contacts.directory.selectors import member_by_userid
from customers.relations.showing import mask_name
from customers.segments import inviting
from customers.segments.forms import RevealForm
from customers.segments.models import Invitation
from customers.segments.selectors import invitations_visible_to
from scrm.core.exceptions import ScrmError
from scrm.core.phone import mask_phone
from scrm.core.scope import ScopedRequest, h5_requires

MOST = 50


@require_GET
@h5_requires("h5.use")
def invitations(request: ScopedRequest) -> HttpResponse:
    """List whom the guide is to invite, with the link by which they add her."""
    rows = list(invitations_visible_to(request.scope)[:MOST])
    for row in rows:
        _show(request, row)
    member = member_by_userid(request.scope.userid or "")
    link = inviting.invitation_links([member.pk]).get(member.pk, "") if member else ""
    context = {"rows": rows, "link": link, "may_reveal": request.scope.allows("h5.reveal")}
    return render(request, "h5/invitations/list.html", context)


@require_POST
@h5_requires("h5.use")
def invitation_asked(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Note that the member was invited."""
    inviting.invitation_asked(_invitation(request, pk))
    return redirect("h5:invitations")


@require_POST
@h5_requires("h5.reveal")
def invitation_reveal(request: ScopedRequest, pk: Any) -> HttpResponse:
    """Show the member's phone to the guide who is to invite, with a reason; audited."""
    invitation = _invitation(request, pk)
    form = RevealForm(request.POST)
    context: dict[str, Any] = {"row": _show(request, invitation), "form": form}
    if form.is_valid():
        try:
            context["phone"] = inviting.invitation_reveal(
                invitation, actor=request.user, reason=form.cleaned_data["reason"]
            )
        except ScrmError as error:
            form.add_error(None, error.message)
    status = 422 if form.errors else 200
    return render(request, "h5/invitations/phone.html", context, status=status)


def _invitation(request: ScopedRequest, pk: Any) -> Invitation:
    return get_object_or_404(invitations_visible_to(request.scope), pk=pk)


def _show(request: ScopedRequest, row: Any) -> Any:
    member = row.crm_member
    row.shown_name = mask_name(member.name) if request.scope.masked("name") else member.name
    row.shown_phone = mask_phone(member.phone)
    return row
