"""F24: events whose handler always raises, among many that work."""

import time
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Min
from django.utils import timezone

from scrm.core.outbox.failures import TRY_DELAYS
from scrm.demo.story.doors import Browser
from scrm.demo.story.report import WrongFigureError
from scrm.inbox import processing
from scrm.inbox.claims import claim
from scrm.inbox.handling import Event, Handler
from scrm.inbox.ingest import arrival, store
from scrm.inbox.models import InboxEvent
from tests.factories.inbox import event_xml
from tests.faults.harness import Arena, Outcome

EVENT, GOOD, POISON = "f24", "good", "poison"
WORKERS = ("inbox-1", "inbox-2")
LEAST_SHARE = 0.9
BATCH = 8
# Of each side the best round counts: on a shared machine single ones lie a sixth apart.
ROUNDS = 6
applied: list[int] = []
mended = False


class PoisonError(Exception):
    """What the broken handler says."""


def _apply(event: Event, _fetched: Any) -> None:
    if event.change_type == POISON and not mended:
        raise PoisonError("this handler always raises")
    applied.append(event.id)


HANDLER = Handler(name="f24", apply=_apply)
ROUTES = {(EVENT, GOOD): (HANDLER,), (EVENT, POISON): (HANDLER,)}


def poison_events(arena: Arena, good: int, poison: int) -> Outcome:
    """Work off good events alone and with poison among them; then mend the handler and re-run from the console."""
    global mended
    outcome, mended, routes = Outcome(), False, settings.INBOX_EVENT_ROUTES
    for name in WORKERS:
        arena.stack.running[name].terminate()
        arena.stack.running.pop(name).wait(30)
    settings.INBOX_EVENT_ROUTES = "tests.faults.poison.ROUTES"
    try:
        outcome.notes.append(_throughput(good, poison, outcome))
        _quarantined(outcome, poison)
        _run_again(arena, outcome, good, poison)
    finally:
        settings.INBOX_EVENT_ROUTES = routes
        InboxEvent.objects.filter(event=EVENT).delete()
        for name in WORKERS:
            arena.stack.start_part(name)
    return outcome


def _throughput(good: int, poison: int, outcome: Outcome) -> str:
    """Compare CPU per good event without and with poison, in turn: a busy machine slows both."""
    clean, mixed = [], []
    each = good // ROUNDS
    for number in range(ROUNDS):
        _arrive(each, 0)
        clean.append(_work_off(each))
        last = number == ROUNDS - 1
        _arrive(each, poison - poison // ROUNDS * (ROUNDS - 1) if last else poison // ROUNDS)
        mixed.append(_work_off(each))
    share = min(clean) / min(mixed)
    if share < LEAST_SHARE:
        outcome.notes.append("WRONG the others were slowed down")
    return (
        f"{each} good events cost {min(clean):.2f} s CPU alone, {min(mixed):.2f} s beside poison: "
        f"{share:.0%} of the throughput"
    )


def _arrive(good: int, poison: int) -> None:
    every = good // poison if poison else good + 1
    for number in range(good):
        store(arrival("scrm", event_xml(GOOD, event=EVENT)))
        if poison and number % every == 0 and number // every < poison:
            store(arrival("scrm", event_xml(POISON, event=EVENT)))


def _work_off(good: int) -> float:
    """Process what is due until so many good events are done; returns this process' CPU seconds."""
    before, begun = len(applied), time.process_time()
    while len(applied) - before < good:
        for claimed in claim("event", BATCH):
            processing.process(claimed)
    return time.process_time() - begun


def _quarantined(outcome: Outcome, poison: int) -> None:
    """Let the clock run to each next try; every try must have waited longer than the one before."""
    events = InboxEvent.objects.filter(event=EVENT, change_type=POISON)
    for tries in range(1, processing.MAX_TRIES):
        waiting = events.filter(state=InboxEvent.State.PENDING, attempts=tries)
        soonest = waiting.aggregate(at=Min(F("due_at") - F("received_at")))["at"]
        if soonest is not None and soonest.total_seconds() < TRY_DELAYS[tries - 1]:
            outcome.notes.append(f"WRONG try {tries + 1} came after {soonest}, without back-off")
        waiting.update(due_at=timezone.now())
        _drain()
    states = dict(events.values_list("state").annotate(Count("pk")))
    attempts = set(events.values_list("attempts", flat=True))
    if states != {InboxEvent.State.QUARANTINED.value: poison} or attempts != {processing.MAX_TRIES}:
        outcome.lost.add(f"{poison} poison events ended {states} after {attempts} tries")
    outcome.notes.append(f"{poison} in quarantine after {processing.MAX_TRIES} tries")


def _drain() -> None:
    while found := claim("event", BATCH):
        for claimed in found:
            processing.process(claimed)


def _run_again(arena: Arena, outcome: Outcome, good: int, poison: int) -> None:
    """Press the console's button once the handler works."""
    global mended
    mended = True
    words = {"reason": "the handler was mended"}
    password = arena.play.environment.values["SCRM_DEMO_PASSWORD"]
    try:
        operator = Browser(arena.play.environment.web_url, "it", password)
        operator.send("/console/inbox/replay/", words, page="/console/inbox/?state=quarantined")
    except WrongFigureError as error:
        outcome.notes.append(f"WRONG the button: {error}")
        return
    _drain()
    done = InboxEvent.objects.filter(event=EVENT, state=InboxEvent.State.DONE).count()
    wanted = good // ROUNDS * ROUNDS * 2 + poison
    if done != wanted:
        outcome.lost.add(f"{wanted - done} of {wanted} events are not done")
    if len(applied) != len(set(applied)):
        outcome.doubled.add("an event was applied twice")
    outcome.notes.append(f"{poison} done after the console's button")
