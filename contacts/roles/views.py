"""Console pages of roles: what each role may do, who holds which."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.roles.approvals import grant_ask
from contacts.roles.areas import fields_words
from contacts.roles.forms import GrantForm
from contacts.roles.labels import PERMISSIONS
from contacts.roles.models import Role
from contacts.roles.selectors import grants_visible_to, roles_all
from contacts.roles.services import grant_over, person_named, revoke
from contacts.roles.tables import GrantFilter, GrantTable, origin_of
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage, RefusalInForm
from scrm.core.scope import ScopedRequest, requires


@dataclass(frozen=True)
class MatrixRow:
    """One permission and whether each role has it, in the order of the roles."""

    code: str
    label: Promise
    cells: tuple[bool, ...]


@require_GET
@requires("roles.view")
def grants(request: ScopedRequest) -> HttpResponse:
    """List who holds which role, with the matrix of permissions below."""
    page = build_list(
        request,
        queryset=grants_visible_to(request.scope),
        table_class=GrantTable,
        filterset_class=GrantFilter,
        order=("-id",),
    )
    roles = list(roles_all())
    context = {
        "list": page,
        "roles": roles,
        "matrix": _matrix(roles),
        "may_edit": request.scope.everything and request.scope.allows("roles.edit"),
        "masks": [fields_words(role.masks) for role in roles],
        "origins": [origin_of(role) for role in roles],
        "empty": {
            "title": _("Nobody holds a role yet"),
            "text": _("Without a role nobody sees anything here."),
        },
    }
    return render(request, "console/contacts/roles/list.html", context)


@require_http_methods(["GET", "POST"])
@requires("roles.edit")
def create(request: ScopedRequest) -> HttpResponse:
    """Grant a role to a person."""
    form = GrantForm(request.POST or None, scope=request.scope)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            return _granted(request, form)
    status = 422 if form.errors else 200
    return render(request, "console/contacts/roles/grant.html", {"form": form}, status=status)


@require_POST
@requires("roles.edit")
def take_back(request: ScopedRequest, pk: int) -> HttpResponse:
    """Take a role back."""
    given = get_object_or_404(grants_visible_to(request.scope), pk=pk)
    with RefusalAsMessage(request):
        revoke(given, actor=request.user)
        messages.success(
            request,
            _("%(person)s no longer holds the role %(role)s.")
            % {"person": given.user, "role": given.role},
        )
    return redirect("roles:list")


def _granted(request: ScopedRequest, form: GrantForm) -> HttpResponse:
    values = form.cleaned_data
    user, role, units = person_named(values["username"].strip()), values["role"], values["org_code"]
    if role.takes_two:
        asked = grant_ask(
            user=user, role=role, units=units, actor=request.user, reason=values["reason"]
        )
        messages.success(request, _("Asked for: it holds once another person has approved it."))
        return redirect("approvals:detail", pk=asked.pk)
    grant_over(user=user, role=role, units=units, actor=request.user)
    messages.success(
        request, _("%(person)s now holds the role %(role)s.") % {"person": user, "role": role}
    )
    return redirect("roles:list")


def _matrix(roles: list[Role]) -> list[MatrixRow]:
    return [
        MatrixRow(code, label, tuple(code in role.permissions for role in roles))
        for code, label in PERMISSIONS.items()
    ]
