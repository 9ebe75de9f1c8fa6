"""The console page of keys: which rows use which, and changing them."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from scrm.core.crypto import field_key_ids, writing_key_id
from scrm.core.keys import selectors, services
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import ScopedRequest, requires


@require_GET
@requires("setup.view")
def index(request: ScopedRequest) -> HttpResponse:
    """Show the keys by their ids, and table by table which rows use which."""
    uses = selectors.field_uses()
    context = {
        "uses": [use for use in uses if use.current or use.former or use.lost],
        "former": sum(use.former_count for use in uses),
        "lost": sum(use.lost for use in uses),
        "key_ids": field_key_ids(),
        "writing": writing_key_id(),
        "index_keys": selectors.index_key_count(),
        "fallbacks": len(settings.SECRET_KEY_FALLBACKS),
        "job": selectors.active_job(),
        "jobs": selectors.last_jobs(),
        "may_edit": request.scope.allows("setup.edit"),
    }
    return render(request, "console/core/keys/index.html", context)


@require_POST
@requires("setup.edit")
def rotate(request: ScopedRequest) -> HttpResponse:
    """Start putting every row under the first key."""
    asked = request.POST.get("what")
    what = selectors.INDEXES if asked == selectors.INDEXES else selectors.FIELDS
    with RefusalAsMessage(request):
        job = services.rotate(what, actor=request.user)
        if request.scope.allows("jobs.view"):
            return redirect("jobs:detail", job.pk)
    return redirect("keys:index")
