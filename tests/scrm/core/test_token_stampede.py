"""Many processes and threads on the simulator: one gettoken a secret (F10, F11 in small), never too many calls at once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from wecom_sandbox import defaults

FOLLOWERS = "externalcontact/get_follow_user_list"
CHECKOUT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.django_db(transaction=True)


def callers(base_url: str, *words: str, **overrides: str) -> list[dict[str, Any]]:
    """Run the program on this test's database and simulator."""
    place = connection.settings_dict
    host = f"{place['HOST']}:{place['PORT']}"
    password = f":{place['PASSWORD']}" if place["PASSWORD"] else ""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "scrm.settings.dev",
        "DATABASE_URL": f"postgres://{place['USER']}{password}@{host}/{place['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "WECOM_API_BASE": base_url,
        "WECOM_CORP_ID": defaults.CORP_ID,
        "WECOM_AGENT_SECRET": defaults.APP_SECRET,
        "WECOM_CONTACT_SYNC_SECRET": defaults.CONTACT_SECRET,
        "SCRM_CONSOLE_CREDENTIALS": "0",
        **overrides,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.callers", *words],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert defaults.APP_SECRET not in done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("redis", ["there", "away"])
def test_sixteen_processes_of_four_threads_get_one_token_a_secret(
    wecom_sandbox_world: Any, redis: str
) -> None:
    # given nobody has a token, and Redis is there or not
    away = {"REDIS_URL": "redis://127.0.0.1:1/0"} if redis == "away" else {}

    # when 64 threads call by two secrets at one moment, and again after both were revoked
    cold, revoked = callers(wecom_sandbox_world.base_url, **away)

    # then WeCom was asked once for each secret, each time
    assert (cold["gettokens"], revoked["gettokens"]) == (2, 2)
    assert (cold["good"], cold["failures"]) == (128, {})
    assert (revoked["good"], revoked["failures"]) == (128, {})


def test_tokens_revoked_again_and_again_cost_next_to_nothing(wecom_sandbox_world: Any) -> None:
    # given ten minutes of WeCom's clock pass in twelve seconds
    wecom_sandbox_world.control.post("clock", {"speed": 50})

    # when all tokens are revoked every thirty seconds of it
    (met,) = callers(
        wecom_sandbox_world.base_url,
        *("--processes", "3", "--threads", "3", "--seconds", "12", "--every", "0.6"),
        *("--apps", "scrm"),
    )

    # then
    calls = met["good"] + sum(met["failures"].values())
    assert met["revocations"] >= 15
    assert calls > 500
    assert met["good"] / calls >= 0.999, met
    assert met["gettokens"] <= met["revocations"] + 1


def test_processes_share_the_few_places_wecom_has(wecom_sandbox_world: Any) -> None:
    # given WeCom takes five calls of an API at once, each lasting a while
    control = wecom_sandbox_world.control
    control.post("rates", {"api": FOLLOWERS, "concurrency": 5})
    control.post("faults", {"endpoint": FOLLOWERS, "kind": "latency", "value": 0.05})

    # when four processes of four threads call without a pause
    (met,) = callers(
        wecom_sandbox_world.base_url,
        *("--processes", "4", "--threads", "4", "--seconds", "12", "--every", "100"),
        *("--apps", "scrm"),
    )

    # then they settle: what is refused is tried again, and callers do not notice
    calls = control.get("ledger/calls", api=FOLLOWERS)
    refused = [row["at"] for row in calls if row["errcode"] == 45033]
    first, last = calls[0]["at"], calls[-1]["at"]
    later = [moment for moment in refused if moment > (first + last) / 2]
    good = met["good"] / (met["good"] + sum(met["failures"].values()))
    assert refused
    assert met["good"] > 300
    assert good >= 0.98, met
    assert len(later) < len(calls) * 0.05, (len(later), len(refused), len(calls))
