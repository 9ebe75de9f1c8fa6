"""At most one send; the outcome is known or shown."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from scrm.core.alerts.models import Alert
from scrm.core.exceptions import ValidationFailed
from scrm.core.outbox import claims, dispatch
from scrm.core.outbox.models import OutboxMessage
from scrm.core.outbox.sending import AlreadyUsed, Sender
from scrm.wecom.errors import WeComPermanent, WeComQuota, WeComRetryable, WeComUnknownOutcome
from tests.factories.inbox import message

pytestmark = pytest.mark.django_db

KIND = "test.note"


class Outside:
    """The other side: what reached it, and faults to throw."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.settled: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self.fault: Exception | None = None
        self.settle_fault: Exception | None = None

    def send(self, payload: dict[str, Any]) -> dict[str, Any]:
        if self.fault is not None:
            raise self.fault
        self.sent.append(payload)
        return {"number": len(self.sent)}

    def settle(self, payload: dict[str, Any], result: dict[str, Any]) -> None:
        if self.settle_fault is not None:
            raise self.settle_fault
        self.settled.append((payload, result))


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def register(senders: dict[str, Any], outside: Outside) -> Callable[..., None]:
    def add(*, repeatable: bool = False, single_use: bool = False) -> None:
        senders[KIND] = Sender(
            KIND, outside.send, outside.settle, repeatable=repeatable, single_use=single_use
        )

    return add


def run() -> list[str]:
    """Send what is due now, once."""
    dispatch.recover_abandoned()
    return [
        dispatch.deliver(item)
        for lane in ("welcome", "event", "sync")
        for item in claims.claim(lane, 10)
    ]


def again() -> list[str]:
    """Let the time of the next try come, then send."""
    OutboxMessage.objects.filter(status="pending").update(not_before=F("created_at"))
    return run()


def die() -> None:
    """Claim everything, begin all of it, and never report back."""
    for lane in ("welcome", "event", "sync"):
        for item in claims.claim(lane, 10):
            claims.begin(item)
    lapse()


def lapse() -> None:
    """Let every lease run out."""
    OutboxMessage.objects.update(lease_until=F("created_at"))


def row() -> OutboxMessage:
    return OutboxMessage.objects.get()


def test_sent_and_settled_once(register: Any, outside: Outside) -> None:
    register()
    message(payload={"n": 7})

    # when
    first, second = run(), run()

    # then
    assert (first, second) == (["sent"], [])
    assert outside.sent == [{"n": 7}]
    assert outside.settled == [({"n": 7}, {"number": 1})]
    sent = row()
    assert (sent.status, sent.attempts, sent.result, sent.error, sent.lease_token) == (
        "sent",
        1,
        {"number": 1},
        "",
        None,
    )
    assert sent.delivered_at is not None
    assert sent.settled_at is not None


def test_not_before_its_time(register: Any, outside: Outside) -> None:
    register()
    message(not_before=timezone.now() + timedelta(minutes=1))

    assert run() == []
    assert outside.sent == []


def test_too_late_is_not_sent(register: Any, outside: Outside) -> None:
    register()
    message(expires_at=timezone.now() - timedelta(seconds=1))

    # when, then
    assert run() == ["expired"]
    assert outside.sent == []
    assert row().status == "expired"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (WeComRetryable(None, "refused", "x"), 1),
        (WeComQuota(45009, "freq", "x", retry_after=60), 60),
    ],
)
def test_passing_causes_wait_without_using_up_tries(
    register: Any, outside: Outside, error: Exception, seconds: int
) -> None:
    register()
    outside.fault = error
    message()

    # when
    for _ in range(10):
        before = timezone.now()
        assert again() == ["pending"]
        assert row().not_before >= before + timedelta(seconds=seconds)
    outside.fault = None

    # then
    assert again() == ["sent"]
    assert len(outside.sent) == 1


def test_wait_ends_with_the_time(register: Any, outside: Outside) -> None:
    register()
    outside.fault = WeComQuota(45009, "freq", "x", retry_after=60)
    end = timezone.now() + timedelta(seconds=20)
    message(expires_at=end)

    # when
    run()

    # then: it is looked at again when it expires, not a minute later
    assert row().not_before == end


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (WeComPermanent(41051, "external user has started chatting", "x"), "41051"),
        (ValidationFailed("The template was deleted."), "The template was deleted."),
    ],
)
def test_refusals_fail_with_words(
    register: Any, outside: Outside, error: Exception, words: str
) -> None:
    register()
    outside.fault = error
    message()

    assert run() == ["failed"]
    assert words in row().error
    assert again() == []


def test_kind_without_sender_fails_with_words(senders: Any) -> None:
    message()

    assert run() == ["failed"]
    assert row().error


def test_unknown_outcome_waits_for_a_person(register: Any, outside: Outside) -> None:
    register()
    outside.fault = WeComUnknownOutcome(None, "no answer", "x")
    message()

    # when, then
    assert run() == ["uncertain"]
    assert (row().status, row().interrupted) == ("uncertain", True)
    assert again() == []
    assert Alert.objects.get().kind == "outbox.uncertain"


def test_fault_in_our_own_sender_is_an_unknown_outcome(register: Any, outside: Outside) -> None:
    register()
    outside.fault = KeyError("customer 13800000000")
    message()

    assert run() == ["uncertain"]
    assert "13800000000" not in row().error


def test_unknown_outcome_of_a_repeatable_one_is_tried_again(
    register: Any, outside: Outside
) -> None:
    register(repeatable=True)
    outside.fault = WeComUnknownOutcome(None, "no answer", "x")
    message()

    # when, then
    assert run() == ["pending"]
    outside.fault = None
    assert again() == ["sent"]
    assert not Alert.objects.exists()


def test_tries_of_a_repeatable_one_are_five(register: Any, outside: Outside) -> None:
    register(repeatable=True)
    outside.fault = ValueError()
    message()

    assert [again()[0] for _ in range(5)] == ["pending"] * 4 + ["failed"]
    assert row().attempts == 5


def test_a_wecom_that_stays_busy_is_asked_five_times(register: Any, outside: Outside) -> None:
    register()
    put = message(KIND)
    outside.fault = WeComRetryable(-1, "system busy", "x")

    assert [run(), *(again() for _ in range(5))] == [["pending"]] * 4 + [["failed"], []]

    put.refresh_from_db()
    assert (put.attempts, "[-1]" in put.error) == (5, True)


def test_killed_between_send_and_settle_needs_a_person(register: Any, outside: Outside) -> None:
    register()
    message()
    die()

    # when, then
    assert run() == []
    assert row().status == "uncertain"
    assert outside.sent == []
    assert Alert.objects.get().kind == "outbox.uncertain"


def test_killed_repeatable_one_is_sent_again(register: Any, outside: Outside) -> None:
    register(repeatable=True)
    message()
    die()

    assert run() == ["sent"]


def test_killed_single_use_counts_already_used_as_sent(register: Any, outside: Outside) -> None:
    # given: the attempt before the kill did arrive
    register(single_use=True)
    message(lane="welcome", expires_at=timezone.now() + timedelta(seconds=20))
    die()
    outside.fault = AlreadyUsed()

    # when, then
    assert run() == ["sent"]
    assert row().result == {"note": "arrived with an attempt whose answer was lost"}
    assert len(outside.settled) == 1


def test_already_used_without_an_attempt_of_ours_failed(register: Any, outside: Outside) -> None:
    register(single_use=True)
    outside.fault = AlreadyUsed()
    message()

    assert run() == ["failed"]
    assert outside.settled == []


def test_single_use_is_tried_until_it_expires(register: Any, outside: Outside) -> None:
    register(single_use=True)
    outside.fault = WeComUnknownOutcome(None, "no answer", "x")
    message(expires_at=timezone.now() + timedelta(seconds=20))

    # when
    assert [again()[0] for _ in range(8)] == ["pending"] * 8
    OutboxMessage.objects.update(expires_at=timezone.now())

    # then
    assert again() == ["expired"]
    assert row().interrupted


def test_failed_bookkeeping_is_repeated_without_sending_again(
    register: Any, outside: Outside
) -> None:
    register()
    outside.settle_fault = ValueError()
    message(payload={"n": 1})

    # when
    assert run() == ["pending"]
    outside.settle_fault = None

    # then
    assert again() == ["sent"]
    assert len(outside.sent) == 1
    assert outside.settled == [({"n": 1}, {"number": 1})]


def test_bookkeeping_that_never_works_fails_but_keeps_the_result(
    register: Any, outside: Outside
) -> None:
    register()
    outside.settle_fault = ValueError()
    message()

    assert [again()[0] for _ in range(5)] == ["pending"] * 4 + ["failed"]
    assert len(outside.sent) == 1
    assert row().result == {"number": 1}
    assert row().delivered_at is not None


def test_slow_sender_that_others_gave_up_on_still_reports(
    senders: dict[str, Any], outside: Outside
) -> None:
    # given: the lease lapses during the call and the message is shown as uncertain
    def slow(payload: dict[str, Any]) -> dict[str, Any]:
        lapse()
        dispatch.recover_abandoned()
        assert row().status == "uncertain"
        return outside.send(payload)

    senders[KIND] = Sender(KIND, slow, outside.settle, repeatable=False)
    message()
    (claimed,) = claims.claim("event", 1)

    # when, then
    assert dispatch.deliver(claimed) == "sent"
    assert row().status == "sent"


def test_messages_behind_a_slow_one_go_back_and_are_sent_once(
    register: Any, outside: Outside
) -> None:
    # given a worker that stalls between its claim and its first message
    register()
    for number in range(3):
        message(payload={"n": number})
    stalled = claims.claim("event", 10)
    lapse()

    # when others find the messages, none of which was begun
    assert dispatch.recover_abandoned() == 3
    assert set(OutboxMessage.objects.values_list("status", "interrupted", "error")) == {
        ("pending", False, "")
    }
    assert run() == ["sent"] * 3

    # then the one that stalled sends none of them again
    assert [dispatch.deliver(item) for item in stalled] == ["lost"] * 3
    assert sorted(each["n"] for each in outside.sent) == [0, 1, 2]
    assert not Alert.objects.exists()


def test_beginning_starts_the_lease_anew(register: Any) -> None:
    register()
    message()
    (claimed,) = claims.claim("event", 1)
    lapse()

    assert claims.begin(claimed) is True

    assert dispatch.recover_abandoned() == 0
    assert (row().status, row().begun_at is not None) == ("sending", True)


def test_an_interrupted_message_whose_next_turn_never_came_stays_interrupted(
    register: Any,
) -> None:
    # given an attempt that was killed, and a second claim that was never begun
    register(repeatable=True)
    message()
    die()
    dispatch.recover_abandoned()
    claims.claim("event", 1)
    lapse()

    # when
    dispatch.recover_abandoned()

    # then
    assert (row().status, row().interrupted) == ("pending", True)


def test_slow_sender_whose_message_was_sent_by_another_changes_nothing(
    register: Any, outside: Outside
) -> None:
    register(repeatable=True)
    message()
    (slow,) = claims.claim("event", 1)
    lapse()
    assert run() == ["sent"]

    # when, then
    assert dispatch.deliver(slow) == "lost"
    assert (len(outside.sent), len(outside.settled)) == (1, 1)


def test_unreadable_payload_fails_with_words(register: Any, outside: Outside) -> None:
    # given: ciphertext of another row
    register()
    one, two = message(), message()
    sealed = OutboxMessage.objects.get(pk=two.pk).__dict__["payload"]
    OutboxMessage.objects.filter(pk=one.pk).update(payload=sealed)

    # when, then
    assert sorted(run()) == ["failed", "sent"]
    assert OutboxMessage.objects.get(pk=one.pk).status == "failed"


def test_lease_renewal_and_release(register: Any) -> None:
    register()
    message()
    (claimed,) = claims.claim("event", 1)
    OutboxMessage.objects.update(lease_until=F("created_at"))

    # when, then
    assert claims.renew([claimed.token]) == 1
    assert dispatch.recover_abandoned() == 0
    claims.release(claimed.token, [claimed.id])
    assert row().status == "pending"
    assert run() == ["sent"]
