"""Health for machines (healthz, readyz, metrics) and for IT (the page)."""

import hmac
import ipaddress

import redis
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from scrm.core.health import metrics, probes
from scrm.core.health.findings import Outcome
from scrm.core.middleware import client_ip
from scrm.core.scope import ScopedRequest, public, requires

TEXT = "text/plain; version=0.0.4; charset=utf-8"
# "wecom scrm" is the part "wecom" and the app "scrm".
PARTS = {
    "config": _("Settings"),
    "database": _("Database"),
    "migrations": _("Database tables"),
    "redis": "Redis",
    "worker": _("Job workers"),
    "beat": _("Clock of the jobs"),
    "inbox": _("WeCom events"),
    "sales": _("Attribution of orders"),
    "erasures": _("Forgotten people"),
    "audit": _("Audit chain"),
    "storage": _("Storage"),
    "url": _("Public address"),
    "verify": _("Domain file"),
    "callback": _("Callback address"),
    "wecom": _("WeCom"),
    "permissions": _("WeCom permissions"),
}
TONES = {Outcome.GOOD: "ok", Outcome.WARNING: "warn", Outcome.BAD: "bad"}


@require_GET
@never_cache
@public
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process lives; touches nothing else."""
    return JsonResponse({"status": "ok"})


@require_GET
@never_cache
@public
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when requests can be served: database and migrations; Redis away is only `degraded`."""
    state = {"database": "ok", "migrations": "ok", "redis": "ok"}
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if probes.migrations().outcome is not Outcome.GOOD:
            state["migrations"] = "missing"
    except DatabaseError:
        state["database"] = "down"
        state["migrations"] = "unknown"
    if not _redis_answers():
        state["redis"] = "degraded"
    ready = state["database"] == "ok" and state["migrations"] == "ok"
    status = "ok" if ready and state["redis"] == "ok" else "degraded" if ready else "down"
    return JsonResponse({"status": status, **state}, status=200 if ready else 503)


def _redis_answers() -> bool:
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=0.3, socket_timeout=0.3
    )
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


@require_GET
@never_cache
@public
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Give the metrics to whoever has the token, or to this machine where no token is set."""
    if not _may_read_metrics(request):
        raise PermissionDenied("metrics")
    return HttpResponse(metrics.render(), content_type=TEXT)


def _may_read_metrics(request: HttpRequest) -> bool:
    token = settings.PROMETHEUS_METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    try:
        return (
            ipaddress.ip_address(client_ip(request)).is_loopback
            and "X-Forwarded-For" not in request.headers
        )
    except ValueError:
        return False


@require_GET
@requires("health.view")
def index(request: ScopedRequest) -> HttpResponse:
    """Show the frame; the findings load into it, for WeCom may take seconds to answer."""
    return render(request, "console/core/health/index.html")


@require_GET
@requires("health.view")
def findings(request: ScopedRequest) -> HttpResponse:
    """Examine everything now."""
    found = probes.examine()
    rows = [
        {"finding": finding, "part": _part(finding.name), "tone": TONES[finding.outcome]}
        for finding in found
    ]
    worst = probes.worst(found)
    return render(
        request,
        "console/core/health/findings.html",
        {"rows": rows, "worst": worst, "now": timezone.localtime()},
    )


def _part(name: str) -> str:
    part, _space, app = name.partition(" ")
    return " ".join(filter(None, (str(PARTS.get(part, part)), app)))
