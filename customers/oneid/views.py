"""The merge centre."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from customers.oneid import selectors, services
from customers.oneid.evidence import Why, reasons_shared, why
from customers.oneid.forms import DecideForm, MergeForm, ReasonForm, SplitForm
from customers.oneid.models import Conflict, Person, RecordKey
from customers.oneid.queue_views import audits_queue, shared_queue
from customers.oneid.tables import ConflictTable, MergeTable
from customers.relations.selectors import contacts_visible_to
from scrm.core.exceptions import ScrmError
from scrm.core.listing import build_list
from scrm.core.scope import Scope, ScopedRequest, requires

SHOWN = 50
TABS = ("conflicts", "proposals", "shared_keys", "large", "merges", "decisions", "audits")


@require_GET
@requires("oneid.view")
def centre(request: ScopedRequest) -> HttpResponse:
    """Show one of the queues: conflicts, proposals, automatic merges, decisions of people."""
    tab = request.GET.get("tab", TABS[0])
    if tab not in TABS:
        raise Http404
    counts = selectors.open_counts(request.scope)
    context = {
        "tab": tab,
        "tabs": [
            ("conflicts", _("Conflicts"), counts["conflicts"]),
            ("proposals", _("Proposals"), 0),
            ("shared_keys", _("Shared identifiers"), counts["shared"]),
            ("large", _("Large persons"), counts["large"]),
            ("merges", _("Merges"), 0),
            ("decisions", _("Decisions"), 0),
            ("audits", _("Audits"), 0),
        ],
        "counts": counts,
        "may_decide": request.scope.allows("oneid.decide"),
    }
    return render(request, f"console/customers/oneid/{tab}.html", context | QUEUES[tab](request))


def _conflicts(request: ScopedRequest) -> dict[str, object]:
    waiting = selectors.conflicts_visible_to(request.scope).filter(state=Conflict.State.OPEN)
    waiting = waiting.exclude(rule=Conflict.Rule.TOO_LARGE)
    page = build_list(
        request, queryset=waiting, table_class=ConflictTable, order=("-opened_at", "-id")
    )
    _show_cards(request.scope, page.rows)
    return {
        "list": page,
        "empty": {
            "title": _("No conflicts"),
            "text": _(
                "Nobody would get two unionids or two active memberships. New ones appear here by themselves."
            ),
            "icon": "git-merge",
        },
    }


def _large(request: ScopedRequest) -> dict[str, object]:
    waiting = selectors.conflicts_visible_to(request.scope).filter(
        state=Conflict.State.OPEN, rule=Conflict.Rule.TOO_LARGE
    )
    page = build_list(
        request, queryset=waiting, table_class=ConflictTable, order=("-opened_at", "-id")
    )
    _show_cards(request.scope, page.rows)
    empty = {
        "title": _("No large persons"),
        "text": _("Records that would make a person larger than one human is stay apart and wait here."),
        "icon": "git-merge",
    }  # fmt: skip
    return {"list": page, "empty": empty}


def _show_cards(scope: Scope, rows: Iterable[Any]) -> None:
    """Give the rows of a page the records they are about, so that each says whom it concerns."""
    rows = list(rows)
    cards = selectors.cards(scope, {each for row in rows for each in row.record_ids})
    for row in rows:
        row.cards = [cards[each] for each in row.record_ids if each in cards]


def _proposals(request: ScopedRequest) -> dict[str, object]:
    proposals = selectors.proposals_visible_to(request.scope, SHOWN)
    ids = [each for proposal in proposals for each in (proposal.contact_id, proposal.member_id)]
    cards = selectors.cards(request.scope, ids)
    pairs = [
        (cards[each.contact_id], cards[each.member_id])
        for each in proposals
        if each.contact_id in cards and each.member_id in cards
    ]
    empty = {
        "title": _("No proposals"),
        "text": _("A phone in a guide's remark that a member has too would be proposed here."),
        "icon": "git-merge",
    }
    return {"pairs": pairs, "empty": empty}


def _merges(request: ScopedRequest) -> dict[str, object]:
    log = selectors.log_visible_to(request.scope)
    labels = dict(RecordKey.Kind.choices)
    page = build_list(request, queryset=log, table_class=MergeTable, order=("-at", "-id"))
    _show_cards(request.scope, page.rows)
    for entry in page.rows:
        kinds = dict.fromkeys(each["key"] for each in entry.evidence)
        entry.reasons = [str(labels.get(kind, _("decision of a person"))) for kind in kinds]
    empty = {
        "title": _("No merges yet"),
        "text": _("Import members, then let customers add guides."),
        "icon": "git-merge",
    }
    return {"list": page, "empty": empty}


def _decisions(request: ScopedRequest) -> dict[str, object]:
    acts = selectors.acts_visible_to(request.scope, SHOWN)
    cards = selectors.cards(request.scope, [each for act in acts for each in act.record_ids])
    rows = [(act, [cards[each] for each in act.record_ids if each in cards]) for act in acts]
    empty = {"title": _("Nobody decided anything yet"), "text": "", "icon": "git-merge"}
    return {"acts": rows, "form": ReasonForm(), "empty": empty}


QUEUES: dict[str, Callable[[ScopedRequest], dict[str, object]]] = {
    "conflicts": _conflicts,
    "proposals": _proposals,
    "shared_keys": shared_queue,
    "large": _large,
    "merges": _merges,
    "decisions": _decisions,
    "audits": audits_queue,
}


@require_GET
@requires("oneid.view")
def conflict_detail(request: ScopedRequest, conflict_id: UUID) -> HttpResponse:
    """Show the contested records side by side, with what they share."""
    conflict = get_object_or_404(selectors.conflicts_visible_to(request.scope), pk=conflict_id)
    return _conflict_page(request, conflict, DecideForm())


def _conflict_page(
    request: ScopedRequest, conflict: Conflict, form: DecideForm, status: int = 200
) -> HttpResponse:
    cards = selectors.cards(request.scope, conflict.record_ids)
    blocks = [
        [cards[UUID(each)] for each in block if UUID(each) in cards] for block in conflict.blocks
    ]
    context = {
        "conflict": conflict,
        "blocks": blocks,
        "why": Why(reasons_shared(cards), len(conflict.record_ids) - len(cards), alone=False),
        "form": form,
        "may_decide": request.scope.allows("oneid.decide")
        and conflict.state == Conflict.State.OPEN,
    }
    return render(request, "console/customers/oneid/conflict.html", context, status=status)


@require_POST
@requires("oneid.decide")
def conflict_decide(request: ScopedRequest, conflict_id: UUID) -> HttpResponse:
    """Settle a conflict."""
    conflict = get_object_or_404(selectors.conflicts_visible_to(request.scope), pk=conflict_id)
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _conflict_page(request, conflict, form, status=422)
    try:
        services.conflict_decide(conflict, actor=request.user, **form.cleaned_data)
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Settled. It can be taken back under Decisions."))
    return redirect("oneid:list")


@require_POST
@requires("oneid.decide")
def proposal_decide(request: ScopedRequest, contact_id: UUID, member_id: UUID) -> HttpResponse:
    """Settle a proposal; both records must be in scope."""
    if (
        not request.scope.everything
        or len(selectors.cards(request.scope, [contact_id, member_id])) != 2
    ):
        raise Http404
    form = DecideForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a decision and say why."))
    else:
        _told(
            request,
            lambda: services.proposal_decide(
                contact_id, member_id, actor=request.user, **form.cleaned_data
            ),
        )
    return redirect(reverse("oneid:list") + "?tab=proposals")


@require_POST
@requires("oneid.decide")
def act_retract(request: ScopedRequest, act: UUID) -> HttpResponse:
    """Take a decision back."""
    if not selectors.decisions_visible_to(request.scope).filter(act=act).exists():
        raise Http404
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say why the decision is taken back."))
    else:
        _told(
            request,
            lambda: services.act_retract(
                act, actor=request.user, reason=form.cleaned_data["reason"]
            ),
        )
    return redirect(reverse("oneid:list") + "?tab=decisions")


def _told(request: ScopedRequest, action: Callable[[], None]) -> None:
    try:
        action()
    except ScrmError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Done."))


@require_GET
@requires("oneid.view")
def person_detail(request: ScopedRequest, person_id: UUID) -> HttpResponse:
    """Show a person: records, why they are together, what happened."""
    person = get_object_or_404(selectors.persons_visible_to(request.scope), pk=person_id)
    return _person_page(request, person, None)


@require_POST
@requires("oneid.decide")
def person_split(request: ScopedRequest, person_id: UUID) -> HttpResponse:
    """Take records off a person; only who sees the whole company may."""
    if not request.scope.everything:
        raise Http404
    person = get_object_or_404(selectors.persons_visible_to(request.scope), pk=person_id)
    ids = selectors.records_of(person)
    form = SplitForm(request.POST, choices=_choices(selectors.cards(request.scope, ids), ids))
    if form.is_valid() and _split(request, person, form):
        return redirect("oneid:person", person.pk)
    return _person_page(request, person, form)


def _person_page(request: ScopedRequest, person: Person, form: SplitForm | None) -> HttpResponse:
    ids = selectors.records_of(person)
    cards = selectors.cards(request.scope, ids)
    may_split = request.scope.allows("oneid.decide") and request.scope.everything and len(ids) > 1
    context = {
        "person": person,
        "cards": [cards[each] for each in ids if each in cards],
        "why": why(person, request.scope),
        "log": selectors.log_visible_to(request.scope)
        .filter(person=person)
        .order_by("-id")[:SHOWN],
        "form": form or SplitForm(choices=_choices(cards, ids)),
        "may_split": may_split,
        "may_merge": request.scope.allows("oneid.decide") and request.scope.everything,
    }
    return render(
        request, "console/customers/oneid/person.html", context, status=422 if form else 200
    )


@require_GET
@requires("oneid.decide")
def person_compare(request: ScopedRequest, person_id: UUID) -> HttpResponse:
    """Show a person beside another one, found by a number of theirs; both must be in scope."""
    if not request.scope.everything:
        raise Http404
    person = get_object_or_404(selectors.persons_visible_to(request.scope), pk=person_id)
    sought = request.GET.get("other", "")
    other = selectors.person_found(request.scope, sought) if sought else None
    other = None if other is None or other.pk == person.pk else other
    return _compare_page(request, person, other, sought, None)


def _compare_page(
    request: ScopedRequest,
    person: Person,
    other: Person | None,
    sought: str,
    form: MergeForm | None,
) -> HttpResponse:
    ids = [selectors.records_of(each) for each in (person, other) if each]
    cards = selectors.cards(request.scope, [each for block in ids for each in block])
    context = {
        "person": person,
        "other": other,
        "sought": sought,
        "blocks": [[cards[each] for each in block if each in cards] for block in ids],
        "why": Why(reasons_shared(cards), 0, alone=False),
        "form": form or MergeForm(initial={"other": other.pk if other else None}),
        "may_decide": True,
    }
    status = 422 if form else 200
    return render(request, "console/customers/oneid/compare.html", context, status=status)


@require_POST
@requires("oneid.decide")
def person_merge(request: ScopedRequest, person_id: UUID) -> HttpResponse:
    """Make two persons one; only who sees the whole company may."""
    if not request.scope.everything:
        raise Http404
    visible = selectors.persons_visible_to(request.scope)
    person = get_object_or_404(visible, pk=person_id)
    form = MergeForm(request.POST)
    if form.is_valid():
        other = get_object_or_404(visible, pk=form.cleaned_data["other"])
        try:
            services.persons_merge(
                person, other, actor=request.user, reason=form.cleaned_data["reason"]
            )
        except ScrmError as error:
            form.add_error(None, error.message)
        else:
            messages.success(
                request,
                _("Merged. It can be taken back in the merge centre under Decisions."),
            )
            heir = selectors.person_now(person)
            return redirect("oneid:person", heir.pk)
    named = form.cleaned_data.get("other")
    beside = visible.filter(pk=named).first() if named else None
    return _compare_page(request, person, beside, "", form)


def _choices(cards: dict[UUID, selectors.Card], ids: list[UUID]) -> list[tuple[str, str]]:
    return [
        (str(each), f"{cards[each].label} {cards[each].name}".strip())
        for each in ids
        if each in cards
    ]


def _split(request: ScopedRequest, person: Person, form: SplitForm) -> bool:
    try:
        services.person_split(
            person,
            form.cleaned_data["records"],
            actor=request.user,
            reason=form.cleaned_data["reason"],
        )
    except ScrmError as error:
        form.add_error(None, error.message)
        return False
    messages.success(request, _("Split. It can be taken back in the merge centre under Decisions."))
    return True


@require_GET
@requires("relations.view")
def contact_card(request: ScopedRequest, contact_id: UUID) -> HttpResponse:
    """Give the customer page the person and the member behind a contact: relations lie below OneID."""
    contact = get_object_or_404(contacts_visible_to(request.scope), pk=contact_id)
    person = selectors.person_of_contact(contact)
    records = selectors.records_of(person) if person else []
    context = {
        "contact": contact,
        "person": person,
        "others": _others(request.scope, records, contact.pk),
        "may_open": request.scope.allows("oneid.view"),
    }
    return render(request, "console/customers/oneid/card.html", context)


def _others(scope: Scope, records: list[UUID], contact_id: UUID) -> list[selectors.Card]:
    cards = selectors.cards(scope, records)
    return [cards[each] for each in records if each in cards and each != contact_id]
