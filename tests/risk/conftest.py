"""Members who exist at WeCom too, and the worker's share of the outbox."""

from collections.abc import Callable
from typing import Any

import pytest

from contacts.directory.models import Member
from scrm.core.gateway import wecom
from scrm.core.outbox import claims, dispatch
from tests.factories.contacts import MemberFactory
from wecom_sandbox import defaults


@pytest.fixture
def li(db: Any, wecom_sandbox_world: Any, settings: Any) -> Member:
    """Guide Li on both sides, in a corp that set up the address-book tag."""
    settings.RISK_CONTACT_SCOPE_TAG = defaults.NO_CONTACT_TAG
    wecom("contacts").user.create("guide_li", "李娜", [1], mobile="13800000001")
    wecom_sandbox_world.control.post("activate", {"userids": ["guide_li"]})
    member: Member = MemberFactory(userid="guide_li", name="李娜")
    return member


@pytest.fixture
def send_all() -> Callable[[], list[str]]:
    """Send what waits in the outbox, as the worker does."""

    def send() -> list[str]:
        return [dispatch.deliver(message) for message in claims.claim("event", 50)]

    return send
