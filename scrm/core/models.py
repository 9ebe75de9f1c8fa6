"""Models of the kernel, gathered."""

from scrm.core.alerts.models import Alert, AlertChannel
from scrm.core.answers import StoredAnswer
from scrm.core.approvals.models import Approval
from scrm.core.audit.models import AuditEntry, AuditHead
from scrm.core.gateway_models import WeComToken
from scrm.core.health.models import Heartbeat
from scrm.core.jobs.models import JobRun
from scrm.core.outbox.models import OutboxMessage
from scrm.core.setup_models import (
    CallbackCheck,
    SetupResult,
    StepPicture,
    VerifyFile,
    WeComCallbackKey,
    WeComCredential,
)

__all__ = [
    "Alert",
    "AlertChannel",
    "Approval",
    "AuditEntry",
    "AuditHead",
    "CallbackCheck",
    "Heartbeat",
    "JobRun",
    "OutboxMessage",
    "SetupResult",
    "StepPicture",
    "StoredAnswer",
    "VerifyFile",
    "WeComCallbackKey",
    "WeComCredential",
    "WeComToken",
]
