"""The tags page."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from customers.tags import selectors, services
from customers.tags.forms import TagCreateForm
from scrm.core.exceptions import Conflict, ScrmError
from scrm.core.scope import Scope, ScopedRequest, requires
from scrm.wecom.errors import WeComError


@require_GET
@requires("tags.view")
def tag_list(request: ScopedRequest) -> HttpResponse:
    """Show the groups as cards; counts follow in a second request, because they belong to relations."""
    groups = list(selectors.groups_with_tags())
    tags = [tag for group in groups for tag in group.living_tags]  # type: ignore[attr-defined]
    context = {
        "groups": groups,
        "tag_total": len(tags),
        "most_tags": services.MOST_TAGS,
        "synced_at": max((tag.observed_at for tag in tags), default=None),
        "empty": _empty(request.scope),
        "may_edit": request.scope.allows("tags.edit"),
        "may_count": request.scope.allows("relations.view"),
    }
    return render(request, "console/customers/tags/list.html", context)


def _empty(scope: Scope) -> dict[str, str]:
    empty = {
        "title": _("No tags yet"),
        "text": _("Read those of WeCom by a sync, or make the first ones here."),
        "icon": "tags",
    }
    if scope.allows("tags.edit"):
        empty |= {"action_label": _("New tags"), "action_url": reverse("tags:create")}
    return empty


@require_http_methods(["GET", "POST"])
@requires("tags.edit")
def tag_create(request: ScopedRequest) -> HttpResponse:
    """Make tags in WeCom and in the mirror."""
    form = TagCreateForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _created(request, form):
        return redirect("tags:list")
    status = 422 if form.errors else 200
    return render(request, "console/customers/tags/create.html", {"form": form}, status=status)


def _created(request: ScopedRequest, form: TagCreateForm) -> bool:
    try:
        tags = services.tag_create(
            form.cleaned_data["group_name"], form.cleaned_data["names"], actor=request.user
        )
    except ScrmError as error:
        form.add_error(None, error.message)
        return False
    except WeComError as error:
        form.add_error(None, error.words(get_language() or "en"))
        return False
    messages.success(
        request,
        ngettext(
            "%(count)d tag is ready in WeCom.", "%(count)d tags are ready in WeCom.", len(tags)
        )
        % {"count": len(tags)},
    )
    return True


@require_POST
@requires("tags.edit")
def tag_sync(request: ScopedRequest) -> HttpResponse:
    """Start reading all tags from WeCom."""
    try:
        job = services.sync_start(actor=request.user)
    except Conflict as error:
        messages.warning(request, error.message)
        return redirect("jobs:detail", error.data["job_id"])
    return redirect("jobs:detail", job.pk)
