"""What `manage.py doctor` and the health page look at; each probe says what it saw and what to do."""

import os
import shutil
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.core import checks as django_checks
from django.db import Error as DatabaseError
from django.db import OperationalError as DatabaseAway
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerError

from scrm.core import credentials, gateway
from scrm.core.audit import sealing
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import ScrmError
from scrm.core.health import outside
from scrm.core.health.findings import Finding, Outcome
from scrm.core.health.models import Heartbeat
from scrm.wechat.client import WeChatClient
from scrm.wecom.client import WeComClient
from scrm.wecom.errors import WeComError

BEAT_SILENT_AFTER = timedelta(minutes=2)
LAG_WARNING_SECONDS = 30
LAG_BAD_SECONDS = 300
SEAL_LATE_AFTER = timedelta(minutes=5)
DISK_WARNING_PERCENT = 85
DISK_BAD_PERCENT = 95


EXIT_CODES = {Outcome.GOOD: 0, Outcome.WARNING: 1, Outcome.BAD: 2}


def config() -> Finding:
    """Run Django's system checks, ours included."""
    problems = [
        message for message in django_checks.run_checks() if message.level >= django_checks.WARNING
    ]
    if not problems:
        return Finding("config", Outcome.GOOD, _("all settings are usable"))
    worst = (
        Outcome.BAD
        if any(message.level >= django_checks.ERROR for message in problems)
        else Outcome.WARNING
    )
    return Finding(
        "config",
        worst,
        " ".join(f"{message.id}: {message.msg}" for message in problems),
        "manage.py check --deploy",
    )


def database() -> Finding:
    """Look at the server's version, the encoding, the locale and pg_trgm."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_version'), "
            "pg_encoding_to_char(encoding), datctype, "
            "EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm') "
            "FROM pg_database WHERE datname = current_database()"
        )
        major, version, encoding, ctype, trgm = cursor.fetchone()
    seen = _("PostgreSQL %(version)s, %(encoding)s, %(locale)s") % {
        "version": version,
        "encoding": encoding,
        "locale": ctype,
    }
    if encoding != "UTF8" or ctype in {"C", "POSIX"}:
        hint = _(
            "Make the database anew with UTF-8 and the locale C.UTF-8: Chinese search finds nothing otherwise."
        )
        return Finding("database", Outcome.BAD, seen, hint)
    if not 15 <= major <= 18:
        return Finding("database", Outcome.WARNING, seen, _("Versions 15 to 18 are tested."))
    if not trgm:
        return Finding(
            "database", Outcome.WARNING, seen, _("Install the package with the extension pg_trgm.")
        )
    return Finding("database", Outcome.GOOD, seen)


def migrations() -> Finding:
    """Compare the tables with the code."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return Finding(
            "migrations",
            Outcome.BAD,
            _("%(count)d are missing") % {"count": len(missing)},
            "manage.py migrate",
        )
    return Finding("migrations", Outcome.GOOD, _("all are applied"))


def redis_server() -> Finding:
    """Ask Redis; without it events and welcomes still work, jobs wait."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    started = time.perf_counter()
    try:
        version = str(client.info("server")["redis_version"])
    except redis.RedisError:
        hint = _("Start Redis. Events and welcomes go on without it; jobs and caches wait.")
        return Finding("redis", Outcome.WARNING, _("no answer"), hint)
    finally:
        client.close()
    milliseconds = round((time.perf_counter() - started) * 1000)
    return Finding(
        "redis",
        Outcome.GOOD,
        _("Redis %(version)s, %(ms)d ms") % {"version": version, "ms": milliseconds},
    )


def worker() -> Finding:
    """Ask the Celery workers for an answer."""
    try:
        answers = current_app.control.ping(timeout=1.0)
    except (BrokerError, ConnectionError, redis.RedisError):
        return Finding(
            "worker", Outcome.WARNING, _("cannot be asked without Redis"), _("Start Redis.")
        )
    if not answers:
        return Finding(
            "worker",
            Outcome.BAD,
            _("no worker answers"),
            _("Start the Celery worker; imports wait for it."),
        )
    return Finding("worker", Outcome.GOOD, _("%(count)d alive") % {"count": len(answers)})


def beat() -> Finding:
    """Look when the clock last ticked."""
    last = Heartbeat.objects.filter(name="beat").values_list("at", flat=True).first()
    hint = _("Start celery beat, one only. It needs a worker and Redis.")
    if last is None:
        return Finding("beat", Outcome.BAD, _("it never ticked"), hint)
    silent = timezone.now() - last
    seen = _("last tick %(seconds)d s ago") % {"seconds": max(0, int(silent.total_seconds()))}
    if silent > BEAT_SILENT_AFTER:
        return Finding("beat", Outcome.BAD, seen, hint)
    return Finding("beat", Outcome.GOOD, seen)


def inbox() -> Finding:
    """Look how far behind the inbox worker is."""
    workers = import_string(settings.INBOX_WORKERS)().count()
    lanes: list[Any] = import_string(settings.INBOX_BACKLOG)()
    overdue = max((lane.overdue_seconds for lane in lanes), default=0.0)
    waiting = sum(lane.waiting for lane in lanes)
    seen = _("%(workers)d workers alive, %(waiting)d waiting, the oldest due for %(seconds)d s") % {
        "workers": workers,
        "waiting": waiting,
        "seconds": int(overdue),
    }
    if not workers:
        return Finding(
            "inbox",
            Outcome.BAD,
            seen,
            _("Start manage.py inbox_worker: events are stored but nobody applies them."),
        )
    if overdue > LAG_BAD_SECONDS:
        return Finding(
            "inbox",
            Outcome.BAD,
            seen,
            _("Start more inbox workers, or look for errors on the events page."),
        )
    if overdue > LAG_WARNING_SECONDS:
        return Finding(
            "inbox", Outcome.WARNING, seen, _("Watch it; start another inbox worker if it grows.")
        )
    return Finding("inbox", Outcome.GOOD, seen)


def wecom() -> list[Finding]:
    """Get a token for every app and say in words what WeCom refuses."""
    if not credentials.corp_id():
        return [
            Finding(
                "wecom",
                Outcome.WARNING,
                _("no corp id is set"),
                _("Open the set-up page (System, WeCom set-up)."),
            )
        ]
    return [
        _token(f"wecom {app}", partial(gateway.wecom, app), _("WeCom gives a token"))
        for app in credentials.apps_with_secret()
    ]


def wechat() -> list[Finding]:
    """Get a token for every WeChat account that is set; none is needed."""
    return [
        _token(f"wechat {name}", partial(gateway.wechat, name), _("WeChat gives a token"))
        for name in gateway.wechat_accounts()
    ]


def _token(
    name: str, client: Callable[[], WeComClient | WeChatClient], words_of_success: str
) -> Finding:
    try:
        token = client().access_token
    except WeComError as error:
        words = error.words(get_language() or "en")
        return Finding(name, Outcome.BAD, _("no token"), words, error.link)
    except ScrmError as error:
        return Finding(name, Outcome.BAD, _("no token"), error.message)
    return Finding(
        name,
        Outcome.GOOD if token else Outcome.BAD,
        words_of_success if token else _("no token"),
    )


def storage() -> Finding:
    """Write and read a file; look at the room left."""
    folder = Path(settings.MEDIA_ROOT)
    probe = folder / f".doctor-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"doctor")
        probe.unlink()
        usage = shutil.disk_usage(folder)
    except OSError as error:
        return Finding(
            "storage",
            Outcome.BAD,
            os.strerror(error.errno or 0),
            _("Make SCRM_MEDIA_ROOT writable for this user."),
        )
    used = round(usage.used * 100 / usage.total)
    seen = _("write and read work, %(percent)d%% used") % {"percent": used}
    if used >= DISK_BAD_PERCENT:
        return Finding("storage", Outcome.BAD, seen, _("Make room now."))
    if used >= DISK_WARNING_PERCENT:
        return Finding("storage", Outcome.WARNING, seen, _("Make room soon."))
    return Finding("storage", Outcome.GOOD, seen)


def audit() -> Finding:
    """Look whether the sealer keeps up."""
    oldest = (
        AuditEntry.objects.filter(seal__isnull=True)
        .order_by("id")
        .values_list("at", flat=True)
        .first()
    )
    seen = _("%(count)d rows wait for their seal") % {"count": sealing.waiting_count()}
    if oldest is not None and timezone.now() - oldest > SEAL_LATE_AFTER:
        return Finding("audit", Outcome.WARNING, seen, _("Start celery beat and a worker."))
    return Finding("audit", Outcome.GOOD, seen)


def sales() -> Finding:
    """Look whether orders are attributed; who does it lives above and is named in the settings."""
    found: Finding = import_string(settings.HEALTH_PROBES["sales"])()
    return found


def erasures() -> Finding:
    """Look whether forgotten people are back; who knows lives above and is named in the settings."""
    found: Finding = import_string(settings.HEALTH_PROBES["erasures"])()
    return found


Probe = Callable[[], Finding | list[Finding]]
PROBES: tuple[tuple[str, Probe], ...] = (
    ("config", config),
    ("database", database),
    ("migrations", migrations),
    ("redis", redis_server),
    ("worker", worker),
    ("beat", beat),
    ("inbox", inbox),
    ("sales", sales),
    ("erasures", erasures),
    ("audit", audit),
    ("storage", storage),
    ("url", outside.url),
    ("verify", outside.verify_files),
    ("callback", outside.callbacks),
    ("wecom", wecom),
    ("wechat", wechat),
    ("permissions", outside.permissions),
)


def _without_database(name: str) -> tuple[str, str]:
    """Return what was seen and what to do; what to do once only, at the database itself."""
    if name != "database":
        return _("cannot be checked without the database"), ""
    hint = _(
        "Start PostgreSQL and set DATABASE_URL to it; `make demo` starts one of its own, with demo data."
    )
    return _("no answer"), hint


def examine(only: Iterable[str] = ()) -> list[Finding]:
    """Run all probes (or those named); a probe that breaks is a bad finding, never a traceback."""
    wanted = set(only)
    findings: list[Finding] = []
    for name, probe in PROBES:
        if wanted and name not in wanted:
            continue
        try:
            found = probe()
        except DatabaseAway:
            found = Finding(name, Outcome.BAD, *_without_database(name))
        except (DatabaseError, OSError, ScrmError) as error:
            found = Finding(
                name,
                Outcome.BAD,
                _("cannot be checked: %(error)s") % {"error": type(error).__name__},
            )
        findings += found if isinstance(found, list) else [found]
    return findings


def worst(findings: Iterable[Finding]) -> Outcome:
    """Return the worst outcome."""
    return max(
        (finding.outcome for finding in findings),
        key=lambda outcome: EXIT_CODES[outcome],
        default=Outcome.GOOD,
    )
