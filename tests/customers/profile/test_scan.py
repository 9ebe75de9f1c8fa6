"""A member code scanned in store: the profile opens, or the phone says honestly why not."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contacts.directory.models import Member
from customers.oneid.services import reconcile_pending
from customers.profile.scanning import Outcome, scanned
from scrm.accounts.models import User
from scrm.core.scope import scope_of
from tests.factories.customers import ContactFactory, CrmMemberFactory, RelationFactory

pytestmark = pytest.mark.django_db
SCAN = "/h5/scan/"


@pytest.fixture
def members(guide_li: Member, guide_wang: Member) -> None:
    """Of store A one with Li and one with nobody, of store B one with Wang, and one of no store."""
    RelationFactory(member=guide_li, contact=ContactFactory(external_userid="wm-li", unionid="u1"))
    RelationFactory(
        member=guide_wang, contact=ContactFactory(external_userid="wm-wang", unionid="u2")
    )
    CrmMemberFactory(member_no="80021457", unionid="u1", store_code="S1", level="金卡")
    CrmMemberFactory(member_no="80021458", store_code="S1", level="银卡")
    CrmMemberFactory(member_no="80021459", unionid="u2", store_code="S2", level="黑金", name="林霞")
    CrmMemberFactory(member_no="80021460")
    while reconcile_pending() is not None:
        pass


@pytest.mark.parametrize(
    ("code", "outcome", "told"),
    [
        ("80021457", Outcome.CUSTOMER, ("80021457", "", "")),
        (" 80021457 ", Outcome.CUSTOMER, ("80021457", "", "")),
        ("80021458", Outcome.MEMBER, ("80021458", "银卡", "人民路店")),
        ("80021459", Outcome.ELSEWHERE, ("80021459", "", "滨江店")),
        ("80021460", Outcome.ELSEWHERE, ("80021460", "", "")),
        ("99", Outcome.UNKNOWN, ("99", "", "")),
        ("https://evil.example/?member=80021457", Outcome.UNREADABLE, ("", "", "")),
        ("", Outcome.UNREADABLE, ("", "", "")),
        ("'; drop table --", Outcome.UNREADABLE, ("", "", "")),
    ],
)
def test_what_a_guide_is_told(
    members: None, guide_li: Member, code: str, outcome: Outcome, told: tuple[str, str, str]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = scanned(scope_of(guide_li.user), code)

    assert found.outcome == outcome
    assert (found.member_no, found.level, found.store) == told
    assert (found.contact is not None) == (outcome == Outcome.CUSTOMER)
    assert len(queries) <= 8


def test_a_code_that_changes_ends(members: None, guide_li: Member, settings) -> None:
    settings.MEMBER_CODE = r"^VIP:(?P<member_no>\d+):(?P<until>\d{10})$"
    now = timezone.now()
    fresh, old = (int((now + timedelta(minutes=by)).timestamp()) for by in (5, -1))
    scope = scope_of(guide_li.user)

    assert scanned(scope, f"VIP:80021457:{fresh}").outcome == Outcome.CUSTOMER
    assert scanned(scope, f"VIP:80021457:{old}").outcome == Outcome.EXPIRED
    assert scanned(scope, "80021457").outcome == Outcome.UNREADABLE


def test_the_phone_opens_the_profile_and_tells_no_more_than_it_may(
    client: Client, members: None, guide_li: Member
) -> None:
    client.force_login(guide_li.user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"

    opened = client.get(SCAN, {"code": "80021457"}, follow=True)
    elsewhere = client.get(SCAN, {"code": "80021459"}).content.decode()
    unknown = client.get(SCAN, {"code": "123456"}).content.decode()

    assert opened.redirect_chain[0][0].startswith("/h5/customers/")
    assert opened.status_code == 200
    assert "金卡" in opened.content.decode()
    assert ("滨江店" in elsewhere, "黑金" in elsewhere, "林" in elsewhere) == (True, False, False)
    assert "Not a member yet" in unknown


def test_looking_at_many_codes_is_held(
    client: Client, members: None, guide_li: Member, settings
) -> None:
    settings.CUSTOMERS_OPENED_PER_HOUR = 3
    client.force_login(guide_li.user, backend="django.contrib.auth.backends.ModelBackend")

    statuses = [client.get(SCAN, {"code": str(number)}).status_code for number in range(5)]

    assert statuses == [200, 200, 200, 429, 429]


def test_who_has_no_phone_page_scans_nothing(client: Client, it_admin: User) -> None:
    client.force_login(it_admin, backend="django.contrib.auth.backends.ModelBackend")

    assert client.get(SCAN, {"code": "80021457"}).status_code == 403
