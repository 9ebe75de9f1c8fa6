"""The page on which somebody says why they need a large or unmasked file."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from scrm.core.approvals.exports import ask_for
from scrm.core.approvals.forms import AskForm
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest


def second_person(
    request: ScopedRequest,
    what: str,
    filters: dict[str, str],
    *,
    rows: int,
    page: str,
    shown: dict[str, Any],
    unmasked: bool = False,
) -> HttpResponse:
    """Ask why, and put one file before somebody else.

    filters say which file it is, `shown` is posted again with the reason, `page` is where the file is taken once they agree.
    """  # fmt: skip
    form = AskForm(request.POST if "reason" in request.POST else None)
    if form.is_valid():
        with RefusalInForm(form):
            asked = ask_for(
                what,
                filters,
                rows=rows,
                page=page,
                actor=request.user,
                reason=form.cleaned_data["reason"],
                unmasked=unmasked,
            )
            if request.scope.allows("approvals.view"):
                return redirect("approvals:detail", pk=asked.pk)
            messages.success(request, _("Asked for: take the file here once somebody has agreed."))
            return redirect(page)
    context = {
        "form": form,
        "rows": rows,
        "most": settings.EXPORT_ROWS_ALONE,
        "unmasked": unmasked,
        "shown": shown,
        "cancel_url": page,
    }
    status = 422 if form.errors else 200
    return render(request, "console/core/approvals/ask_file.html", context, status=status)
