"""The break-glass password and its second step: set-up, codes once, recovery codes, lock-out."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client

from scrm.accounts.models import RecoveryCode, SecondFactor, User, UserSession
from scrm.accounts.second_factor import services
from scrm.core.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 1, 0, 5, tzinfo=UTC)
LOGIN, STEP, APP = "/accounts/login/", "/accounts/second-step/", "/accounts/second-step/app/"
PASSWORD = "a-long-password"


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as moved:
        yield moved


@pytest.fixture
def required(settings) -> None:
    settings.SECOND_STEP_REQUIRED = True


@pytest.fixture
def protected(clock, it_admin: User) -> tuple[User, pyotp.TOTP, list[str]]:
    """IT with an app that is in use since an hour ago, and the recovery codes."""
    clock.move_to(NOW - timedelta(hours=1))
    totp = pyotp.TOTP(services.app_begin(it_admin).secret)
    codes = services.app_confirm(it_admin, totp.now())
    clock.move_to(NOW)
    return it_admin, totp, codes


def password(client: Client, user: User, wanted: str = "/console/roles/"):
    return client.post(LOGIN, {"username": user.username, "password": PASSWORD, "next": wanted})


def is_in(client: Client) -> bool:
    return client.get("/console/account/").status_code == 200


def test_the_first_log_in_sets_an_app_up_and_shows_recovery_codes_once(
    client: Client, clock, required, it_admin: User
) -> None:
    assert password(client, it_admin).url == APP
    assert not is_in(client)
    page = client.get(APP)
    secret = page.context["secret"].replace(" ", "")
    assert SecondFactor.objects.get().secret == secret

    done = client.post(APP, {"code": pyotp.TOTP(secret).now()})

    codes = done.context["codes"]
    assert (len(set(codes)), {len(code) for code in codes}) == (10, {19})
    assert done.context["wanted"] == "/console/roles/"
    assert is_in(client)
    # Only hashes of them are kept.
    kept = {bytes(code.digest) for code in RecoveryCode.objects.all()}
    assert len(kept) == 10
    assert not any(code.encode() in kept for code in codes)
    assert AuditEntry.objects.filter(action="accounts.second_step_set").count() == 1


def test_a_wrong_first_code_sets_nothing_up(
    client: Client, clock, required, it_admin: User
) -> None:
    password(client, it_admin)
    client.get(APP)

    assert client.post(APP, {"code": "000000"}).status_code == 422

    assert SecondFactor.objects.get().confirmed_at is None
    assert not is_in(client)


def test_without_the_password_nobody_sees_a_secret(
    client: Client, required, it_admin: User
) -> None:
    for address in (STEP, APP):
        assert client.get(address).url == LOGIN
    assert not SecondFactor.objects.exists()


def test_the_password_alone_does_not_let_in_and_the_code_leads_to_the_page(
    client: Client, protected
) -> None:
    user, totp, _codes = protected

    assert password(client, user).url == STEP
    assert not is_in(client)
    # The password does not lead to a new app either.
    assert client.get(APP).url == LOGIN

    assert client.post(STEP, {"code": totp.now()}).url == "/console/roles/"
    assert is_in(client)


def test_a_code_works_once(protected) -> None:
    user, totp, _codes = protected
    code = totp.now()
    first, second = Client(), Client()
    for browser in (first, second):
        password(browser, user)
    first.post(STEP, {"code": code})

    assert second.post(STEP, {"code": code}).status_code == 422

    assert (is_in(first), is_in(second)) == (True, False)


@pytest.mark.parametrize(
    ("seconds", "status"), [(-60, 422), (-30, 302), (0, 302), (30, 302), (60, 422)]
)
def test_a_clock_may_differ_by_half_a_minute(
    client: Client, protected, seconds: int, status: int
) -> None:
    user, totp, _codes = protected
    password(client, user)

    answer = client.post(STEP, {"code": totp.at(NOW + timedelta(seconds=seconds))})

    assert answer.status_code == status


@pytest.mark.parametrize("code", ["", "12345", "abcdef", "１２３４５６", "0000000", "a" * 25])
def test_nonsense_is_refused(client: Client, protected, code: str) -> None:
    password(client, protected[0])

    assert client.post(STEP, {"code": code}).status_code == 422
    assert not is_in(client)


def test_a_recovery_code_works_once_however_it_is_typed(protected) -> None:
    user, _totp, codes = protected
    typed = codes[3].lower().replace("-", " ")
    first, second = Client(), Client()
    for browser in (first, second):
        password(browser, user)

    assert first.post(STEP, {"code": typed}).status_code == 302
    assert second.post(STEP, {"code": codes[3]}).status_code == 422

    assert AuditEntry.objects.get(action="accounts.recovery_code_used").after == {"left": 9}


def test_five_wrong_codes_lock_the_password_log_in_for_a_quarter_of_an_hour(
    protected, clock
) -> None:
    user, totp, codes = protected
    guesser = Client()
    password(guesser, user)
    for _try in range(4):
        assert guesser.post(STEP, {"code": "000000"}).status_code == 422
    assert (
        guesser.post(STEP, {"code": "000000"}).url == "/accounts/login/?next=%2Fconsole%2Froles%2F"
    )
    assert AuditEntry.objects.filter(action="accounts.second_step_locked").count() == 1

    # Neither the right code nor one from the paper helps until then.
    for code in (totp.now(), codes[0]):
        password(guesser, user)
        assert guesser.post(STEP, {"code": code}).status_code == 302
        assert not is_in(guesser)
    assert RecoveryCode.objects.filter(used_at__isnull=False).count() == 0
    clock.move_to(NOW + timedelta(minutes=15, seconds=1))
    password(guesser, user)
    guesser.post(STEP, {"code": totp.now()})
    assert is_in(guesser)


def test_what_was_begun_by_the_password_ends_with_it(client: Client, protected, clock) -> None:
    user, totp, _codes = protected
    password(client, user)
    user.set_password("another-long-password")
    user.save()

    assert client.post(STEP, {"code": totp.now()}).url == LOGIN
    password_again = client.post(
        LOGIN, {"username": user.username, "password": "another-long-password"}
    )
    clock.move_to(NOW + timedelta(minutes=15, seconds=1))

    assert password_again.url == STEP
    assert client.post(STEP, {"code": totp.now()}).url == LOGIN
    assert not is_in(client)


def test_she_replaces_the_app_by_password_and_code(client: Client, protected, clock) -> None:
    user, totp, old_codes = protected
    password(client, user)
    client.post(STEP, {"code": totp.now()})
    clock.move_to(NOW + timedelta(seconds=40))
    wrong = client.post("/console/account/app/", {"password": "wrong", "code": totp.now()})
    assert wrong.status_code == 422

    asked = client.post("/console/account/app/", {"password": PASSWORD, "code": totp.now()})
    assert asked.url == APP
    fresh = pyotp.TOTP(client.get(APP).context["secret"].replace(" ", ""))
    client.post(APP, {"code": fresh.now()})

    assert SecondFactor.objects.get(user=user).secret == fresh.secret
    clock.move_to(NOW + timedelta(seconds=80))
    for code in (totp.now(), old_codes[0]):
        browser = Client()
        password(browser, user)
        assert browser.post(STEP, {"code": code}).status_code == 422


def test_passwords_guessed_behind_an_open_session_lock_as_at_the_log_in(
    client: Client, protected, settings, clock
) -> None:
    # given a session left open, and somebody who guesses at the password
    user, totp, _old_codes = protected
    password(client, user)
    client.post(STEP, {"code": totp.now()})
    clock.move_to(NOW + timedelta(seconds=40))
    settings.AXES_ENABLED = True
    tries = [
        client.post(
            "/console/account/app/", {"password": f"wrong{n}", "code": "000000"}
        ).status_code
        for n in range(settings.AXES_FAILURE_LIMIT)
    ]
    assert tries == [422] * (settings.AXES_FAILURE_LIMIT - 1) + [429]

    # then the right one opens nothing either, here and at the log-in
    right = client.post("/console/account/app/", {"password": PASSWORD, "code": totp.now()})
    assert right.status_code == 429
    assert client.get(APP).status_code == 302
    assert (
        Client().post(LOGIN, {"username": user.username, "password": PASSWORD}).status_code == 429
    )


def test_neither_wrong_passwords_nor_wrong_codes_lock_who_comes_by_wecom(
    client: Client, settings, guide_li, monkeypatch
) -> None:
    # given somebody who guesses passwords and codes for a member's user name
    settings.AXES_ENABLED = True
    user = guide_li.user
    for _try in range(settings.AXES_FAILURE_LIMIT + 1):
        answer = client.post(LOGIN, {"username": user.username, "password": "wrong"})
    assert answer.status_code == 429
    SecondFactor.objects.create(
        user=user,
        secret=pyotp.random_base32(),
        confirmed_at=NOW,
        locked_until=NOW + timedelta(days=99),
    )

    # then WeCom's word still opens
    monkeypatch.setattr("scrm.accounts.wecom_login.userid_of", lambda _code: guide_li.userid)
    session = client.session
    session["log_ins"] = {"s" * 32: {"until": 2**40, "next": "/", "way": "wecom", "kept": {}}}
    session.save()
    client.get("/accounts/wecom/callback/", {"state": "s" * 32, "code": "c"})

    assert UserSession.objects.get(user=user).way == "wecom"


def test_where_passwords_are_switched_off_none_is_taken(client: Client, settings, it_admin) -> None:
    settings.PASSWORD_LOGIN = False

    assert b'name="password"' not in client.get(LOGIN).content
    assert password(client, it_admin).status_code == 403
    assert not is_in(client)


def test_the_server_removes_a_lost_second_step(client: Client, protected) -> None:
    user, totp, _codes = protected
    password(client, user)
    client.post(STEP, {"code": totp.now()})

    call_command("second_step_remove", user.username, "--reason", "phone lost")

    assert not SecondFactor.objects.exists()
    assert not is_in(client)
    assert AuditEntry.objects.get(action="accounts.second_step_remove").reason == "phone lost"
    with pytest.raises(CommandError):
        call_command("second_step_remove", user.username, "--reason", "again")
