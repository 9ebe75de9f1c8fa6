"""Signals become one incident with evidence, one alert and the first steps; closing settles the past."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from contacts.directory.models import Member
from risk.anomalies.handlers import apply_signal
from risk.anomalies.models import Incident, IncidentEntry, RuleSetting, Signal
from risk.anomalies.selectors import restricted_members, rule_by_code, rules_all
from risk.anomalies.services import (
    anomalies_look_again,
    incident_close,
    rule_set,
    signal,
    signals_forget,
)
from scrm.core.alerts.models import Alert
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.outbox.models import OutboxMessage
from tests.factories.accounts import UserFactory
from tests.factories.attribution import add_event
from tests.factories.contacts import MemberFactory
from tests.factories.core import AlertChannelFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def burst(member: Member, seconds: list[int], kind: str = "add", prefix: str = "c") -> None:
    """Report one signal at each second after noon."""
    for number, second in enumerate(seconds):
        signal(kind, member.pk, NOW + timedelta(seconds=second), f"{prefix}{number}")


def test_below_the_threshold_nothing_happens_at_it_everything_does() -> None:
    # given 29 adds within a minute, and one more outside of it
    li = MemberFactory(userid="guide_li", name="李娜")
    burst(li, [*range(1, 30), 61 + 60])
    assert (Incident.objects.count(), Alert.objects.count()) == (0, 0)

    # when the thirtieth comes
    signal("add", li.pk, NOW + timedelta(seconds=30), "the thirtieth")

    # then there is an incident with its evidence
    incident = Incident.objects.get()
    assert (incident.member, incident.state, incident.rules) == (li, "open", ["adds_minute"])
    assert (incident.count, incident.level) == (30, "critical")
    evidence = incident.entries.get(kind=IncidentEntry.Kind.FIRED).data
    assert evidence == {
        "rule": "adds_minute", "signal": "add", "seconds": 60, "threshold": 30, "count": 30,
        "first": "2026-11-21T04:00:01+00:00", "last": "2026-11-21T04:00:30+00:00",
    }  # fmt: skip


def test_the_order_of_arrival_does_not_matter() -> None:
    li = MemberFactory()
    seconds = list(range(30))
    random.Random(7).shuffle(seconds)
    burst(li, seconds)

    assert Incident.objects.get().count == 30


def test_a_repeated_event_counts_once() -> None:
    li = MemberFactory()
    for _time in range(5):
        burst(li, list(range(20)))

    assert (Signal.objects.count(), Incident.objects.count()) == (20, 0)
    assert signal("add", li.pk, NOW, "c0") is False


def test_one_alert_names_account_count_and_steps(settings: Any) -> None:
    settings.RISK_CONTACT_SCOPE_TAG = 0
    AlertChannelFactory(level="critical")
    li = MemberFactory(userid="guide_li", name="李娜")

    burst(li, list(range(60)))

    assert OutboxMessage.objects.filter(kind="alert.robot").count() == 1
    alert = Alert.objects.get()
    incident = Incident.objects.get()
    assert (alert.kind, alert.level, alert.count) == ("risk.anomaly", "critical", 1)
    assert "李娜" in alert.text
    assert "guide_li" in alert.text
    assert f"/console/anomalies/{incident.pk}/" in alert.text
    assert incident.count == 60


def test_another_rule_joins_the_open_incident_and_is_told_too() -> None:
    li = MemberFactory()
    burst(li, list(range(30)))
    burst(li, list(range(100, 120)), kind="deletion", prefix="d")

    incident = Incident.objects.get()
    assert incident.rules == ["adds_minute", "deletions_minute"]
    assert Alert.objects.count() == 2
    assert restricted_members() == frozenset({li.pk})


def test_two_accounts_are_two_matters() -> None:
    li, wang = MemberFactory(), MemberFactory()
    burst(li, list(range(15)), prefix="a")
    burst(wang, list(range(15)), prefix="b")

    assert Incident.objects.count() == 0


def test_a_rule_that_is_off_fires_not_and_a_changed_one_does_as_it_says() -> None:
    li, hq = MemberFactory(), UserFactory()
    rule_set("adds_minute", threshold=5, is_active=False, steps=["account", "codes"], actor=hq)
    burst(li, list(range(10)))
    assert Incident.objects.count() == 0

    rule = rule_set("adds_minute", threshold=5, is_active=True, steps=["sessions"], actor=hq)
    burst(li, list(range(10)), prefix="later")

    assert rule.steps == ("sessions",)
    assert [step.kind for step in Incident.objects.get().steps.all()] == ["sessions"]
    entry = AuditEntry.objects.filter(action="anomaly_rule.set").order_by("at").first()
    assert entry is not None
    assert entry.before == {
        "threshold": 30,
        "is_active": True,
        "steps": ["codes", "scope", "sessions"],
    }
    assert entry.after == {"threshold": 5, "is_active": False, "steps": ["codes", "account"]}


def test_an_unknown_rule_or_number_is_refused() -> None:
    for code, threshold in (("nothing", 5), ("adds_minute", 0)):
        with pytest.raises(ValidationFailed):
            rule_set(code, threshold=threshold, is_active=True, steps=[], actor=None)
    assert RuleSetting.objects.count() == 0
    assert rule_by_code("nothing") is None
    assert len(rules_all()) == 5


def test_the_clock_sees_what_two_events_at_once_each_missed() -> None:
    # given signals that were stored without being judged
    li = MemberFactory()
    Signal.objects.bulk_create(
        Signal(member=li, kind="add", occurred_at=NOW, key=bytes([number]) * 32)
        for number in range(30)
    )

    assert anomalies_look_again() == 1
    assert Incident.objects.get().count == 30
    assert anomalies_look_again() == 1
    assert Alert.objects.count() == 1


def test_a_closed_incident_settles_the_past_but_not_the_future() -> None:
    li, hq = MemberFactory(), UserFactory()
    with time_machine.travel(NOW + timedelta(seconds=40), tick=False):
        burst(li, list(range(30)))
        incident = incident_close(
            Incident.objects.get(), outcome="false", undo=True, actor=hq, reason="直播活动"
        )
    assert (incident.state, incident.closed_by) == ("false", hq)
    assert restricted_members() == frozenset()
    entry = AuditEntry.objects.get(action="incident.close")
    assert (entry.reason, entry.after) == ("直播活动", {"state": "false", "steps_undone": True})

    signal("add", li.pk, NOW + timedelta(seconds=39), "late news of the same burst")
    assert Incident.objects.count() == 1
    burst(li, list(range(50, 80)), prefix="again")

    assert Incident.objects.filter(state="open").count() == 1
    with pytest.raises(Conflict):
        incident_close(incident, outcome="confirmed", undo=False, actor=hq, reason="x")


def test_an_event_of_wecoms_becomes_one_signal_whatever_its_spelling() -> None:
    member = MemberFactory(userid="guide_li")
    apply_signal(add_event(at=NOW), None)
    apply_signal(add_event(at=NOW, UserID="GUIDE_LI"), None)
    apply_signal(add_event("del_follow_user", at=NOW), None)

    assert sorted(Signal.objects.values_list("member_id", "kind")) == [
        (member.pk, "add"),
        (member.pk, "loss"),
    ]


def test_a_signal_costs_the_same_with_a_long_past(django_assert_max_num_queries: Any) -> None:
    li = MemberFactory()
    burst(li, [-second * 20 for second in range(1, 200)])

    with django_assert_max_num_queries(12):
        signal("add", li.pk, NOW, "one more")


def test_old_signals_are_forgotten_and_incidents_keep_their_evidence() -> None:
    li = MemberFactory()
    burst(li, list(range(30)))
    Signal.objects.update(recorded_at=datetime(2026, 1, 1, tzinfo=UTC))

    assert signals_forget() == 30
    assert Incident.objects.get().entries.filter(kind="fired").count() == 1


def test_customers_handed_over_are_no_deletions_by_the_member() -> None:
    # given: a leaver whose hundred customers go to successors within a minute
    for second in range(100):
        event = add_event(
            change_type="del_external_contact", at=NOW + timedelta(seconds=second % 60), UserID="leaver",
            ExternalUserID=f"wm{second}", Source="DELETE_BY_TRANSFER",
        )  # fmt: skip
        apply_signal(event, None)

    assert (Signal.objects.count(), Incident.objects.count()) == (0, 0)
    # an ordinary deletion counts
    apply_signal(
        add_event(
            change_type="del_external_contact", at=NOW, UserID="leaver", ExternalUserID="wm0"
        ),
        None,
    )
    assert Signal.objects.get().kind == "deletion"
