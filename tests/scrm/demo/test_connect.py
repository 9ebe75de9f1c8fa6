"""`manage.py demo_connect`: the try-out in containers meets its simulator."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from scrm.accounts.models import User

PASSWORD = "a-long-password"


@pytest.fixture
def try_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and password of docs/deploy/sandbox.env."""
    settings.DEMO_MODE = True
    monkeypatch.setenv("SCRM_DEMO_PASSWORD", PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_the_simulator_learns_both_callbacks_and_people_can_log_in(
    try_out: None, wecom_sandbox_world: Any, live_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    # when we are connected
    call_command("demo_connect", live_server.url)

    # then the simulator verified both addresses
    told = capsys.readouterr().out
    assert f"scrm: {live_server.url}/wecom/callback/scrm/" in told
    assert f"contacts: {live_server.url}/wecom/callback/contacts/" in told
    # and the demo's people have their password
    assert User.objects.get(username="hq").check_password(PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_an_address_that_does_not_answer_is_named(try_out: None, wecom_sandbox_world: Any) -> None:
    with pytest.raises(CommandError, match=r"The simulator refuses http://127\.0\.0\.1:9/"):
        call_command("demo_connect", "http://127.0.0.1:9")


@pytest.mark.django_db(transaction=True)
def test_without_a_simulator_it_says_so(try_out: None, settings: Settings) -> None:
    settings.WECOM_API_BASE = "http://127.0.0.1:9"

    with pytest.raises(CommandError, match=r"No simulator answers at http://127\.0\.0\.1:9"):
        call_command("demo_connect", "http://web:8000")


@pytest.mark.django_db
def test_it_does_nothing_outside_the_demo(settings: Settings) -> None:
    settings.DEMO_MODE = False

    with pytest.raises(CommandError, match="SCRM_DEMO_MODE=1"):
        call_command("demo_connect", "http://web:8000")
    assert not User.objects.exists()
