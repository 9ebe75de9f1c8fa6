"""Models of the kernel, gathered."""

from scrm.core.alerts.models import Alert, AlertChannel
from scrm.core.answers import StoredAnswer
from scrm.core.audit.models import AuditEntry, AuditHead
from scrm.core.gateway_models import WeComToken
from scrm.core.health.models import Heartbeat
from scrm.core.jobs.models import JobRun
from scrm.core.outbox.models import OutboxMessage

__all__ = [
    "Alert",
    "AlertChannel",
    "AuditEntry",
    "AuditHead",
    "Heartbeat",
    "JobRun",
    "OutboxMessage",
    "StoredAnswer",
    "WeComToken",
]
