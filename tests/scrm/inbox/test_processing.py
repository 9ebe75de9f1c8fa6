"""One event: handlers in order, each with its mark; tries, waits, quarantine, hand-over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from scrm.core.alerts.models import Alert
from scrm.inbox import claims, processing
from scrm.inbox.handling import Event, Handler
from scrm.inbox.models import HandlerMark, InboxEvent
from scrm.inbox.worker import drain
from scrm.wecom.errors import WeComPermanent, WeComQuota, WeComRetryable
from tests.factories.inbox import make_due, stored

pytestmark = pytest.mark.django_db

ADD = ("change_external_contact", "add_external_contact")
State = InboxEvent.State


class Effects:
    """What handlers did, and faults to throw."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.fault: Exception | None = None

    def handler(
        self, name: str, *, fetch: Callable[[Event], Any] | None = None, fails: bool = False
    ) -> Handler:
        def apply(event: Event, fetched: Any) -> None:
            if fails and self.fault is not None:
                raise self.fault
            self.done.append(f"{name}:{event.fields['UserID']}:{fetched}")

        return Handler(name, apply, fetch)


@pytest.fixture
def effects() -> Effects:
    return Effects()


def state_of(event: InboxEvent) -> str:
    event.refresh_from_db()
    return event.state


def test_handlers_apply_in_order_and_leave_marks(routes: Any, effects: Effects) -> None:
    # given
    routes[ADD] = (
        effects.handler("first"),
        effects.handler("second", fetch=lambda event: event.app),
    )
    event = stored(UserID="li")

    # when
    counts = drain()

    # then
    assert dict(counts) == {"inbox.done": 1}
    assert effects.done == ["first:li:None", "second:li:scrm"]
    assert list(HandlerMark.objects.order_by("id").values_list("handler", flat=True)) == [
        "first",
        "second",
    ]
    event.refresh_from_db()
    assert (event.state, event.lease_token, event.error) == ("done", None, "")
    assert event.finished_at is not None


def test_later_failure_does_not_redo_earlier_handlers(routes: Any, effects: Effects) -> None:
    # given
    effects.fault = ValueError("customer wm123 broke it")
    routes[ADD] = (effects.handler("first"), effects.handler("second", fails=True))
    event = stored(UserID="li")

    # when
    drain()

    # then
    event.refresh_from_db()
    assert (event.state, event.attempts) == ("pending", 1)
    assert "ValueError" in event.error
    assert "wm123" not in event.error
    assert event.due_at > timezone.now()

    # when
    effects.fault = None
    make_due(event)
    drain()

    # then
    assert effects.done == ["first:li:None", "second:li:None"]
    assert state_of(event) == "done"


def test_failed_effect_and_its_mark_are_rolled_back_together(routes: Any) -> None:
    # given: a handler that writes, then fails
    def write_then_fail(event: Event, fetched: Any) -> None:
        Alert.objects.create(kind="x", key="x", level="info", title="x", text="x")
        raise ValueError

    routes[ADD] = (Handler("writer", write_then_fail),)
    stored()

    # when
    drain()

    # then
    assert (Alert.objects.count(), HandlerMark.objects.count()) == (0, 0)


def test_poison_is_quarantined_after_five_tries_and_others_proceed(
    routes: Any, effects: Effects
) -> None:
    # given
    effects.fault = ValueError("always")
    routes[ADD] = (effects.handler("h", fails=True),)
    routes["change_external_contact", "edit_external_contact"] = (effects.handler("good"),)
    poison = stored()

    # when
    for _ in range(4):
        drain()
        assert state_of(poison) == "pending"
        make_due(poison)
    healthy = stored("edit_external_contact", UserID="wang")
    drain()

    # then
    poison.refresh_from_db()
    assert (poison.state, poison.attempts, poison.lease_token) == ("quarantined", 5, None)
    assert state_of(healthy) == "done"
    assert effects.done == ["good:wang:None"]
    alert = Alert.objects.get()
    assert (alert.kind, alert.key) == (
        "inbox.quarantined",
        "change_external_contact/add_external_contact",
    )


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (WeComRetryable(None, "timeout", "externalcontact/get"), 1),
        (WeComQuota(45009, "api freq out of limit", "externalcontact/get", retry_after=60), 60),
    ],
)
def test_waits_use_up_no_tries(
    routes: Any, effects: Effects, error: Exception, seconds: int
) -> None:
    # given
    def fetch(event: Event) -> Any:
        if effects.fault is not None:
            raise effects.fault
        return "read"

    effects.fault = error
    routes[ADD] = (effects.handler("h", fetch=fetch),)
    event = stored(UserID="li")

    # when: WeCom is away for twenty tries
    for count in range(20):
        before = timezone.now()
        drain()
        event.refresh_from_db()
        assert (event.state, event.attempts, event.deferrals) == ("pending", 0, count + 1)
        assert event.due_at >= before + timedelta(seconds=seconds)
        make_due(event)
    effects.fault = None
    drain()

    # then
    assert state_of(event) == "done"
    assert effects.done == ["h:li:read"]


def test_waits_end_after_a_day(routes: Any, effects: Effects) -> None:
    # given
    effects.fault = WeComRetryable(None, "timeout", "externalcontact/get")
    routes[ADD] = (effects.handler("h", fails=True),)
    event = stored()
    InboxEvent.objects.update(received_at=timezone.now() - timedelta(days=2), attempts=4)

    # when
    drain()

    # then
    assert state_of(event) == "quarantined"


def test_permanent_errors_are_quarantined_with_words(routes: Any, effects: Effects) -> None:
    # given
    effects.fault = WeComPermanent(84061, "not external contact", "externalcontact/get")
    routes[ADD] = (effects.handler("h", fails=True),)
    event = stored()
    InboxEvent.objects.update(attempts=4)

    # when
    drain()

    # then
    assert state_of(event) == "quarantined"
    assert "84061" in event.error


def test_unknown_event_is_ignored(routes: Any) -> None:
    event = stored(event="something_new", change_type="x")

    assert dict(drain()) == {"inbox.ignored": 1}
    assert state_of(event) == "ignored"


def test_event_whose_workers_keep_dying_is_quarantined(routes: Any, effects: Effects) -> None:
    # given
    routes[ADD] = (effects.handler("killer"),)
    event = stored()
    InboxEvent.objects.update(claims=claims.MAX_CLAIMS)

    # when
    drain()

    # then
    assert state_of(event) == "quarantined"
    assert effects.done == []


def test_welcome_lane_hands_slow_reads_over_to_the_event_lane(
    routes: Any, effects: Effects
) -> None:
    # given
    routes[ADD] = (
        effects.handler("welcome"),
        effects.handler("relation", fetch=lambda event: "read"),
        effects.handler("episode"),
    )
    event = stored(UserID="li", WelcomeCode="C")
    (claimed,) = claims.claim("welcome", 10)

    # when
    outcome = processing.process(claimed)

    # then
    event.refresh_from_db()
    assert (outcome, event.lane, event.lease_token) == ("pending", "event", None)
    assert effects.done == ["welcome:li:None"]
    drain()
    assert effects.done == ["welcome:li:None", "relation:li:read", "episode:li:None"]
    assert state_of(event) == "done"


def test_replayed_event_finds_nothing_to_do(routes: Any, effects: Effects) -> None:
    # given
    routes[ADD] = (effects.handler("h"),)
    event = stored()
    drain()
    InboxEvent.objects.update(state="pending", claims=1)
    make_due(event)

    # when
    drain()

    # then
    assert len(effects.done) == 1
    assert state_of(event) == "done"


def test_clock_skew_raises_an_alarm_and_the_event_is_applied(routes: Any, effects: Effects) -> None:
    # given
    routes[ADD] = (effects.handler("h"),)
    event = stored(at=int(timezone.now().timestamp()) - 3600)

    # when
    drain()

    # then
    assert state_of(event) == "done"
    assert Alert.objects.get().kind == "inbox.clock_skew"


def test_lost_lease_rolls_the_effect_back(routes: Any, effects: Effects) -> None:
    # given: while we fetch, our lease runs out and another worker takes the event
    taken: list[Any] = []

    def fetch(event: Event) -> None:
        make_due(InboxEvent(pk=event.id))
        InboxEvent.objects.update(lease_token=None)
        taken.extend(claims.claim("event", 1))

    routes[ADD] = (effects.handler("slow", fetch=fetch),)
    event = stored()
    (claimed,) = claims.claim("event", 1)

    # when
    outcome = processing.process(claimed)

    # then
    assert outcome == "lost"
    assert effects.done == []
    assert HandlerMark.objects.count() == 0
    event.refresh_from_db()
    assert event.lease_token == taken[0].token


def test_changed_payload_is_quarantined_not_applied(routes: Any, effects: Effects) -> None:
    # given: the payload of another row
    routes[ADD] = (effects.handler("h"),)
    one, two = stored(), stored()
    InboxEvent.objects.filter(pk=one.pk).update(payload=two.payload, attempts=4)

    # when
    drain()

    # then
    assert state_of(one) == "quarantined"
    assert len(effects.done) == 1
