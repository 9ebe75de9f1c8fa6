"""Console pages of one role: what it may do, make it, change it, delete it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from contacts.roles import editing
from contacts.roles.areas import areas, fields_words
from contacts.roles.forms import DeleteForm, RoleForm
from contacts.roles.labels import ROLE_NAMES
from contacts.roles.models import Role
from contacts.roles.selectors import grants_visible_to, held_count, roles_all
from contacts.roles.tables import GrantTable, origin_of
from scrm.core.approvals.selectors import waiting_on
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/contacts/roles"


@require_GET
@requires("roles.view")
def role_detail(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show what a role may do, how it differs from the preset, and who holds it."""
    role = get_object_or_404(roles_all(), pk=pk)
    held = grants_visible_to(request.scope).filter(role=role)
    page = build_list(request, queryset=held, table_class=GrantTable, order=("-id",))
    preset = editing.preset_draft(role)
    now, then = set(role.permissions), set(preset.permissions if preset else role.permissions)
    context = {
        "role": role,
        "list": page,
        "areas": areas(only=now),
        "masks": fields_words(role.masks),
        "origin": origin_of(role),
        "more": areas(only=now - then),
        "fewer": areas(only=then - now),
        "asked": waiting_on(editing.CHANGE_KIND, f"role:{role.code}"),
        "may_edit": _may_edit(request),
        "may_delete": _may_edit(request) and role.code not in ROLE_NAMES and not page.rows,
        "empty": {"title": _("Nobody holds this role"), "text": "", "icon": "shield-lock"},
    }
    return render(request, f"{FOLDER}/role.html", context)


@require_http_methods(["GET", "POST"])
@requires("roles.edit")
def role_create(request: ScopedRequest) -> HttpResponse:
    """Ask for a new role; `?like=` begins with the rights of another."""
    number = request.GET.get("like", "")
    like = (
        roles_all().filter(pk=number).first() if number.isdecimal() and len(number) < 18 else None
    )
    return _edited(request, None, RoleForm(request.POST or None, role=None, like=like))


@require_http_methods(["GET", "POST"])
@requires("roles.edit")
def role_change(request: ScopedRequest, pk: int) -> HttpResponse:
    """Ask for a change of a role."""
    role = get_object_or_404(roles_all(), pk=pk)
    return _edited(request, role, RoleForm(request.POST or None, role=role))


@require_http_methods(["GET", "POST"])
@requires("roles.edit")
def role_delete(request: ScopedRequest, pk: int) -> HttpResponse:
    """Delete a role nobody holds."""
    role = get_object_or_404(roles_all(), pk=pk)
    form = DeleteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with RefusalInForm(form):
            editing.role_delete(role, actor=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, _("The role %(role)s is deleted.") % {"role": role})
            return redirect("roles:list")
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/delete.html", {"form": form, "role": role}, status=status)


def _edited(request: ScopedRequest, role: Role | None, form: RoleForm) -> HttpResponse:
    """Show the form, then what it would change, and ask only from there."""
    step = request.POST.get("step", "look")
    if request.method == "POST" and form.is_valid() and step != "edit":
        with RefusalInForm(form):
            return _asked(request, role, form) if step == "ask" else _shown(request, role, form)
    boxes = {option.data["value"]: option for option in form["permissions"]}
    context = {
        "form": form,
        "role": role,
        "areas": areas(boxes),
        "people": held_count(role) if role is not None else 0,
    }
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/form.html", context, status=status)


def _shown(request: ScopedRequest, role: Role | None, form: RoleForm) -> HttpResponse:
    """Show what the change gives and takes, and how many people feel it; nothing is asked for yet."""
    found = editing.check_change(role, form.draft(), request.user)
    context = {
        "form": form,
        "role": role,
        "name": form.draft().name if role is None else str(role),
        "gained": areas(only=set(found.gained)),
        "lost": areas(only=set(found.lost)),
        "masked": fields_words(found.masked),
        "unmasked": fields_words(found.unmasked),
        "reach": [str(Role.Reach(code).label) for code in found.reach or ()],
        "people": found.people,
    }
    return render(request, f"{FOLDER}/look.html", context)


def _asked(request: ScopedRequest, role: Role | None, form: RoleForm) -> HttpResponse:
    asked = editing.change_ask(
        role=role, draft=form.draft(), actor=request.user, reason=form.cleaned_data["reason"]
    )
    messages.success(request, _("Asked for: it holds once another person has approved it."))
    return redirect("approvals:detail", pk=asked.pk)


def _may_edit(request: ScopedRequest) -> bool:
    return request.scope.everything and request.scope.allows("roles.edit")
