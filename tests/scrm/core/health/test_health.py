"""Health for machines and for IT."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
import time_machine
from django.core.management import call_command
from django.db import DatabaseError, OperationalError
from django.test import Client
from django.utils import timezone
from django.utils.translation import override
from pytest_django import Settings

from scrm.core.health import probes, services, views
from scrm.core.health.models import Heartbeat
from scrm.core.jobs.tasks import jobs_sweep
from scrm.wecom.errors import WeComAuth
from tests.factories.core import JobRunFactory
from wecom_sandbox.testing import Running
from wecom_sandbox.wechat.accounts import MINI, SERVICE

pytestmark = pytest.mark.django_db
NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Read the findings in English."""
    with override("en"):
        yield


def test_healthz_asks_nobody(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_probes_ask_by_address_and_nothing_else_answers_so(
    client: Client, settings: Settings
) -> None:
    # given one allowed host, as in production
    settings.ALLOWED_HOSTS = ["scrm.example.com"]

    # when a load balancer asks by address
    statuses = {
        path: client.get(path, headers={"host": "10.1.2.3:8000"}).status_code
        for path in ("/healthz", "/readyz", "/metrics", "/accounts/login/")
    }

    # then the two probes are answered, the rest is refused for its Host
    assert statuses == {"/healthz": 200, "/readyz": 200, "/metrics": 400, "/accounts/login/": 400}


def test_a_probe_only_asks(client: Client) -> None:
    assert [client.post(path).status_code for path in ("/healthz", "/readyz")] == [405, 405]


def test_readyz_is_ready_with_database_and_migrations(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_redis_answers", lambda: True)

    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "database": "ok", "migrations": "ok", "redis": "ok"},
    )


def test_without_redis_it_is_degraded_and_still_serves(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = NO_REDIS

    response = client.get("/readyz")

    assert (response.status_code, response.json()["status"], response.json()["redis"]) == (
        200,
        "degraded",
        "degraded",
    )


def test_without_its_tables_or_database_it_is_down(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = probes.Finding("migrations", probes.Outcome.BAD, "2 are missing")
    monkeypatch.setattr(probes, "migrations", lambda: missing)
    assert (client.get("/readyz").status_code, client.get("/readyz").json()["migrations"]) == (
        503,
        "missing",
    )

    def broken() -> None:
        raise DatabaseError

    monkeypatch.setattr(probes, "migrations", broken)
    assert (client.get("/readyz").status_code, client.get("/readyz").json()["database"]) == (
        503,
        "down",
    )


def test_metrics_tell_what_waits(client: Client) -> None:
    JobRunFactory.create_batch(2)

    response = client.get("/metrics")

    text = response.content.decode()
    assert response.status_code == 200
    assert 'scrm_jobs{state="queued"} 2.0' in text
    assert 'scrm_queue_waiting{lane="welcome",queue="inbox"} 0.0' in text
    assert 'scrm_queue_oldest_seconds{lane="event",queue="outbox"} 0.0' in text
    assert "scrm_database_up 1.0" in text
    assert "django_http_requests_before_middlewares_total" in text


@pytest.mark.parametrize(
    ("token", "headers", "address", "status"),
    [
        ("", {}, "127.0.0.1", 200),
        ("", {}, "10.0.0.9", 403),
        ("", {"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", 403),
        ("s3cret", {}, "127.0.0.1", 403),
        ("s3cret", {"Authorization": "Bearer wrong"}, "127.0.0.1", 403),
        ("s3cret", {"Authorization": "Bearer s3cret"}, "10.0.0.9", 200),
    ],
)
def test_metrics_are_for_the_token_or_this_machine(
    client: Client,
    settings: Settings,
    token: str,
    headers: dict[str, str],
    address: str,
    status: int,
) -> None:
    settings.PROMETHEUS_METRICS_TOKEN = token

    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


def outcome(name: str) -> tuple[str, str]:
    (finding,) = probes.examine([name])
    return finding.outcome.value, finding.seen


def test_the_database_is_examined() -> None:
    (found,) = probes.examine(["database"])

    assert found.outcome is probes.Outcome.GOOD
    assert found.seen.startswith("PostgreSQL 1")
    assert "UTF8" in found.seen
    assert outcome("migrations") == ("good", "all are applied")


def test_redis_away_is_a_warning_with_what_to_do(settings: Settings) -> None:
    settings.REDIS_URL = NO_REDIS

    (found,) = probes.examine(["redis"])

    assert (found.outcome, found.seen) == (probes.Outcome.WARNING, "no answer")
    assert found.hint == "Start Redis. Events and welcomes go on without it; jobs and caches wait."


def test_the_clock_is_alive_for_two_minutes_after_its_tick() -> None:
    assert outcome("beat") == ("bad", "it never ticked")

    with time_machine.travel("2026-11-21 02:00Z", tick=False):
        jobs_sweep()
        assert outcome("beat") == ("good", "last tick 0 s ago")
    with time_machine.travel("2026-11-21 02:02:01Z", tick=False):
        assert outcome("beat") == ("bad", "last tick 121 s ago")
        services.beat("beat")
        assert outcome("beat") == ("good", "last tick 0 s ago")
    assert Heartbeat.objects.count() == 1


def test_without_a_worker_the_inbox_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = probes.examine(["inbox"])

    assert found.outcome is probes.Outcome.BAD
    assert found.seen == "0 workers alive, 0 waiting, the oldest due for 0 s"
    assert found.hint.startswith("Start manage.py inbox_worker")


def test_the_celery_worker_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = []
    monkeypatch.setattr(probes.current_app.control, "ping", lambda timeout: answers)
    assert outcome("worker") == ("bad", "no worker answers")
    answers.append({"celery@a": {"ok": "pong"}})
    assert outcome("worker") == ("good", "1 alive")

    def away(timeout: float) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(probes.current_app.control, "ping", away)
    assert outcome("worker") == ("warning", "cannot be asked without Redis")


def test_storage_is_written_and_read(settings: Settings, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    assert outcome("storage")[0] in {"good", "warning"}
    assert list((tmp_path / "media").iterdir()) == []

    (tmp_path / "file").write_text("x")
    settings.MEDIA_ROOT = str(tmp_path / "file" / "media")
    assert outcome("storage") == ("bad", "Not a directory")


def test_wecoms_refusal_is_told_in_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WECOM_CORP_ID = ""
    assert outcome("wecom") == ("warning", "no corp id is set")

    class Client:
        @property
        def access_token(self) -> str:
            raise WeComAuth(40001, "invalid credential", "gettoken")

    settings.WECOM_CORP_ID = "ww1"
    settings.WECOM_APPS = {"scrm": {"secret": "s"}, "contacts": {"secret": ""}}
    monkeypatch.setattr(probes.gateway, "wecom", lambda app: Client())
    (found,) = probes.examine(["wecom"])
    assert (found.name, found.outcome, found.seen) == ("wecom scrm", probes.Outcome.BAD, "no token")
    assert found.hint.endswith("[40001]")


def test_wechat_accounts_are_asked_where_they_are_set(settings: Settings, sandbox: Running) -> None:
    # given a service account with its secret, a mini program without, and no other
    account = f"{sandbox.base_url}/wechat"
    settings.WECHAT_API_BASE = account
    settings.WECHAT_APPS = {"service": {"appid": "", "secret": ""}}
    assert probes.examine(["wechat"]) == []
    settings.WECHAT_APPS = {
        "service": {"appid": SERVICE.appid, "secret": SERVICE.secret},
        "mini": {"appid": MINI.appid, "secret": ""},
    }

    # then
    service, mini = probes.examine(["wechat"])
    assert (service.name, service.outcome, service.seen) == (
        "wechat service", probes.Outcome.GOOD, "WeChat gives a token",
    )  # fmt: skip
    assert (mini.name, mini.outcome) == ("wechat mini", probes.Outcome.BAD)
    assert "mini" in mini.hint

    # and a secret WeChat refuses is told in words
    settings.WECHAT_APPS = {"service": {"appid": SERVICE.appid, "secret": "0" * 32}}
    (refused,) = probes.examine(["wechat"])
    assert (refused.outcome, refused.seen) == (probes.Outcome.BAD, "no token")
    assert refused.hint.endswith(("[40125]", "[40001]"))
    assert "0" * 32 not in refused.hint


def test_late_seals_are_a_warning() -> None:
    from scrm.core.audit.services import record

    assert outcome("audit") == ("good", "0 rows wait for their seal")
    with time_machine.travel(timezone.now() - timedelta(minutes=6)):
        record(actor=None, action="a.b", target="c:1")
    assert outcome("audit") == ("warning", "1 rows wait for their seal")


def test_a_probe_that_breaks_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise DatabaseError("details")

    monkeypatch.setattr(probes, "PROBES", (("database", broken),))

    assert [(f.name, f.outcome.value, f.seen) for f in probes.examine()] == [
        ("database", "bad", "cannot be checked: DatabaseError")
    ]


FINDINGS = {
    "good": probes.Finding("a", probes.Outcome.GOOD, "fine"),
    "warning": probes.Finding("b", probes.Outcome.WARNING, "late", "hurry"),
    "bad": probes.Finding("c", probes.Outcome.BAD, "gone", "start it"),
}


@pytest.mark.parametrize(
    ("kinds", "code"), [(["good"], 0), (["good", "warning"], 1), (["bad", "warning"], 2), ([], 0)]
)
def test_doctor_exits_with_the_worst(
    monkeypatch: pytest.MonkeyPatch, kinds: list[str], code: int
) -> None:
    monkeypatch.setattr(probes, "examine", lambda only: [FINDINGS[kind] for kind in kinds])

    with pytest.raises(SystemExit) as caught:
        call_command("doctor", stdout=io.StringIO())

    assert caught.value.code == code


def test_doctor_speaks_to_people_and_to_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "examine", lambda only: [FINDINGS["good"], FINDINGS["bad"]])
    human, machine = io.StringIO(), io.StringIO()

    with pytest.raises(SystemExit):
        call_command("doctor", stdout=human)
    with pytest.raises(SystemExit):
        call_command("doctor", "--json", stdout=machine)

    assert human.getvalue().splitlines() == [
        "✔ a                fine",
        "✖ c                gone → start it",
    ]
    assert json.loads(machine.getvalue()) == {
        "worst": "bad",
        "findings": [
            {"name": "a", "outcome": "good", "seen": "fine", "hint": "", "link": ""},
            {"name": "c", "outcome": "bad", "seen": "gone", "hint": "start it", "link": ""},
        ],
    }


def test_without_a_database_the_doctor_says_once_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away() -> probes.Finding:
        raise OperationalError

    names = ("database", "migrations", "beat")
    monkeypatch.setattr(probes, "PROBES", tuple((name, away) for name in names))

    findings = probes.examine()

    assert [(row.outcome, row.seen) for row in findings] == [
        ("bad", "no answer"),
        ("bad", "cannot be checked without the database"),
        ("bad", "cannot be checked without the database"),
    ]
    assert [bool(row.hint) for row in findings] == [True, False, False]
    assert "DATABASE_URL" in findings[0].hint
    assert "make demo" in findings[0].hint
