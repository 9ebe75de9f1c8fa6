"""The line of the health page about erasures."""

from django.utils.translation import gettext as _

from customers.privacy.services import missing_count
from scrm.core.exceptions import Conflict
from scrm.core.health.findings import Finding, Outcome


def probe() -> Finding:
    """Look whether the journal knows of erasures this database does not: it was restored from an older copy."""
    try:
        missing = missing_count()
    except (Conflict, OSError) as error:
        words = error.message if isinstance(error, Conflict) else str(error.strerror)
        hint = _("Look at SCRM_ERASURE_JOURNAL and SCRM_AUDIT_KEY.")
        return Finding("erasures", Outcome.BAD, words, hint)
    if missing:
        seen = _("%(count)d forgotten people are back") % {"count": missing}
        return Finding("erasures", Outcome.BAD, seen, _("Run: manage.py erasure_replay"))
    return Finding("erasures", Outcome.GOOD, _("all of the journal are carried out"))
