"""Pages of drift: who sees what, who may decide, and that a long list costs no more queries."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from contacts.directory.models import Department, Member
from contacts.drift.comparing import Difference
from contacts.drift.models import DriftCheck, DriftFinding
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.ids import uuid7
from scrm.core.jobs.models import JobRun
from tests.cast import Company

pytestmark = pytest.mark.django_db
Kind = DriftFinding.Kind


def made(kind: str, **about: Any) -> DriftFinding:
    """Return an open difference."""
    difference = Difference(kind, {"name": "我们"}, {"name": "企业微信"})
    now = timezone.now()
    return DriftFinding.objects.create(
        kind=kind, ours=dict(difference.ours), theirs=dict(difference.theirs),
        mark=difference.mark, found_at=now, seen_at=now, **about,
    )  # fmt: skip


def client_of(user: User) -> Client:
    """Return a browser of somebody."""
    client = Client()
    client.force_login(user)
    return client


def posted(*findings: DriftFinding) -> list[str]:
    """Return findings as a page posts them."""
    return [f"{each.pk}.{each.mark}" for each in findings]


def listed(client: Client, query: str = "") -> set[Any]:
    """Return the subjects of the list."""
    page = client.get(reverse("drift:list") + query)
    assert page.status_code == 200
    return {row.pk for row in page.context["list"].rows}


def test_a_branch_sees_its_own_accounts_and_departments_only(
    company: Company, guide_li: Member, branch_ops: User, outsider: User, hq_ops: User
) -> None:
    # given differences of an eastern guide, a southern department, and an account placed nowhere
    own = made(Kind.NAME, member=guide_li)
    south = made(Kind.UNIT_NAME, department=Department.objects.get(oa_code="S3"))
    nowhere = made(Kind.UNEXPLAINED, member=Member.objects.create(userid="x", name="陌生人"))

    assert listed(client_of(hq_ops)) == {own.pk, south.pk, nowhere.pk}
    assert listed(client_of(branch_ops)) == {own.pk}
    assert listed(client_of(outsider)) == {south.pk}
    assert client_of(outsider).get(reverse("drift:detail", args=[own.pk])).status_code == 404
    assert client_of(branch_ops).get(reverse("drift:detail", args=[own.pk])).status_code == 200


def test_who_may_look_may_not_decide(
    guide_li: Member, branch_ops: User, auditor: User, it_admin: User
) -> None:
    finding = made(Kind.NAME, member=guide_li)
    for user in (branch_ops, auditor, it_admin):
        client = client_of(user)
        assert client.get(reverse("drift:list")).status_code == 200
        for name in ("chosen", "restore", "accept"):
            data = {"findings": posted(finding), "reason": "x"}
            assert client.post(reverse(f"drift:{name}"), data).status_code == 403

    finding.refresh_from_db()
    assert (finding.status, JobRun.objects.count()) == ("open", 0)
    assert not AuditEntry.objects.filter(action__startswith="drift.").exists()


def test_a_branch_starts_no_comparison_and_a_guide_sees_nothing(
    guide_li: Member, branch_ops: User
) -> None:
    assert client_of(branch_ops).post(reverse("drift:check")).status_code == 403
    assert guide_li.user is not None
    assert client_of(guide_li.user).get(reverse("drift:list")).status_code == 403
    assert JobRun.objects.count() == 0


def test_somebody_whose_roles_are_gone_sees_nothing(guide_li: Member, hq_ops: User) -> None:
    client = client_of(hq_ops)
    hq_ops.is_active = False
    hq_ops.save()

    assert client.get(reverse("drift:list")).status_code == 302


def test_ticked_ones_are_counted_before_they_are_accepted(guide_li: Member, hq_ops: User) -> None:
    finding = made(Kind.NAME, member=guide_li)
    extra = made(Kind.UNIT_EXTRA, department=Department.objects.get(oa_code="S3"))
    client = client_of(hq_ops)

    page = client.post(reverse("drift:chosen"), {"findings": posted(finding, extra)})
    assert (page.status_code, page.context["writes"]) == (200, 1)
    assert [count for _words, count in page.context["blocked"]] == [1]

    # without a reason nothing is accepted, and the page says so
    page = client.post(reverse("drift:accept"), {"findings": posted(finding), "reason": " "})
    finding.refresh_from_db()
    assert (page.status_code, finding.status) == (422, "open")

    client.post(reverse("drift:accept"), {"findings": posted(finding), "reason": "艺名"})
    finding.refresh_from_db()
    assert (finding.status, finding.reason, finding.decided_by) == ("accepted", "艺名", hq_ops)
    assert listed(client) == {extra.pk}
    assert listed(client, "?status=accepted") == {finding.pk}


def test_a_difference_that_changed_since_the_page_was_read_is_left_alone(
    guide_li: Member, hq_ops: User
) -> None:
    finding = made(Kind.NAME, member=guide_li)
    before = posted(finding)
    DriftFinding.objects.update(mark="0" * 64)

    client_of(hq_ops).post(reverse("drift:accept"), {"findings": before, "reason": "艺名"})
    client_of(hq_ops).post(reverse("drift:restore"), {"findings": [*before, "no-id", ""]})

    finding.refresh_from_db()
    assert (finding.status, JobRun.objects.count()) == ("open", 0)


def test_an_empty_list_says_all_is_well_only_after_a_complete_reading(hq_ops: User) -> None:
    client = client_of(hq_ops)
    url = reverse("drift:list")
    assert client.get(url).context["empty"]["icon"] == "help-circle"

    now = timezone.now()
    check = DriftCheck.objects.create(started_at=now, finished_at=now, outcome="partial", reason="hidden", job_id=uuid7())  # fmt: skip
    assert client.get(url).context["empty"]["icon"] == "help-circle"

    check.outcome, check.reason = DriftCheck.Outcome.COMPLETE, ""
    check.save()
    assert client.get(url).context["empty"]["icon"] == "circle-check"


def test_a_long_list_costs_no_more_queries(guide_li: Member, hq_ops: User) -> None:
    client = client_of(hq_ops)
    made(Kind.NAME, member=guide_li)
    client.get(reverse("drift:list"))
    with CaptureQueriesContext(
        connection,
    ) as short:
        client.get(reverse("drift:list") + "?size=100")
    for number in range(90):
        made(Kind.NAME, member=Member.objects.create(userid=f"m{number}", name="甲"))
    with CaptureQueriesContext(connection) as long:
        client.get(reverse("drift:list") + "?size=100")

    assert len(long) == len(short)
