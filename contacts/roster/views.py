"""Console pages of the roster: people, one person, what headquarters decides."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from contacts.directory.models import Department
from contacts.roster import services
from contacts.roster.forms import ConsoleForm, EndForm, ExtendForm, RefuseForm, RetryForm
from contacts.roster.models import RosterPerson
from contacts.roster.selectors import (
    department_of,
    extensions_waiting,
    people_visible_to,
    takeovers,
)
from contacts.roster.tables import PersonFilter, PersonTable, QueueTable
from contacts.roster.words import outcome_words
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.phone import mask_phone
from scrm.core.refusals import RefusalAsMessage
from scrm.core.scope import ScopedRequest, requires

FOLDER = "console/contacts/roster"
State = RosterPerson.State
NEWEST = ("-created_at", "-id")
TICKED_AT_MOST = 200
EXTENSIONS_SHOWN = 100


@require_GET
@requires("roster.view")
def people(request: ScopedRequest) -> HttpResponse:
    """List the people of the roster, newest first."""
    visible = people_visible_to(request.scope)
    page = build_list(
        request,
        queryset=visible,
        table_class=PersonTable,
        filterset_class=PersonFilter,
        order=NEWEST,
    )
    for person in page.rows:
        person.shown_phone = mask_phone(person.phone)
    may_edit = request.scope.allows("roster.edit")
    empty = {
        "title": _("Nobody is on the roster yet"),
        "text": _("People of dealers and branches who are not in the OA get their accounts here, for a limited time."),
        "icon": "users",
    }  # fmt: skip
    if may_edit:
        empty |= {"action_label": _("Add a person"), "action_url": reverse("roster:create")}
    may_decide = request.scope.allows("roster.approve")
    context = {
        "list": page,
        "empty": empty,
        "may_edit": may_edit,
        "may_decide": may_decide,
        "waiting": _waiting(request) if may_decide else 0,
    }
    return render(request, f"{FOLDER}/list.html", context)


def _waiting(request: ScopedRequest) -> int:
    asked = people_visible_to(request.scope).filter(state=State.WAITING).count()
    return asked + extensions_waiting(request.scope).count()


def _person(request: ScopedRequest, pk: UUID) -> RosterPerson:
    visible = people_visible_to(request.scope).select_related("created_by", "decided_by", "file")
    return get_object_or_404(visible, pk=pk)


@require_GET
@requires("roster.view")
def detail(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Show one person: who answers, until when, what became of the account, and what one may do."""
    return _shown(request, _person(request, pk))


def _shown(
    request: ScopedRequest, person: RosterPerson, *, extend: ExtendForm | None = None
) -> HttpResponse:
    scope, state = request.scope, person.state
    edits, decides = scope.allows("roster.edit"), scope.allows("roster.approve")
    is_own = person.created_by_id == scope.user_id
    asked = list(person.extensions.select_related("asked_by", "decided_by").order_by("-pk")[:20])
    waits = any(each.state == "waiting" for each in asked)
    department = Department.objects.filter(department_id=department_of(person.store)).first()
    may_decide = decides and not is_own and state in (State.WAITING, State.FAILED)
    told = takeovers([person]) if may_decide and state == State.WAITING else {}
    context = {
        "person": person,
        "phone": mask_phone(person.phone),
        "outcome": outcome_words(person),
        "department": department,
        "extensions": asked,
        "is_own": is_own,
        "may_decide": may_decide,
        "taken": told.get(person.pk),
        "is_found": state == State.FAILED and person.outcome == "account_found",
        "may_extend": edits and state == State.ACTIVE and not waits and person.days_left >= 0,
        "may_end": edits and state in (State.ACTIVE, State.FAILED) and person.days_left >= 0,
        "may_withdraw": edits and state == State.WAITING,
        "decides": decides,
        "refuse_form": RefuseForm(),
        "retry_form": RetryForm(initial={"userid": person.userid}),
        "extend_form": extend or ExtendForm(),
        "end_form": EndForm(),
    }
    status = 422 if extend is not None else 200
    return render(request, f"{FOLDER}/detail.html", context, status=status)


@require_http_methods(["GET", "POST"])
@requires("roster.edit")
def create(request: ScopedRequest) -> HttpResponse:
    """Send one person to headquarters."""
    form = ConsoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.person_send(
                form.sent(),
                channel=RosterPerson.Channel.CONSOLE,
                actor=request.user,
                scope=request.scope,
            )
        except ScrmError as refusal:
            form.add_error(refusal.data.get("field"), refusal.message)
        else:
            messages.success(request, _("%(name)s waits for headquarters.") % {"name": person.name})
            return redirect("roster:detail", pk=person.pk)
    status = 422 if form.errors else 200
    return render(request, f"{FOLDER}/new.html", {"form": form}, status=status)


@require_GET
@requires("roster.approve")
def queue(request: ScopedRequest) -> HttpResponse:
    """List who waits for a decision, longest waiting first, below the extensions asked for."""
    waiting = people_visible_to(request.scope).filter(state=State.WAITING)
    page = build_list(
        request,
        queryset=waiting.select_related("created_by"),
        table_class=QueueTable,
        order=("created_at", "id"),
    )
    taken = takeovers(page.rows)
    for person in page.rows:
        person.may_tick = person.created_by_id != request.scope.user_id
        person.taken = taken.get(person.pk)
    extensions = list(extensions_waiting(request.scope)[:EXTENSIONS_SHOWN])
    for extension in extensions:
        extension.is_own = extension.asked_by_id == request.scope.user_id  # type: ignore[attr-defined]
    context = {
        "list": page,
        "extensions": extensions,
        "may_tick": any(person.may_tick for person in page.rows),
        "empty": {
            "title": _("Nobody waits for a decision"),
            "text": _("What dealers and branches send in appears here."),
            "icon": "circle-check",
        },
    }
    return render(request, f"{FOLDER}/queue.html", context)


@require_POST
@requires("roster.approve")
def approve_ticked(request: ScopedRequest) -> HttpResponse:
    """Approve the ticked people; all of them or none."""
    ticked = [each for each in request.POST.getlist("people") if _is_uuid(each)]
    chosen = people_visible_to(request.scope).filter(pk__in=ticked[:TICKED_AT_MOST])
    with RefusalAsMessage(request):
        _say_approved(request, _approved(request, list(chosen)))
    return redirect("roster:queue")


def _approved(request: ScopedRequest, people: list[RosterPerson]) -> int:
    return services.people_approve(
        people=people, actor=request.user, takes_over=request.POST.getlist("takes_over")
    )


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _say_approved(request: ScopedRequest, count: int) -> None:
    if not count:
        messages.warning(request, _("Tick the people you approve first."))
        return
    words = ngettext(
        "%(count)d person approved; the account is being made.",
        "%(count)d people approved; the accounts are being made.",
        count,
    )
    messages.success(request, words % {"count": count})


@require_POST
@requires("roster.approve")
def approve(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Approve one person."""
    person = _person(request, pk)
    with RefusalAsMessage(request):
        _say_approved(request, _approved(request, [person]))
    return redirect("roster:detail", pk=pk)


@require_POST
@requires("roster.approve")
def refuse(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Refuse one person with a reason."""
    person = _person(request, pk)
    with RefusalAsMessage(request):
        services.person_refuse(person=person, actor=request.user, note=request.POST.get("note", ""))
        messages.success(request, _("Refused; the sender reads why."))
    return redirect("roster:detail", pk=pk)


@require_POST
@requires("roster.approve")
def retry(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Try once more to make an account."""
    person = _person(request, pk)
    with RefusalAsMessage(request):
        services.person_retry(
            person=person,
            actor=request.user,
            userid=request.POST.get("userid", ""),
            takes_over=request.POST.get("takes_over", ""),
        )
        messages.success(request, _("The account is being made."))
    return redirect("roster:detail", pk=pk)


@require_POST
@requires("roster.edit")
def withdraw(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Take a person back before a decision."""
    person = _person(request, pk)
    with RefusalAsMessage(request):
        services.person_withdraw(person=person, actor=request.user)
        messages.success(request, _("Taken back."))
    return redirect("roster:detail", pk=pk)


@require_POST
@requires("roster.edit")
def end(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """End a person's time now."""
    person = _person(request, pk)
    with RefusalAsMessage(request):
        services.person_end(
            person=person, actor=request.user, reason=request.POST.get("reason", "")
        )
        messages.success(request, _("Ended; the account is disabled within a minute."))
    return redirect("roster:detail", pk=pk)


@require_POST
@requires("roster.edit")
def extend(request: ScopedRequest, pk: UUID) -> HttpResponse:
    """Ask headquarters for a later last day."""
    person = _person(request, pk)
    form = ExtendForm(request.POST)
    if form.is_valid():
        try:
            services.extension_ask(person=person, actor=request.user, **form.cleaned_data)
        except ScrmError as refusal:
            form.add_error(refusal.data.get("field"), refusal.message)
        else:
            messages.success(request, _("Headquarters decides; until then the old last day holds."))
            return redirect("roster:detail", pk=pk)
    return _shown(request, person, extend=form)


@require_POST
@requires("roster.approve")
def decide_extension(request: ScopedRequest, pk: int) -> HttpResponse:
    """Give or refuse a later last day."""
    found = get_object_or_404(extensions_waiting(request.scope), pk=pk)
    with RefusalAsMessage(request):
        services.extension_decide(
            extension=found,
            approve=request.POST.get("act") == "approve",
            actor=request.user,
            note=request.POST.get("note", ""),
        )
        messages.success(request, _("Decided."))
    return redirect("roster:queue")
