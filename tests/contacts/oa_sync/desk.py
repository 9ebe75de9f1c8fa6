"""A desk at HQ before a sandbox: uploads, approves, and looks at WeCom's own books."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from contacts.oa_sync.models import OaRun
from contacts.oa_sync.selectors import items_of
from contacts.oa_sync.services import (
    run_approve,
    run_continue,
    run_upload,
)
from scrm.accounts.models import User
from scrm.core.jobs import services as jobs
from tests.contacts.oa_sync.oa_files import (
    TREE,
    departments_file,
    employee,
    employees_file,
)
from tests.factories.accounts import UserFactory

Rows = Sequence[tuple[str, ...]]
PEOPLE = [employee(n, "D1" if n % 2 else "D2") for n in range(1, 13)]


class Desk:
    """Somebody at HQ who uploads and approves; jobs run at once."""

    def __init__(self, world: Any, user: User, commit: Callable[..., Any]) -> None:
        self.world, self.user, self._commit = world, user, commit

    def read(self, employees: Rows, departments: Rows = TREE) -> OaRun:
        """Upload both files and return the planned run."""
        with self._commit(execute=True):
            run = run_upload(
                departments=departments_file(departments),
                employees=employees_file(employees),
                actor=self.user,
            )
        run.refresh_from_db()
        return run

    def approve(self, run: OaRun, reason: str = "") -> OaRun:
        """Approve a run and apply it."""
        with self._commit(execute=True):
            run_approve(run=run, actor=self.user, reason=reason)
        run.refresh_from_db()
        return run

    def go_on(self, run: OaRun) -> OaRun:
        """Continue a stopped run."""
        with self._commit(execute=True):
            run_continue(run=run, actor=self.user)
        run.refresh_from_db()
        return run

    def sweep(self, run: OaRun) -> OaRun:
        """Let the beat hand waiting jobs over again."""
        with self._commit(execute=True):
            jobs.sweep()
        run.refresh_from_db()
        return run

    def sync(self, employees: Rows, departments: Rows = TREE, reason: str = "") -> OaRun:
        """Read, approve, apply."""
        return self.approve(self.read(employees, departments), reason)

    def members(self) -> dict[str, dict[str, Any]]:
        """Return WeCom's own members by userid."""
        return {row["userid"]: row for row in self.world.control.get("ledger/members")}

    def calls(self, endpoint: str) -> int:
        """Count the calls WeCom answered."""
        return sum(row["api"] == endpoint for row in self.world.control.get("ledger/calls"))

    def fault(self, endpoint: str, kind: str, **more: Any) -> None:
        """Order a fault."""
        self.world.control.post("faults", {"endpoint": endpoint, "kind": kind, **more})


@pytest.fixture
def desk(wecom_sandbox_world: Any, django_capture_on_commit_callbacks: Callable[..., Any]) -> Desk:
    """A desk before a WeCom that was just opened."""
    return Desk(wecom_sandbox_world, UserFactory(), django_capture_on_commit_callbacks)


def outcomes(run: OaRun) -> dict[tuple[str, str], int]:
    """Count items by status and outcome."""
    counted: dict[tuple[str, str], int] = {}
    for status, outcome in items_of(run).values_list("status", "outcome"):
        counted[status, outcome] = counted.get((status, outcome), 0) + 1
    return counted
