"""Words of the sync: what it waits for, why a member could not be read, what was missed."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from customers.sync.models import SyncFault, SyncRun
from scrm.core.jobs.models import JobRun, JobState
from scrm.wecom.errors import hint_for

WAITS = {
    "quota": _("Waiting for WeCom's call rate until %(time)s"),
    "crowded": _("Waiting for WeCom to take more calls at once until %(time)s"),
    "own_rate": _("Waiting for our own call rate until %(time)s"),
    "no_answer": _("WeCom gives no usable answer; next try at %(time)s"),
}
GOES_ON = _("The wait is over; it goes on in a moment.")


def wait_words(code: str, until: datetime) -> str:
    """Say what is waited for, and until when by the reader's clock."""
    clock = date_format(timezone.localtime(until), "H:i:s")
    return str(WAITS.get(code, WAITS["no_answer"])) % {"time": clock}


def wait_shown(sync: SyncRun, job: JobRun | None) -> str:
    """Say what an active run waits for, as long as it does; a moment that is over says that it goes on."""
    if job is None or not job.is_active:
        return ""
    now, is_paused = timezone.now(), job.state == JobState.WAITING
    if sync.waits_until is not None and sync.waits_until > now:
        return wait_words(sync.waits_for, sync.waits_until)
    if is_paused and job.not_before is not None and job.not_before > now:
        return job.waiting_for
    return str(GOES_ON) if is_paused or sync.waits_until is not None else ""


def fault_words(fault: SyncFault) -> str:
    """Say in the reader's language why a member could not be read, and what to do."""
    language = get_language() or "en"
    words = hint_for(fault.errcode, fault.kind).words(language)
    return words if fault.errcode is None else f"{words} [{fault.errcode}]"
