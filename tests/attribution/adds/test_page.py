"""The page of adds: scoped by the member who was added."""

import pytest
from django.test import Client
from django.urls import reverse

from contacts.directory.models import Member
from scrm.accounts.models import User
from tests.factories.attribution import AddEpisodeFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("who", "status", "seen"),
    [
        ("hq_ops", 200, 2),
        ("branch_ops", 200, 1),
        ("outsider", 200, 0),
        ("auditor", 200, 2),
        ("it_admin", 403, None),
    ],
)
def test_each_role_sees_the_adds_of_its_members(
    request: pytest.FixtureRequest, guide_li: Member, who: str, status: int, seen: int | None
) -> None:
    AddEpisodeFactory(userid="guide_li")
    AddEpisodeFactory(userid="nobody_known")
    user: User = request.getfixturevalue(who)
    client = Client()
    client.force_login(user)

    answer = client.get(reverse("adds:list"))

    assert answer.status_code == status
    if seen is not None:
        assert len(answer.context["list"].rows) == seen
