"""A desk at HQ before a WeCom that the OA has filled: people change things there by hand, the desk compares."""

from collections.abc import Callable
from typing import Any

import pytest

from contacts.directory.models import Department, Member
from contacts.drift.models import DriftCheck, DriftFinding
from contacts.drift.services import check_start, restore_start
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.jobs.models import JobRun
from tests.cast import person
from tests.contacts.oa_sync.desk import PEOPLE, Desk
from tests.factories.accounts import UserFactory

Live = dict[tuple[str, str], str]


class DriftDesk:
    """HQ after a first sync of twelve people in two stores; accounts e0001 to e0012."""

    def __init__(self, world: Any, commit: Callable[..., Any]) -> None:
        self.world, self._commit = world, commit
        self.oa = Desk(world, UserFactory(), commit)
        self.oa.sync(PEOPLE)
        self.user: User = person("hq", "hq_ops")
        self.scope = scope_for(self.user)

    def by_hand(self, userid: str, **fields: Any) -> None:
        """Change an account in WeCom's console."""
        self.world.control.post("console_member", {"userid": userid, **fields})

    def department_by_hand(self, action: str, **fields: Any) -> int:
        """Change a department in WeCom's console."""
        answer = self.world.control.post("console_department", {"action": action, **fields})
        return int(answer["id"])

    def compare(self) -> DriftCheck:
        """Compare, and return how it ended."""
        with self._commit(execute=True):
            job = check_start(actor=self.user)
        return DriftCheck.objects.get(job_id=job.pk)

    def bring_back(self, *findings: DriftFinding) -> JobRun:
        """Write our values back."""
        with self._commit(execute=True):
            job = restore_start(findings=findings, actor=self.user)
        job.refresh_from_db()
        return job

    def live(self) -> Live:
        """Return the state of every difference that is not gone, by kind and subject."""
        rows = DriftFinding.objects.filter(status__in=DriftFinding.LIVE)
        return {(row.kind, _subject(row)): row.status for row in rows.select_related("member", "department")}  # fmt: skip

    def finding(self, kind: str, subject: str) -> DriftFinding:
        """Return the newest difference of a kind about an account or department."""
        rows = DriftFinding.objects.select_related("member", "department").filter(kind=kind)
        return next(row for row in rows.order_by("-found_at") if _subject(row) == subject)

    def member(self, userid: str) -> Member:
        """Return our row of an account."""
        return Member.objects.get(userid=userid)

    def department(self, code: str) -> Department:
        """Return our row of a department."""
        return Department.objects.get(oa_code=code)

    def seen(self, userid: str) -> dict[str, Any]:
        """Return WeCom's own row of an account."""
        return self.oa.members()[userid]

    def places(self, userid: str) -> list[int]:
        """Return the departments of an account as WeCom has them."""
        from scrm.core.gateway import wecom

        return sorted(wecom().user.get(userid).department_ids)


def _subject(row: DriftFinding) -> str:
    if row.member is not None:
        return row.member.userid
    assert row.department is not None
    return row.department.written_code or row.department.name


@pytest.fixture
def desk(
    company_roles: None,
    wecom_sandbox_world: Any,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> DriftDesk:
    """A desk whose first comparison has yet to come."""
    return DriftDesk(wecom_sandbox_world, django_capture_on_commit_callbacks)


@pytest.fixture
def company_roles(db: Any) -> None:
    """All preset roles."""
    from contacts.roles import services as roles

    roles.presets_load()
