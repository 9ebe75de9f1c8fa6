"""One mechanism for all that needs two people: ask, approve, refuse, take back, lapse, use once."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.directory.models import Member
from scrm.accounts.models import User
from scrm.core.approvals import exports, services
from scrm.core.approvals.models import Approval
from scrm.core.approvals.selectors import approvals_visible_to, waiting_for
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict, PermissionDenied, ValidationFailed
from scrm.core.scope import scope_of
from tests.cast import Company, person

pytestmark = pytest.mark.django_db
URL = "/console/approvals/"


def ask(actor: User, place: str = "B1") -> Approval:
    """A large board somebody wants to take."""
    return exports.ask_for(
        "boards", {"place": place}, rows=1200, page="/console/boards/", actor=actor, reason="plan"
    )


def take(actor: User, place: str = "B1", rows: int = 1200) -> bool:
    return exports.may_take("boards", {"place": place}, rows=rows, actor=actor)


@pytest.fixture
def second(company: Company) -> User:
    """Another person of headquarters."""
    return person("hq2", "hq_ops")


def test_a_thousand_rows_are_taken_alone_and_one_more_is_not(hq_ops: User) -> None:
    assert (take(hq_ops, rows=1000), take(hq_ops, rows=1001)) == (True, False)
    assert exports.may_take("boards", {}, rows=1, actor=hq_ops, unmasked=True) is False


def test_an_approval_is_for_the_rows_that_were_shown(hq_ops: User, branch_ops: User) -> None:
    # given somebody who asked for 1,200 rows
    asked = ask(branch_ops)
    services.approve(asked, actor=hq_ops)

    # then a file of 20,000 is another one, and the approval is not spent by the attempt
    assert take(branch_ops, rows=20_000) is False
    asked.refresh_from_db()
    assert asked.state == "approved"
    # and the rows that came in meanwhile do no harm
    assert take(branch_ops, rows=1320) is True


def test_an_approved_file_is_taken_once_by_who_asked(
    hq_ops: User, second: User, branch_ops: User
) -> None:
    asked = ask(branch_ops)
    assert take(branch_ops) is False

    services.approve(asked, actor=hq_ops)

    # then nobody else takes it, nor does it open another file
    assert (take(second), take(branch_ops, place="B2")) == (False, False)
    assert (take(branch_ops), take(branch_ops)) == (True, False)
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by, asked.used_at is None) == ("used", hq_ops, False)
    acts = AuditEntry.objects.filter(target=f"approval:{asked.pk}").order_by("id")
    assert [(act.action, act.actor) for act in acts] == [
        ("approval.ask", branch_ops),
        ("approval.approve", hq_ops),
        ("approval.use", branch_ops),
    ]


def test_nobody_decides_on_what_they_asked_for(hq_ops: User, client: Client) -> None:
    asked = ask(hq_ops)
    client.force_login(hq_ops)

    with pytest.raises(PermissionDenied):
        services.approve(asked, actor=hq_ops)
    for decision in ("approve", "refuse"):
        answer = client.post(f"{URL}{asked.pk}/decide/", {"decision": decision, "reason": "x"})
        assert answer.status_code == 422
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.update(state="approved", decided_by=hq_ops, decided_at=timezone.now())

    assert Approval.objects.get().state == "waiting"
    assert list(AuditEntry.objects.filter(action__startswith="approval.").values_list("action", flat=True)) == ["approval.ask"]  # fmt: skip


@pytest.mark.parametrize("who", ["branch_ops", "auditor", "it_admin", "outsider"])
def test_who_does_not_decide_on_the_kind_changes_nothing(
    who: str, hq_ops: User, client: Client, request: pytest.FixtureRequest
) -> None:
    asked = ask(hq_ops)
    somebody = request.getfixturevalue(who)
    client.force_login(somebody)

    with pytest.raises(PermissionDenied):
        services.approve(asked, actor=somebody)
    status = client.post(f"{URL}{asked.pk}/decide/", {"decision": "approve"}).status_code

    # the auditor and IT read all of it, others do not learn that it exists
    assert status == (422 if who in {"auditor", "it_admin"} else 404)
    assert client.get(f"{URL}{asked.pk}/").status_code == (200 if status == 422 else 404)
    assert waiting_for(scope_of(somebody)).count() == 0
    assert Approval.objects.get().state == "waiting"


def test_a_leaver_neither_sees_nor_decides(hq_ops: User, second: User, client: Client) -> None:
    asked = ask(hq_ops)
    Member.objects.create(userid="hq2", user=second, status=Member.Status.LEFT)
    client.force_login(second)

    assert client.get(f"{URL}{asked.pk}/").status_code == 403
    assert client.post(f"{URL}{asked.pk}/decide/", {"decision": "approve"}).status_code == 403
    with pytest.raises(PermissionDenied):
        services.approve(asked, actor=second)
    assert Approval.objects.get().state == "waiting"


def test_a_no_has_a_reason_that_the_asker_reads(
    hq_ops: User, branch_ops: User, client: Client
) -> None:
    asked = ask(branch_ops)
    with pytest.raises(ValidationFailed):
        services.refuse(asked, actor=hq_ops, reason="  ")

    client.force_login(hq_ops)
    wish = {"decision": "refuse", "reason": "take the branch figures instead"}
    assert client.post(f"{URL}{asked.pk}/decide/", wish).status_code == 302

    client.force_login(branch_ops)
    assert "take the branch figures instead" in client.get(f"{URL}{asked.pk}/").content.decode()
    assert take(branch_ops) is False
    # and what was refused is not approved later, but may be asked for again
    with pytest.raises(Conflict):
        services.approve(asked, actor=hq_ops)
    assert ask(branch_ops).pk != asked.pk


def test_only_one_waits_on_an_object_and_it_needs_a_reason(hq_ops: User) -> None:
    ask(hq_ops)

    with pytest.raises(Conflict):
        ask(hq_ops)
    with pytest.raises(ValidationFailed):
        exports.ask_for("boards", {}, rows=1200, page="", actor=hq_ops, reason=" ")

    assert Approval.objects.count() == 1


def test_the_asker_alone_takes_it_back(hq_ops: User, second: User, client: Client) -> None:
    asked = ask(hq_ops)
    with pytest.raises(PermissionDenied):
        services.take_back(asked, actor=second)

    client.force_login(hq_ops)
    assert client.post(f"{URL}{asked.pk}/take-back/").status_code == 302

    asked.refresh_from_db()
    assert asked.state == "taken_back"
    with pytest.raises(Conflict):
        services.approve(asked, actor=second)


def test_what_nobody_decides_on_or_uses_lapses(hq_ops: User, second: User) -> None:
    now = timezone.now()
    waiting, agreed = ask(hq_ops, "B1"), ask(hq_ops, "B2")
    services.approve(agreed, actor=second)

    with time_machine.travel(now + timedelta(hours=25), tick=False):
        # the yes held for a day
        assert take(hq_ops, "B2") is False
        assert services.expire_due() == 1
    with time_machine.travel(now + timedelta(days=7, minutes=1), tick=False):
        # the question holds for a week, whether the clock has run or not
        assert waiting_for(scope_of(second)).count() == 0
        with pytest.raises(Conflict):
            services.approve(waiting, actor=second)
        again = ask(hq_ops, "B1")
        assert services.expire_due() == 0

    states = dict(Approval.objects.values_list("pk", "state"))
    assert (states[waiting.pk], states[agreed.pk], states[again.pk]) == (
        "expired",
        "expired",
        "waiting",
    )
    assert AuditEntry.objects.filter(action="approval.expire", actor=None).count() == 2


def test_everybody_lists_their_own_and_what_they_decide_on(
    hq_ops: User, second: User, branch_ops: User, outsider: User, client: Client
) -> None:
    mine, theirs = ask(hq_ops), ask(branch_ops)

    def seen(user: User) -> set[Any]:
        return set(approvals_visible_to(scope_of(user)).values_list("pk", flat=True))

    assert (seen(second), seen(branch_ops), seen(outsider)) == (
        {mine.pk, theirs.pk},
        {theirs.pk},
        set(),
    )
    client.force_login(hq_ops)
    rows = client.get(URL, {"mine": "decide"}).context["list"].rows
    assert [row.pk for row in rows] == [theirs.pk]
    rows = client.get(URL, {"mine": "asked", "state": "waiting"}).context["list"].rows
    assert [row.pk for row in rows] == [mine.pk]
    # and home counts what waits for a person
    home = client.get("/console/").content.decode()
    assert "/console/approvals/?mine=decide" in home


def test_the_list_costs_the_same_whatever_its_length(hq_ops: User, client: Client) -> None:
    client.force_login(hq_ops)

    def queries() -> int:
        with CaptureQueriesContext(connection) as counted:
            client.get(URL)
        return len(counted)

    ask(hq_ops, "B0")
    one = queries()
    for number in range(9):
        ask(hq_ops, f"C{number}")

    assert queries() == one
