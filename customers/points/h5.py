"""The guide's page: check a customer's code, hand the reward out."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from contacts.directory.models import Member
from contacts.directory.selectors import member_by_userid
from customers.points import services
from customers.points.forms import CodeForm
from customers.points.models import Redemption
from customers.points.selectors import redemption_by_code
from customers.relations.showing import mask_name
from scrm.core.exceptions import NotFound, RateLimited, ScrmError
from scrm.core.limits import counted
from scrm.core.scope import ScopedRequest, h5_requires

# A guide types a code a minute at most; who tries many is guessing.
MOST_TRIES, WINDOW = 20, 300
NEWEST = 5


def _member(request: ScopedRequest) -> Member:
    member = member_by_userid(request.scope.userid) if request.scope.userid else None
    if member is None:
        raise NotFound(
            _("Your log-in belongs to no WeCom account, so nothing can be handed out."),
            code="no_account",
        )
    return member


def _found(request: ScopedRequest, form: CodeForm) -> Redemption | None:
    """Return what the code stands for, or say on the form that there is nothing."""
    if counted("points.code", str(request.user.pk), WINDOW) > MOST_TRIES:
        raise RateLimited(_("Too many codes in a few minutes. Wait five minutes, then try again."))
    if not form.is_valid():
        return None
    found = redemption_by_code(form.cleaned_data["code"])
    if found is None:
        form.add_error("code", _("There is no such code. Compare it with the customer's phone."))
    return found


@require_http_methods(["GET", "POST"])
@h5_requires("points.fulfil")
def pickup(request: ScopedRequest) -> HttpResponse:
    """Check a code: what it is for, whether it still holds."""
    member = _member(request)
    form = CodeForm(request.POST if request.method == "POST" else None)
    found = _found(request, form) if request.method == "POST" else None
    context = {
        "form": form,
        "found": found,
        "name": mask_name(found.account.name) if found else "",
        "is_late": bool(found) and found is not None and found.until < timezone.now(),
        "newest": list(
            Redemption.objects.filter(handed_by=member)
            .select_related("reward")
            .order_by("-settled_at")[:NEWEST]
        ),
    }
    status = 422 if form.errors else 200
    return render(request, "h5/points/pickup.html", context, status=status)


@require_POST
@h5_requires("points.fulfil")
def pickup_done(request: ScopedRequest) -> HttpResponse:
    """Hand the reward of a code out."""
    member = _member(request)
    found = _found(request, CodeForm(request.POST))
    if found is None:
        raise NotFound(_("There is no such code. Compare it with the customer's phone."))
    try:
        services.fulfil(found.pk, member=member, actor=request.user)
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Handed out: %(reward)s.") % {"reward": found.reward.name})
    return redirect("h5:pickup")
