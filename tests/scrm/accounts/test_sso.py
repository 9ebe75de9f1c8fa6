"""Log-in by the retailer's SSO against a real provider over HTTP; who lies is in test_sso_lies."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.management import call_command
from django.utils import timezone

from contacts.directory.models import Employee, Member
from contacts.directory.services import member_left, member_renamed
from contacts.roles.services import leavers_revoke
from scrm.accounts.models import SsoIdentity, User, UserSession
from scrm.core.audit.models import AuditEntry
from tests.scrm.accounts.sso_providers import (
    CALLBACK,
    START,
    answered,
    configured,
    free_port,
    known,
    refused,
    running,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A small OpenID provider, in a process of its own."""
    with running(free_port()) as issuer:
        yield issuer


@pytest.fixture
def sso(provider: str, settings: Any, guide_li: Member) -> str:
    """The provider knows Li by the name that is her userid here."""
    configured(settings, provider)
    known(provider, "subject-1", preferred_username=guide_li.userid)
    return provider


def test_a_person_of_the_sso_lands_where_she_wanted_to_go(client, sso, guide_li) -> None:
    start = client.get(START, {"next": "/console/roles/?role=guide"})
    asked = parse_qs(urlsplit(start.url).query)
    assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
    assert len(bytes.fromhex(asked["state"][0])) == 16

    back = client.get(answered(start.url))

    assert back.url == "/console/roles/?role=guide"
    row = UserSession.objects.get(user=guide_li.user)
    assert (row.way, row.face) == ("sso", "console")
    tie = SsoIdentity.objects.get()
    assert (tie.issuer, tie.subject, tie.user) == (sso, "subject-1", guide_li.user)
    assert AuditEntry.objects.filter(action="accounts.sso_tie").count() == 1


def test_the_page_offers_it_only_where_it_is_set_up(client, sso, settings) -> None:
    page = client.get("/accounts/login/?next=/console/roles/").content.decode()
    assert "/accounts/sso/start/?next=%2Fconsole%2Froles%2F" in page

    settings.OIDC = {**settings.OIDC, "issuer": ""}

    assert "sso/start" not in client.get("/accounts/login/").content.decode()
    assert refused(client, client.get(START))


def test_the_tie_holds_when_the_user_name_changes_hands(client, sso, guide_li, guide_wang) -> None:
    # given Li's tie, and a provider that gives her user name to somebody else and her another's
    client.get(answered(client.get(START).url))
    client.post("/accounts/logout/")
    known(sso, "subject-1", preferred_username=guide_wang.userid)
    known(sso, "subject-2", preferred_username=guide_li.userid)

    # then the newcomer does not get in
    assert refused(client, client.get(answered(client.get(START).url, "subject-2")))
    # and Li is still Li
    client.get(answered(client.get(START).url))
    assert client.session["_auth_user_id"] == str(guide_li.user_id)

    client.post("/accounts/logout/")
    call_command("sso_untie", guide_li.user.username, "--reason", "new account")
    client.get(answered(client.get(START).url, "subject-2"))
    assert client.session["_auth_user_id"] == str(guide_li.user_id)


def test_a_job_number_may_name_the_person(client, sso, settings, guide_li) -> None:
    settings.OIDC = {**settings.OIDC, "claim": "staff_no", "match": "job_number"}
    guide_li.employee = Employee.objects.create(job_number="A1001", name="李娜")
    guide_li.save()
    known(sso, "subject-3", staff_no="A1001")
    known(sso, "subject-4", staff_no="A9999")

    client.get(answered(client.get(START).url, "subject-3"))
    assert client.session["_auth_user_id"] == str(guide_li.user_id)

    client.post("/accounts/logout/")
    assert refused(client, client.get(answered(client.get(START).url, "subject-4")))


@pytest.mark.parametrize("status", [Member.Status.DISABLED, Member.Status.LEFT])
def test_a_leaver_is_refused_though_the_sso_still_knows_her(client, sso, guide_li, status) -> None:
    client.get(answered(client.get(START).url))
    client.post("/accounts/logout/")
    Member.objects.filter(pk=guide_li.pk).update(status=status)

    assert refused(client, client.get(answered(client.get(START).url)))


def test_the_tie_of_a_leaver_opens_nothing_of_who_gets_her_userid(client, sso, guide_li) -> None:
    # given Li, who came in by the SSO and left; months later a new person gets her userid
    client.get(answered(client.get(START).url))
    member_left(guide_li.userid, observed_at=timezone.now())
    assert AuditEntry.objects.get(action="accounts.sso_end").reason == "member left"
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.ACTIVE, name="新人")

    # then Li, whom the SSO still names so, does not get in
    assert refused(client, client.get(answered(client.get(START).url)))
    # and the new person does, by a tie of her own
    known(sso, "subject-9", preferred_username=guide_li.userid)
    client.get(answered(client.get(START).url, "subject-9"))
    assert client.session["_auth_user_id"] == str(guide_li.user_id)
    client.post("/accounts/logout/")
    call_command("sso_untie", guide_li.user.username, "--reason", "new account")
    assert refused(client, client.get(answered(client.get(START).url)))


def test_the_oas_leaver_loses_the_tie_with_the_next_round(client, sso, guide_li) -> None:
    client.get(answered(client.get(START).url))
    gone = Employee.objects.create(job_number="A1", name="李娜", state=Employee.State.LEFT)
    Member.objects.filter(pk=guide_li.pk).update(employee=gone, status=Member.Status.DISABLED)

    leavers_revoke()
    leavers_revoke()

    assert SsoIdentity.objects.filter(ended_at=None).count() == 0
    assert AuditEntry.objects.filter(action="accounts.sso_end").count() == 1


def test_who_comes_back_is_tied_anew_after_it_untied_her(client, sso, guide_li) -> None:
    client.get(answered(client.get(START).url))
    member_left(guide_li.userid, observed_at=timezone.now())
    Member.objects.filter(pk=guide_li.pk).update(status=Member.Status.ACTIVE)

    call_command("sso_untie", guide_li.user.username, "--reason", "came back")
    client.get(answered(client.get(START).url))

    assert client.session["_auth_user_id"] == str(guide_li.user_id)
    assert SsoIdentity.objects.get().ended_at is None


def test_the_tie_holds_when_wecom_renames_her(client, sso, guide_li) -> None:
    client.get(answered(client.get(START).url))
    client.post("/accounts/logout/")

    member_renamed(guide_li.userid, "li_na")
    client.get(answered(client.get(START).url))

    assert client.session["_auth_user_id"] == str(guide_li.user_id)
    assert User.objects.get(pk=guide_li.user_id).username == "wecom:li_na"


def test_a_break_glass_name_is_nobody_at_the_sso(client, sso, it_admin) -> None:
    known(sso, "subject-5", preferred_username=it_admin.username)

    assert refused(client, client.get(answered(client.get(START).url, "subject-5")))
    assert not SsoIdentity.objects.exists()


def test_without_the_claim_she_is_refused_in_words(client, sso) -> None:
    known(sso, "subject-6")

    assert refused(client, client.get(answered(client.get(START).url, "subject-6")))


def test_an_answer_works_once_and_in_the_browser_where_it_began(client, sso) -> None:
    path = answered(client.get(START).url)
    kept = client.cookies.pop("sessionid")
    assert refused(client, client.get(path))
    client.cookies["sessionid"] = kept.value
    client.get(path)
    client.post("/accounts/logout/")

    assert refused(client, client.get(path))


def test_a_used_code_does_not_work_with_a_fresh_state(client, sso) -> None:
    code = parse_qs(urlsplit(answered(client.get(START).url)).query)["code"][0]
    state = parse_qs(urlsplit(client.get(START).url).query)["state"][0]
    # The nonce of another attempt: the token does not fit.
    assert refused(client, client.get(CALLBACK, {"state": state, "code": code}))
    assert not User.objects.filter(last_login__isnull=False).exists()


def test_who_gives_up_at_the_provider_is_told_so(client, sso) -> None:
    state = parse_qs(urlsplit(client.get(START, {"next": "/console/x/"}).url).query)["state"][0]

    answer = client.get(CALLBACK, {"state": state, "error": "access_denied"})

    assert refused(client, answer)
    assert answer.url == "/accounts/login/?next=%2Fconsole%2Fx%2F"


def test_another_provider_than_the_one_asked_is_refused(client, sso) -> None:
    path = answered(client.get(START).url)

    assert refused(client, client.get(f"{path}&iss=https://evil.example"))


def test_a_provider_that_is_away_is_said_in_words(client, settings, db) -> None:
    configured(settings, "http://127.0.0.1:9")

    assert refused(client, client.get(START, {"next": "/console/"}))
