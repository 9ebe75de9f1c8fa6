"""Each step has its effect at WeCom, is recorded, and is undone with one act."""

from collections.abc import Callable
from typing import Any

import pytest

from contacts.directory.models import Member
from risk.anomalies.ladder import step_take, steps_take_by_rule, steps_undo
from risk.anomalies.models import Incident, IncidentStep
from risk.anomalies.selectors import ladder_of, restricted_members
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, ValidationFailed
from scrm.core.gateway import wecom
from scrm.core.outbox.models import OutboxMessage
from tests.factories.accounts import UserFactory
from tests.factories.risk import IncidentFactory
from wecom_sandbox import defaults

pytestmark = pytest.mark.django_db
Send = Callable[[], list[str]]


@pytest.fixture
def hq(db: Any) -> User:
    user: User = UserFactory()
    return user


@pytest.fixture
def incident(li: Member) -> Incident:
    found: Incident = IncidentFactory(member=li)
    return found


def step(kind: str) -> IncidentStep:
    return IncidentStep.objects.get(kind=kind)


def tagged() -> tuple[str, ...]:
    return wecom("contacts").tag.get(defaults.NO_CONTACT_TAG)


def test_out_of_the_contact_scope_and_back(
    incident: Incident, li: Member, hq: User, send_all: Send
) -> None:
    step_take(incident, "scope", actor=hq, reason="被盗号")
    assert step("scope").done_at is None
    assert send_all() == ["sent"]

    li.refresh_from_db()
    assert (tagged(), li.can_follow) == (("guide_li",), False)
    assert (step("scope").done_at is not None, step("scope").is_confirmed) == (True, True)
    assert wecom().external_contact.get_follow_user_list() == ()

    steps_undo(incident, actor=hq, reason="已找回")
    assert send_all() == ["sent"]
    li.refresh_from_db()
    assert (tagged(), li.can_follow) == ((), True)
    assert step("scope").undo_done_at is not None
    assert [entry.kind for entry in incident.entries.order_by("id")] == [
        "taken",
        "done",
        "undone",
        "lifted",
    ]
    acts = AuditEntry.objects.filter(action__startswith="incident.").order_by("at")
    assert [(act.action, act.actor, act.reason) for act in acts] == [
        ("incident.step", hq, "被盗号"),
        ("incident.undo", hq, "已找回"),
    ]


def test_a_corp_whose_range_ignores_the_tag_is_shown_as_such(
    incident: Incident, hq: User, send_all: Send, wecom_sandbox_world: Any
) -> None:
    wecom_sandbox_world.control.post("no_contact_tag", {"tag_id": 0})
    step_take(incident, "scope", actor=hq, reason="x")
    send_all()

    assert step("scope").is_confirmed is False
    shown = {rung.kind: rung for rung in ladder_of(incident)}["scope"]
    assert shown.tone == "bad"


def test_without_a_tag_the_step_is_said_to_be_missing(
    incident: Incident, hq: User, settings: Any
) -> None:
    settings.RISK_CONTACT_SCOPE_TAG = 0
    with pytest.raises(Conflict) as caught:
        step_take(incident, "scope", actor=hq, reason="x")
    assert caught.value.code == "step_unavailable"
    taken = steps_take_by_rule(incident, ["codes", "scope"])

    assert [each.kind for each in taken] == ["codes"]
    assert [(e.kind, e.step) for e in incident.entries.order_by("id")][:1] == [("taken", "codes")]
    assert incident.entries.filter(kind="missing", step="scope").count() == 1
    assert OutboxMessage.objects.count() == 0


def test_the_account_is_disabled_and_enabled_and_the_mirror_knows(
    incident: Incident, li: Member, hq: User, send_all: Send
) -> None:
    li.user = UserFactory()
    li.save()
    step_take(incident, "account", actor=hq, reason="x")
    assert send_all() == ["sent"]

    li.refresh_from_db()
    assert (li.status, wecom().user.get("guide_li").status) == (2, 2)
    li.user.refresh_from_db()
    assert li.user.session_version == 2

    steps_undo(incident, kinds=["account"], actor=hq, reason="y")
    assert send_all() == ["sent"]
    li.refresh_from_db()
    assert (li.status, wecom().user.get("guide_li").status) == (1, 1)


def test_sessions_end_at_once(incident: Incident, li: Member, hq: User) -> None:
    li.user = UserFactory()
    li.save()

    step_take(incident, "sessions", actor=hq, reason="被盗号")

    li.user.refresh_from_db()
    assert li.user.session_version == 2
    assert step("sessions").done_at is not None
    assert AuditEntry.objects.get(action="accounts.sessions_end").reason == "被盗号"


def test_an_undo_that_overtakes_its_step_leaves_the_account_free(
    incident: Incident, hq: User, send_all: Send
) -> None:
    # given a step that WeCom has not been told of yet
    step_take(incident, "scope", actor=hq, reason="x")
    # when it is undone first
    steps_undo(incident, actor=hq, reason="y")
    assert send_all() == ["sent", "sent"]

    # then nothing is left at WeCom, and the step never had an effect
    assert tagged() == ()
    assert (step("scope").done_at, step("scope").undo_done_at is None) == (None, False)


def test_a_refusal_of_wecoms_is_shown_in_words(
    incident: Incident, hq: User, send_all: Send, wecom_sandbox_world: Any
) -> None:
    wecom_sandbox_world.control.post(
        "faults", {"endpoint": "tag/addtagusers", "kind": "errcode", "value": 48002, "count": 9}
    )
    step_take(incident, "scope", actor=hq, reason="x")
    assert send_all() == ["pending"]  # tried again later: a person may grant the permission

    shown = {rung.kind: rung for rung in ladder_of(incident)}["scope"]
    assert (shown.tone, "48002" in shown.words) == ("bad", True)


def test_a_step_holds_once_and_needs_a_reason(incident: Incident, hq: User) -> None:
    step_take(incident, "codes", actor=hq, reason="x")
    with pytest.raises(Conflict):
        step_take(incident, "codes", actor=hq, reason="x")
    with pytest.raises(ValidationFailed):
        step_take(incident, "sessions", actor=hq, reason=" ")
    with pytest.raises(ValidationFailed):
        steps_undo(incident, actor=hq, reason="")
    with pytest.raises(Conflict):
        steps_undo(incident, kinds=["account"], actor=hq, reason="x")

    assert restricted_members() == frozenset({incident.member_id})
    assert IncidentStep.objects.count() == 1
    assert AuditEntry.objects.filter(action="incident.step").count() == 1


def test_what_another_incident_holds_stays_when_one_is_undone(
    incident: Incident, li: Member, hq: User, send_all: Send
) -> None:
    earlier = IncidentFactory(member=li, state="confirmed", closed_at=incident.opened_at)
    step_take(earlier, "scope", actor=hq, reason="x")
    step_take(incident, "scope", actor=hq, reason="x")
    send_all()

    steps_undo(incident, actor=hq, reason="y")
    send_all()
    assert tagged() == ("guide_li",)

    steps_undo(earlier, actor=hq, reason="z")
    send_all()
    assert tagged() == ()
