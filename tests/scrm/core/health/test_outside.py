"""Doctor's looks from outside, at a real web server and the simulator."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils.translation import override

from scrm.core.health import outside, probes
from scrm.core.health.findings import Outcome
from scrm.core.setup_models import VerifyFile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def here(live_server: Any, settings: Any) -> Iterator[None]:
    """Let the base address be the test's own server; read in English."""
    settings.BASE_URL = live_server.url
    with override("en"):
        yield


def test_all_is_good_with_the_simulators_corp(wecom_sandbox_world: Any, live_server: Any) -> None:
    # given a file, keys and members with customer contact
    VerifyFile.objects.create(name="WW_verify_a1.txt", content="a1")
    wecom_sandbox_world.control.post("activate", {"all": True})

    # then each look is good
    found = probes.examine(["url", "verify", "callback"])
    assert [(row.name, row.outcome, row.seen) for row in found] == [
        ("url", Outcome.GOOD, f"{live_server.url} answers"),
        ("verify", Outcome.GOOD, "WW_verify_a1.txt served"),
        ("callback scrm", Outcome.GOOD, "verified by ourselves, with and without the last slash"),
        (
            "callback contacts",
            Outcome.GOOD,
            "verified by ourselves, with and without the last slash",
        ),
    ]
    assert outside.permissions().outcome in {Outcome.GOOD, Outcome.WARNING}


def test_a_closed_address_is_bad_in_each_look(wecom_sandbox_world: Any, settings: Any) -> None:
    VerifyFile.objects.create(name="WW_verify_a1.txt", content="a1")
    settings.BASE_URL = "http://127.0.0.1:9"

    found = probes.examine(["url", "verify", "callback"])

    assert {row.outcome for row in found} == {Outcome.BAD}
    assert found[0].seen == "http://127.0.0.1:9: nothing answers"
    assert all(row.hint for row in found)


def test_60020_names_the_address_wecom_saw(wecom_sandbox_world: Any) -> None:
    wecom_sandbox_world.control.post("trusted_ips", {"ips": ["198.51.100.1"]})

    found = outside.permissions()

    assert (found.outcome, found.seen) == (Outcome.BAD, "WeCom refuses with 60020")
    assert found.hint.endswith("[60020] 127.0.0.1")


def test_an_empty_installation_is_told_where_to_begin(settings: Any) -> None:
    settings.WECOM_CORP_ID = ""
    settings.WECOM_APPS = {"scrm": {}, "contacts": {}}

    found = probes.examine(["verify", "callback", "wecom", "permissions"])

    assert [(row.name, row.outcome) for row in found] == [
        ("verify", Outcome.WARNING),
        ("callback scrm", Outcome.WARNING),
        ("wecom", Outcome.WARNING),
        ("permissions", Outcome.WARNING),
    ]
    assert all("set-up page" in row.hint for row in found)


@pytest.mark.parametrize(
    ("days", "outcome"), [(61, Outcome.GOOD), (20, Outcome.WARNING), (3, Outcome.BAD)]
)
def test_a_certificate_near_its_end_is_seen(
    monkeypatch: pytest.MonkeyPatch, days: int, outcome: Outcome
) -> None:
    monkeypatch.setattr(outside.own_address, "certificate_days", lambda: days)

    found = outside.url()

    assert found.outcome is outcome
    assert found.seen.endswith(f"certificate good for {days} days")


def test_looking_leaves_no_note_among_wecoms_requests(wecom_sandbox_world: Any) -> None:
    from scrm.core.setup_models import CallbackCheck

    outside.callbacks()

    assert CallbackCheck.objects.count() == 0
