"""Console pages of roles: what each role may do, who holds which."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.roles.forms import GrantForm
from contacts.roles.labels import MASK_NAMES, PERMISSIONS
from contacts.roles.models import Role
from contacts.roles.selectors import grants_visible_to, roles_all
from contacts.roles.services import grant, person_named, revoke
from contacts.roles.tables import GrantTable
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
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
        request, queryset=grants_visible_to(request.scope), table_class=GrantTable, order=("-id",)
    )
    roles = list(roles_all())
    context = {
        "list": page,
        "roles": roles,
        "matrix": _matrix(roles),
        "masks": [
            _(", ").join(str(MASK_NAMES.get(mask, mask)) for mask in role.masks) for role in roles
        ],
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
    if request.method == "POST" and form.is_valid() and _granted(request, form):
        return redirect("roles:list")
    status = 422 if form.errors else 200
    return render(request, "console/contacts/roles/grant.html", {"form": form}, status=status)


@require_POST
@requires("roles.edit")
def take_back(request: ScopedRequest, pk: int) -> HttpResponse:
    """Take a role back."""
    given = get_object_or_404(grants_visible_to(request.scope), pk=pk)
    try:
        revoke(given, actor=request.user)
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        messages.success(
            request,
            _("%(person)s no longer holds the role %(role)s.")
            % {"person": given.user, "role": given.role},
        )
    return redirect("roles:list")


def _granted(request: ScopedRequest, form: GrantForm) -> bool:
    values = form.cleaned_data
    try:
        made = grant(
            user=person_named(values["username"].strip()),
            role=values["role"],
            org_unit=values["org_code"],
            actor=request.user,
        )
    except ScrmError as error:
        form.add_error(None, error.message)
        return False
    messages.success(
        request,
        _("%(person)s now holds the role %(role)s.") % {"person": made.user, "role": made.role},
    )
    return True


def _matrix(roles: list[Role]) -> list[MatrixRow]:
    return [
        MatrixRow(code, label, tuple(code in role.permissions for role in roles))
        for code, label in PERMISSIONS.items()
    ]
