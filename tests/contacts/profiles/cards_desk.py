"""A desk that writes cards to the sandbox: stores with guides whom WeCom knows, jobs that run at once."""

from collections.abc import Callable
from typing import Any

import pytest

from contacts.directory.models import Member
from contacts.org.services import binding_set
from contacts.profiles.models import MemberProfile, ProfileTemplate
from contacts.profiles.services import (
    TemplateDraft,
    check_start,
    push_start,
    sweep,
    template_publish,
    template_save,
)
from contacts.roles.selectors import scope_for
from scrm.accounts.models import User
from scrm.core.gateway import wecom
from scrm.core.jobs import services as jobs
from scrm.core.jobs.models import JobRun
from tests.cast import Company, guide

MALL = "https://mall.example/s?g={parameter}"


def text_line(name: str, value: str) -> dict[str, str]:
    """Return a line of text."""
    return {"kind": "text", "name": name, "value": value, "address": "", "appid": ""}


def web_line(name: str, value: str, address: str = MALL) -> dict[str, str]:
    """Return a line that leads to a page."""
    return {"kind": "web", "name": name, "value": value, "address": address, "appid": ""}


class CardsDesk:
    """HQ with two guides in two stores of the eastern branch and one in the south."""

    def __init__(
        self, world: Any, company: Company, user: User, commit: Callable[..., Any]
    ) -> None:
        self.world, self.company, self.user, self._commit = world, company, user, commit
        self.scope = scope_for(user)
        stores = (company.store_a, company.store_b, company.store_south)
        people = zip(("li", "wang", "zhao"), ("李娜", "王芳", "赵敏"), stores, strict=True)
        self.guides = {key: self.hire(key, name, store) for key, name, store in people}

    def hire(self, key: str, name: str, store: Any) -> Member:
        """Return a guide of a store, with an account in WeCom."""
        wecom("contacts").user.create(
            f"guide_{key}", name, [1], mobile=self._phone(), position="导购"
        )
        member = guide(f"guide_{key}", name, store)
        Member.objects.filter(pk=member.pk).update(position="导购")
        member.refresh_from_db()
        return member

    def _phone(self) -> str:
        return f"139{Member.objects.count() + 77_000_000:08d}"

    def template(self, name: str, *items: dict[str, str], **more: Any) -> ProfileTemplate:
        """Save and publish a template, without writing a card yet."""
        draft = TemplateDraft(name=name, items=items, **more)
        made = template_save(draft, scope=self.scope, actor=self.user)
        return template_publish(template=made, actor=self.user)

    def push(self) -> JobRun:
        """Write what is not up to date."""
        with self._commit(execute=True):
            job = push_start(actor=self.user)
        job.refresh_from_db()
        return job

    def sweep(self) -> JobRun | None:
        """Let the clock look."""
        with self._commit(execute=True):
            job = sweep()
        if job is not None:
            job.refresh_from_db()
        return job

    def check(self) -> JobRun:
        """Compare with WeCom."""
        with self._commit(execute=True):
            job = check_start(actor=self.user)
        job.refresh_from_db()
        return job

    def resume(self, job: JobRun) -> None:
        """Let the beat hand a waiting job over again."""
        with self._commit(execute=True):
            jobs.sweep()
        job.refresh_from_db()

    def shown(self, key: str) -> dict[str, Any]:
        """Return what WeCom shows on a guide's card: name of the line to its text, and the position."""
        row = wecom().user.get(f"guide_{key}")
        lines = row.external_profile.get("external_attr") or []
        return {"position": row.external_position or ""} | {
            line["name"]: (line.get("text") or {}).get("value")
            or (line.get("web") or line.get("miniprogram") or {}).get("title")
            for line in lines
        }

    def address(self, key: str, name: str) -> str:
        """Return where a line of a guide's card leads."""
        row = wecom().user.get(f"guide_{key}")
        lines = {line["name"]: line for line in row.external_profile["external_attr"]}
        return str(lines[name]["web"]["url"])

    def profile(self, key: str) -> MemberProfile:
        """Return our row of a guide's card."""
        return MemberProfile.objects.get(member=self.guides[key])

    def calls(self, endpoint: str) -> int:
        """Count the calls WeCom answered."""
        return sum(row["api"] == endpoint for row in self.world.control.get("ledger/calls"))

    def move(self, key: str, store: Any) -> None:
        """Bind a guide to another store."""
        binding_set(store=store, member=self.guides[key], position=1, actor=self.user, move=True)


@pytest.fixture
def desk(
    wecom_sandbox_world: Any,
    company: Company,
    hq_ops: User,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> CardsDesk:
    """A desk before a WeCom that was just opened."""
    return CardsDesk(wecom_sandbox_world, company, hq_ops, django_capture_on_commit_callbacks)
