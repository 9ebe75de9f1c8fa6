"""Deletes what the kernel keeps only for a while."""

from datetime import timedelta

from django.utils import timezone

from scrm.core.alerts.models import Alert
from scrm.core.answers import StoredAnswer
from scrm.core.jobs.models import JobRun

ANSWERS_KEPT = timedelta(hours=24)
ERROR_FILES_KEPT = timedelta(days=7)
ALERTS_KEPT = timedelta(days=180)


def purge() -> dict[str, int]:
    """Delete kept answers after 24 hours, error files after 7 days, alerts after 180 days; return the counts."""
    now = timezone.now()
    answers, _by_model = StoredAnswer.objects.filter(created_at__lt=now - ANSWERS_KEPT).delete()
    files = JobRun.objects.filter(
        error_file__isnull=False, finished_at__lt=now - ERROR_FILES_KEPT
    ).update(error_file=None)
    alerts, _by_model = Alert.objects.filter(last_at__lt=now - ALERTS_KEPT).delete()
    return {"answers": answers, "error_files": files, "alerts": alerts}
