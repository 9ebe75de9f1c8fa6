"""Callback keys are changed without a gap, in whatever order people do the steps."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from scrm.core import credentials
from scrm.core.exceptions import Conflict
from scrm.core.setup_models import WeComCallbackKey
from scrm.inbox import verification
from scrm.setup import services
from tests.factories.inbox import event_xml
from wecom_sandbox import crypto, defaults

pytestmark = pytest.mark.django_db
OLD, NEW = ("tokenOfOld1", "o" * 43), ("tokenOfNew1", "n" * 43)
Pair = tuple[str, str]
_count = itertools.count()


@pytest.fixture(autouse=True)
def corp(nothing_remembered: None, settings: Any) -> Iterator[None]:
    """A corp id, and no use noted yet."""
    settings.WECOM_CORP_ID = defaults.CORP_ID
    verification.uses.forget()
    yield
    verification.uses.forget()


def environment(settings: Any, pair: Pair | None) -> None:
    """Restart with these keys in the environment, or with none."""
    token, aes_key = pair or ("", "")
    known = {"agent_id": 7, "secret": "s" * 20, "token": token, "aes_key": aes_key}
    settings.WECOM_APPS = {**settings.WECOM_APPS, "scrm": known}
    credentials.forget()


def wecom_sends(pair: Pair, *, verify: bool = False) -> int:
    """Do what WeCom does with the pair it has; returns the status it sees."""
    plain = b"12345" if verify else event_xml(UserID=f"u{next(_count)}")
    sealed = crypto.encrypt(plain, pair[1], defaults.CORP_ID)
    now, nonce = str(int(time.time())), str(next(_count))
    query = {
        "msg_signature": crypto.signature(pair[0], now, nonce, sealed),
        "timestamp": now,
        "nonce": nonce,
    }
    url = "/wecom/callback/scrm/"
    if verify:
        return int(Client().get(url, {**query, "echostr": sealed}).status_code)
    body = crypto.envelope(defaults.CORP_ID, 7, sealed)
    return int(Client().post(url, body, "text/xml", query_params=query).status_code)


def enter(pair: Pair) -> None:
    services.keys_set(actor=None, app="scrm", token=pair[0], aes_key=pair[1])


def generate() -> Pair:
    return services.keys_generate(actor=None, app="scrm")


def tokens() -> list[str]:
    return [row.token for row in WeComCallbackKey.objects.order_by("slot")]


def test_a_pair_that_only_delivered_stays_good() -> None:
    # given a pair WeCom had before, so that it never verified it here
    enter(OLD)
    assert wecom_sends(OLD) == 200
    row = WeComCallbackKey.objects.get()
    assert (row.verified_at, row.used_at is None) == (None, False)

    # when a new pair is made, and made again
    for _turn in range(3):
        generate()
        assert wecom_sends(OLD) == 200

    # then it stays the previous one, and the page says since when it is used
    assert tokens()[1] == OLD[0]


def test_a_pair_entered_a_moment_ago_stays_good_before_any_event_came() -> None:
    enter(OLD)

    generate()
    newest = generate()

    assert wecom_sends(OLD) == 200
    assert wecom_sends(newest, verify=True) == 200


def test_made_first_and_entered_then_stays_good_too() -> None:
    generate()
    enter(OLD)
    newest = generate()

    assert wecom_sends(OLD) == 200
    assert wecom_sends(newest, verify=True) == 200


def test_a_verified_pair_that_wecom_did_not_save_costs_nothing() -> None:
    # given WeCom asked with the new pair, its page was not saved, and it goes on with the old one
    enter(OLD)
    wecom_sends(OLD)
    first = generate()
    assert wecom_sends(first, verify=True) == 200

    # when another pair is made
    with pytest.raises(Conflict) as refused:
        generate()
    assert refused.value.code == "keys_in_use"

    # then nothing changed, until WeCom delivers with the new one
    assert wecom_sends(OLD) == 200
    verification.uses.forget()
    assert wecom_sends(first) == 200
    newest = generate()
    assert wecom_sends(first) == 200
    assert wecom_sends(newest) == 200
    assert wecom_sends(OLD) == 400


def test_wecom_cannot_save_a_pair_that_was_replaced_while_it_asked() -> None:
    # given a process that still knows a pair
    enter(OLD)
    wecom_sends(OLD, verify=True)
    late = generate()
    assert wecom_sends(late, verify=True) == 200
    WeComCallbackKey.objects.update(verified_at=None, used_at=None)
    held = credentials._memory.held
    generate()
    credentials._memory.held, credentials._memory.read_at = held, time.monotonic()

    # then its verification is refused, for it would open nothing a moment later
    assert wecom_sends(late, verify=True) == 400


def test_from_the_environment_to_the_console(settings: Any) -> None:
    # given WeCom uses the environment's pair
    environment(settings, OLD)
    assert wecom_sends(OLD) == 200

    # when it is kept here too, twice, and the environment loses it
    services.keys_take(actor=None, app="scrm")
    services.keys_take(actor=None, app="scrm")
    assert tokens() == [OLD[0]]
    environment(settings, None)
    assert wecom_sends(OLD) == 200

    # then the next pair does not end it
    newest = generate()
    assert wecom_sends(OLD) == 200
    assert wecom_sends(newest, verify=True) == 200


def test_from_the_console_to_the_environment(settings: Any) -> None:
    # given WeCom uses the console's pair
    enter(OLD)
    assert wecom_sends(OLD, verify=True) == 200

    # when the environment gets another one, which wins
    environment(settings, NEW)

    # then both are good, until the old one is stopped
    assert wecom_sends(OLD) == 200
    assert wecom_sends(NEW, verify=True) == 200
    services.keys_take(actor=None, app="scrm")
    assert tokens() == [NEW[0], OLD[0]]
    services.keys_stop_previous(actor=None, app="scrm")
    assert (wecom_sends(OLD), wecom_sends(NEW)) == (400, 200)


def test_the_environments_pair_can_be_kept_on_its_page(console: Client, settings: Any) -> None:
    environment(settings, OLD)
    assert "Keep this key here too" in console.get("/console/setup/callback/").content.decode()

    assert console.post("/console/setup/keys/scrm/take/").status_code == 302

    assert tokens() == [OLD[0]]
    environment(settings, None)
    assert console.post("/console/setup/keys/scrm/take/").status_code == 409


def test_uses_are_written_once_a_minute_and_pair(django_assert_num_queries: Any) -> None:
    enter(OLD)
    wecom_sends(OLD)
    WeComCallbackKey.objects.update(used_at=None)

    assert wecom_sends(OLD) == 200

    assert WeComCallbackKey.objects.get().used_at is None
