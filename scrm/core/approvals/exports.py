"""Files that leave the house: a large or unmasked one needs a second person, once for each file."""

import hashlib
from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings
from django.template.defaultfilters import yesno
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from scrm.core.approvals import services
from scrm.core.approvals.kinds import Fact, Kind, Payload
from scrm.core.approvals.models import Approval

CODE = "export"
# So many more rows than were shown, or a tenth, are the same file.
GROWS_BY = 50
# What a file is called; a room that exports names its own here.
FILES: dict[str, Promise] = {
    "audit": gettext_lazy("Audit"),
    "boards": gettext_lazy("Sales boards"),
    "checkin": gettext_lazy("Check-ins"),
    "chase": gettext_lazy("Accounts to chase"),
    "customers": gettext_lazy("Customer list"),
    "handover": gettext_lazy("Results of a hand-over"),
    "oa_plan": gettext_lazy("OA plan"),
    "strangers": gettext_lazy("Members who are nobody's friend"),
    "unenrolled": gettext_lazy("Friends who are no members"),
    "oa_refused": gettext_lazy("Refused rows of the OA"),
}

# How the filters of those files are told.
FILTERS: dict[str, Promise] = {
    "by": gettext_lazy("Grouped by"),
    "first": gettext_lazy("From"),
    "last": gettext_lazy("To"),
    "place": gettext_lazy("Unit code"),
    "actor_name": gettext_lazy("Who"),
    "action": gettext_lazy("Action"),
    "object": gettext_lazy("Object"),
    "target": gettext_lazy("Object's id"),
    "reason": gettext_lazy("Reason"),
    "q": gettext_lazy("Search"),
    "s": gettext_lazy("Search (sealed)"),
    "ticked": gettext_lazy("Ticked"),
    "member": gettext_lazy("Guide"),
    "store": gettext_lazy("Store"),
    "branch": gettext_lazy("Branch or dealer"),
    "tag": gettext_lazy("Tag"),
    "way": gettext_lazy("Way of adding"),
    "status": gettext_lazy("Status"),
    "added_from": gettext_lazy("Added from"),
    "added_to": gettext_lazy("Added until"),
    "is_member": gettext_lazy("Member"),
    "level": gettext_lazy("Membership level"),
    "bought_since": gettext_lazy("Bought since"),
    "quiet_since": gettext_lazy("Bought nothing since"),
    "opened": gettext_lazy("Opened the chat"),
    "stopped": gettext_lazy("Do not contact"),
    "plan": gettext_lazy("Hand-over"),
    "run": gettext_lazy("Run"),
    "role": gettext_lazy("File"),
}
VALUES: dict[str, Promise] = {
    "guide": gettext_lazy("Guide"),
    "store": gettext_lazy("Store"),
    "branch": gettext_lazy("Branch"),
}


def needs_second_person(rows: int, *, unmasked: bool = False) -> bool:
    """Tell whether nobody takes such a file alone (A25)."""
    return unmasked or rows > settings.EXPORT_ROWS_ALONE


def may_take(
    what: str, filters: dict[str, str], *, rows: int, actor: Any, unmasked: bool = False
) -> bool:
    """Tell whether this person may take this file now; an approval is spent by it.

    One that was asked for far fewer rows does not count: who decided saw another file.
    """
    if not needs_second_person(rows, unmasked=unmasked):
        return True
    key = _key(what, filters, actor, unmasked)
    used = services.use(
        kind=CODE, key=key, actor=actor, fits=lambda asked: is_as_shown(int(asked["rows"]), rows)
    )
    return used is not None


def is_as_shown(shown: int, rows: int) -> bool:
    """Tell whether a file is still the one that was judged: rows come in while somebody thinks, but not twice as many."""
    return rows <= shown + max(GROWS_BY, shown // 10)


def ask_for(
    what: str,
    filters: dict[str, str],
    *,
    rows: int,
    page: str,
    actor: Any,
    reason: str,
    unmasked: bool = False,
) -> Approval:
    """Ask a second person for one file; `page` is where it is taken once they agree. Raises as `ask`."""
    payload = {
        "what": what,
        "filters": filters,
        "rows": rows,
        "unmasked": unmasked,
        "page": page,
    }
    return services.ask(
        kind=CODE,
        key=_key(what, filters, actor, unmasked),
        payload=payload,
        actor=actor,
        reason=reason,
    )


def _key(what: str, filters: dict[str, str], actor: Any, unmasked: object) -> str:
    """Name one file of one person; a yes to the masked one is none to the other."""
    content = orjson.dumps([filters, actor.pk, unmasked], option=orjson.OPT_SORT_KEYS)
    return f"{what}:{hashlib.sha256(content).hexdigest()[:32]}"


def _facts(payload: Payload) -> list[Fact]:
    what = str(payload["what"])
    about = [
        f"{FILTERS.get(name, name)} {VALUES.get(value, value)}"
        for name, value in payload["filters"].items()
        if value
    ]
    return [
        Fact(_("File"), str(FILES.get(what, what))),
        Fact(_("Rows"), str(payload["rows"])),
        Fact(_("Masked"), str(yesno(not payload["unmasked"]))),
        Fact(_("Filters"), " · ".join(about) or "—"),
    ]


def _page(payload: Payload) -> str:
    return str(payload["page"])


EXPORT = Kind(
    code=CODE,
    title=gettext_lazy("Take a large or unmasked file"),
    permission="exports.approve",
    facts=_facts,
    page=_page,
    used_within=timedelta(hours=24),
)
