"""Addresses nobody's page has, on all three faces."""

import pytest
from django.test import Client

from contacts.directory.models import Member
from scrm.accounts.models import User

PUBLIC = ("/m/%00/", "/m/file/%00", "/m/file/%00/thumb", "/m/%00/go", "/e/%00/")
PHONE = ("/h5/customers/", "/h5/materials/", "/h5/m/", "/h5/c/%00/")
CONSOLE = ("/console/customers/", "/console/search/", "/console/sales/?goods=a")

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", PUBLIC)
def test_a_nul_in_a_public_address_is_no_page(client: Client, path: str) -> None:
    # when
    response = client.get(path)

    # then
    assert response.status_code == 404
    assert "404" in response.content.decode()


@pytest.mark.parametrize("path", PHONE)
def test_a_nul_in_an_address_of_the_phone_is_no_page(
    client: Client, guide_li: Member, path: str
) -> None:
    # given
    assert guide_li.user is not None
    client.force_login(guide_li.user)

    # when
    response = client.get(f"{path}?q=a%00b")

    # then
    assert response.status_code == 404
    assert "h5/404.html" in [template.name for template in response.templates]


@pytest.mark.parametrize("path", CONSOLE)
def test_a_nul_in_a_query_of_the_console_is_no_page(
    client: Client, hq_ops: User, path: str
) -> None:
    # given
    client.force_login(hq_ops)

    # when
    response = client.get(f"{path}{'&' if '?' in path else '?'}q=%00")

    # then
    assert response.status_code == 404


def test_an_encoded_percent_sign_is_text(client: Client, guide_li: Member) -> None:
    # given
    assert guide_li.user is not None
    client.force_login(guide_li.user)

    # when
    response = client.get("/h5/customers/?q=%2500")

    # then
    assert response.status_code == 200
