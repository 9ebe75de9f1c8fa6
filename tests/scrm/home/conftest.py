"""Phones of the people of store A."""

import pytest
from django.test import Client

from contacts.directory.models import Member
from tests.cast import person


@pytest.fixture
def li(client: Client, guide_li: Member) -> Client:
    """The phone of guide Li."""
    client.force_login(guide_li.user)
    return client


@pytest.fixture
def manager(company) -> Client:
    """The phone of the manager of store A, whose account serves it too."""
    client = Client()
    user = person("wecom:manager", "store_manager", company.store_a)
    Member.objects.create(userid="manager", name="店长", status=1, can_follow=True, user=user)
    client.force_login(user)
    return client
