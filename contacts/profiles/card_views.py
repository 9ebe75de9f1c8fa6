"""Console pages of the cards of accounts: what each shows, bring back or accept what changed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from contacts.profiles import selectors, services
from contacts.profiles.cards import digest_of
from contacts.profiles.forms import AcceptForm
from contacts.profiles.models import MemberProfile
from contacts.profiles.services.deciding import may_repeat
from contacts.profiles.tables import CardFilter, CardTable
from contacts.profiles.words import reason_words
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/contacts/profiles"
MOST_DIGITS = 18


@require_GET
@requires("external_profiles.view")
def cards(request: ScopedRequest) -> HttpResponse:
    """List what each account shows."""
    page = build_list(
        request,
        queryset=selectors.profiles_visible_to(request.scope),
        table_class=CardTable,
        filterset_class=CardFilter,
        order=("member_id",),
    )
    for profile in page.rows:
        profile.reason = reason_words(profile)
    context = {
        "list": page,
        "may_edit": request.scope.allows("external_profiles.edit"),
        "empty": {
            "title": _("No card was written yet"),
            "text": _("Publish a template; every account it reaches appears here."),
            "action_label": _("Go to the templates"),
            "action_url": reverse("external_profiles:list"),
            "icon": "device-mobile",
        },
    }
    return render(request, f"{FOLDER}/cards.html", context)


@require_GET
@requires("external_profiles.view")
def card(request: ScopedRequest, pk: int) -> HttpResponse:
    """Show one account's card as we wrote it, and as WeCom shows it where that differs."""
    return _card_page(request, _profile(request, pk), None)


@require_POST
@requires("external_profiles.edit")
def accept(request: ScopedRequest, pk: int) -> HttpResponse:
    """Let one card be as somebody changed it in WeCom, with a reason."""
    profile = _profile(request, pk)
    form = AcceptForm(request.POST)
    if form.is_valid():
        with RefusalAsMessage(request):
            services.accept(profile, actor=request.user, **form.cleaned_data)
            messages.success(
                request, _("Accepted. It stays so until the account gets another card.")
            )
        return redirect("external_profiles:card", pk=pk)
    return _card_page(request, _profile(request, pk), form)


def _profile(request: ScopedRequest, pk: int) -> MemberProfile:
    visible = selectors.profiles_visible_to(request.scope).select_related("accepted_by")
    found: MemberProfile = get_object_or_404(visible, member_id=pk)
    return found


def _card_page(
    request: ScopedRequest, profile: MemberProfile, form: AcceptForm | None
) -> HttpResponse:
    if form is None and profile.state == MemberProfile.State.DRIFTED and profile.seen:
        form = AcceptForm(initial={"seen": digest_of(profile.seen)})
    context = {
        "profile": profile,
        "reason": reason_words(profile),
        "may_edit": request.scope.allows("external_profiles.edit"),
        "may_repeat": may_repeat(profile, request.scope),
        "form": form,
    }
    status = 422 if form is not None and form.errors else 200
    return render(request, f"{FOLDER}/card.html", context, status=status)


@require_POST
@requires("external_profiles.edit")
def again(request: ScopedRequest) -> HttpResponse:
    """Write refused and changed cards again: all in scope, or that of the posted member."""
    member = request.POST.get("member", "")
    is_id = member.isascii() and member.isdigit() and len(member) <= MOST_DIGITS
    one = [int(member)] if is_id else None
    if member and one is None:
        return redirect("external_profiles:cards")
    if services.again(scope=request.scope, actor=request.user, members=one):
        services.push_soon(actor=request.user)
        messages.success(request, _("Written again now."))
    else:
        messages.info(request, _("There is nothing to write again."))
    return redirect("external_profiles:cards")
