"""Words of the sync: what it waits for, why a member could not be read, what was missed."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from customers.sync.models import SyncFault
from scrm.wecom.errors import hint_for

WAITS = {
    "quota": _("Waiting for WeCom's call rate until %(time)s"),
    "crowded": _("Waiting for WeCom to take more calls at once until %(time)s"),
    "own_rate": _("Waiting for our own call rate until %(time)s"),
    "no_answer": _("WeCom gives no usable answer; next try at %(time)s"),
}


def wait_words(code: str, until: datetime) -> str:
    """Say what is waited for, and until when by the reader's clock."""
    clock = date_format(timezone.localtime(until), "H:i:s")
    return str(WAITS.get(code, WAITS["no_answer"])) % {"time": clock}


def fault_words(fault: SyncFault) -> str:
    """Say in the reader's language why a member could not be read, and what to do."""
    language = get_language() or "en"
    words = hint_for(fault.errcode, fault.kind).words(language)
    return words if fault.errcode is None else f"{words} [{fault.errcode}]"
