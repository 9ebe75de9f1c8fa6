"""Members who exist in the sandbox and in our mirror."""

from collections.abc import Callable
from typing import Any

import pytest

from contacts.directory.models import Member
from scrm.core.gateway import wecom
from tests.factories.contacts import MemberFactory

Staff = Callable[..., Member]


@pytest.fixture
def staff(db: Any, wecom_sandbox_world: Any) -> Staff:
    """Make a member on both sides; `at_wecom=False` leaves her inactive there although our mirror says ready."""
    known = iter(range(1000))
    # The sandbox was reset: let both tokens be renewed before a test orders faults.
    wecom().contact_way.list()
    wecom("contacts").department.simplelist()

    def make(userid: str, *, at_wecom: bool = True, **fields: Any) -> Member:
        number = next(known)
        wecom("contacts").user.create(userid, f"员工{number}", [1], mobile=f"138{number:08d}")
        if at_wecom:
            wecom_sandbox_world.control.post("activate", {"userids": [userid]})
        return MemberFactory(userid=userid, **fields)

    return make
