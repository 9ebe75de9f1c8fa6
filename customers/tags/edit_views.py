"""Changing groups, tags and local tags."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from customers.tags import editing, services
from customers.tags.forms import NameForm, NamesForm
from customers.tags.models import Tag, TagGroup
from customers.tags.selectors import groups_with_tags, local_tags, tags_all
from scrm.core.exceptions import ScrmError
from scrm.core.scope import ScopedRequest, requires
from scrm.wecom.errors import WeComError

FOLDER = "console/customers/tags"


@require_GET
@requires("tags.edit")
def group_edit(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show one group to be changed: its name, its place, its tags."""
    group = _group(pk)
    context = {"group": group, "form": NamesForm(), "may_edit": True}
    return render(request, f"{FOLDER}/group.html", context)


@require_POST
@requires("tags.edit")
def group_rename(request: ScopedRequest, pk: int) -> HttpResponse:
    """Give a group another name."""
    group = _group(pk)
    if (name := _name(request)) is not None:
        _try(
            request,
            lambda: editing.item_rename(group, name, actor=request.user),
            _("Renamed in WeCom."),
        )
    return redirect("tags:group", group.pk)


@require_POST
@requires("tags.edit")
def group_move(request: ScopedRequest, pk: int) -> HttpResponse:
    """Move a group one place."""
    group = _group(pk)
    _try(request, lambda: editing.item_move(group, up=_is_up(request), actor=request.user))
    return redirect("tags:list")


@require_POST
@requires("tags.edit")
def group_delete(request: ScopedRequest, pk: int) -> HttpResponse:
    """Delete a group with its tags, in WeCom."""
    group = _group(pk)
    _try(request, lambda: editing.item_delete(group, actor=request.user), _("Deleted in WeCom."))
    return redirect("tags:list")


@require_POST
@requires("tags.edit")
def group_add(request: ScopedRequest, pk: int) -> HttpResponse:
    """Make more tags in a group."""
    group = _group(pk)
    form = NamesForm(request.POST)
    if form.is_valid():
        names = form.cleaned_data["names"]
        made = _try(
            request,
            lambda: services.tag_create(group.name, names, actor=request.user),
            _("Made in WeCom."),
        )
        if made:
            return redirect("tags:group", group.pk)
    context = {"group": group, "form": form, "may_edit": True}
    return render(request, f"{FOLDER}/group.html", context, status=422)


@require_POST
@requires("tags.edit")
def tag_rename(request: ScopedRequest, pk: int) -> HttpResponse:
    """Give a tag another name."""
    tag = _tag(pk)
    if (name := _name(request)) is not None:
        _try(
            request,
            lambda: editing.item_rename(tag, name, actor=request.user),
            _("Renamed in WeCom."),
        )
    return redirect("tags:group", tag.group_id)


@require_POST
@requires("tags.edit")
def tag_move(request: ScopedRequest, pk: int) -> HttpResponse:
    """Move a tag one place in its group."""
    tag = _tag(pk)
    _try(request, lambda: editing.item_move(tag, up=_is_up(request), actor=request.user))
    return redirect("tags:group", tag.group_id)


@require_POST
@requires("tags.edit")
def tag_delete(request: ScopedRequest, pk: int) -> HttpResponse:
    """Delete a tag from WeCom and all customers."""
    tag = _tag(pk)
    _try(request, lambda: editing.item_delete(tag, actor=request.user), _("Deleted in WeCom."))
    if tags_all().filter(group_id=tag.group_id).exists():
        return redirect("tags:group", tag.group_id)
    return redirect("tags:list")


@require_GET
@requires("tags.view")
def local_list(request: ScopedRequest) -> HttpResponse:
    """Show our own tags, and how many records carry each."""
    return _local_page(request, NamesForm())


@require_POST
@requires("tags.edit")
def local_create(request: ScopedRequest) -> HttpResponse:
    """Make local tags."""
    form = NamesForm(request.POST)
    if form.is_valid():
        names = form.cleaned_data["names"]
        if _try(request, lambda: editing.local_create(names, actor=request.user), _("Saved.")):
            return redirect("tags:local")
    return _local_page(request, form, status=422)


@require_POST
@requires("tags.edit")
def local_rename(request: ScopedRequest, pk: int) -> HttpResponse:
    """Give a local tag another name."""
    tag = get_object_or_404(local_tags(), pk=pk)
    if (name := _name(request)) is not None:
        _try(request, lambda: editing.local_rename(tag, name, actor=request.user), _("Saved."))
    return redirect("tags:local")


@require_POST
@requires("tags.edit")
def local_delete(request: ScopedRequest, pk: int) -> HttpResponse:
    """Delete a local tag."""
    tag = get_object_or_404(local_tags(), pk=pk)
    _try(request, lambda: editing.local_delete(tag, actor=request.user), _("Deleted."))
    return redirect("tags:local")


def _local_page(request: ScopedRequest, form: NamesForm, status: int = 200) -> HttpResponse:
    context = {
        "tags": list(local_tags()),
        "form": form,
        "may_edit": request.scope.allows("tags.edit"),
    }
    return render(request, f"{FOLDER}/local.html", context, status=status)


def _group(pk: int) -> TagGroup:
    return get_object_or_404(groups_with_tags(), pk=pk)


def _tag(pk: int) -> Tag:
    return get_object_or_404(tags_all(), pk=pk)


def _is_up(request: ScopedRequest) -> bool:
    return request.POST.get("to") == "up"


def _name(request: ScopedRequest) -> str | None:
    form = NameForm(request.POST)
    if form.is_valid():
        return str(form.cleaned_data["name"])
    messages.error(request, " ".join(str(each) for each in form.errors["name"]))
    return None


def _try(request: ScopedRequest, act: Callable[[], Any], said: str = "") -> bool:
    """Do it, and say how it went."""
    try:
        act()
    except ScrmError as error:
        messages.error(request, error.message)
        return False
    except WeComError as error:
        messages.error(request, error.words(get_language() or "en"))
        return False
    if said:
        messages.success(request, said)
    return True
