"""A shop with a leaver, and the tasks its hand-overs start."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from contacts.org.services import binding_set
from customers.inheritance import services
from customers.inheritance.models import HandoverPlan
from customers.relations.services import member_refresh
from scrm.accounts.models import User
from scrm.core.scope import SYSTEM_SCOPE
from tests.conftest import Sandbox
from tests.factories.accounts import UserFactory
from tests.factories.contacts import StoreFactory
from tests.factories.customers import MemberFactory

DAY = 24 * 3600
Run = Callable[[Callable[[], Any]], Any]


@dataclass
class Shop:
    """A store with a leaver who has five customers, and two colleagues; a third one next door."""

    control: Any
    actor: User
    store: OrgUnit
    leaver: Member
    colleagues: list[Member]
    neighbour: Member

    def plan(self, *successors: Member) -> HandoverPlan:
        """Make a plan for these successors (both colleagues by default)."""
        return services.plan_create(
            SYSTEM_SCOPE,
            self.leaver,
            successor_ids=[one.pk for one in successors or self.colleagues],
            message="为您继续服务",
            actor=self.actor,
        )

    def later(self, seconds: int) -> None:
        """Let WeCom's time pass; tokens die with it."""
        self.control.post("clock", {"advance": seconds})
        self.control.post("revoke_tokens", {})
        cache.clear()


@pytest.fixture
def shop(wecom_sandbox_world: Sandbox) -> Shop:
    control = wecom_sandbox_world.control
    control.post("seed_org", {"members": 4, "departments": 2})
    members = [MemberFactory(userid=f"guide000{number}") for number in (1, 2, 3, 4)]
    parent = StoreFactory(kind="branch", path="/1/")
    store = StoreFactory(parent=parent, path="/1/2/")
    beside = StoreFactory(parent=parent, path="/1/3/")
    for place, member in enumerate(members[:3], 1):
        binding_set(store=store, member=member, position=place, actor=None)
    binding_set(store=beside, member=members[3], position=1, actor=None)
    for number in range(1, 6):
        control.post("add", {"userid": "guide0001", "person_id": f"p00000{number}"})
    member_refresh(members[0])
    return Shop(control, UserFactory(), store, members[0], members[1:3], members[3])


@pytest.fixture
def run(django_capture_on_commit_callbacks: Any) -> Run:
    """Do something, and the tasks it enqueued."""

    def act(work: Callable[[], Any]) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return work()

    return act


def states(plan: HandoverPlan) -> dict[str, int]:
    """Return how many items are in each state."""
    found: dict[str, int] = {}
    for state in plan.items.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found
