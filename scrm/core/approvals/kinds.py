"""What can wait for a second person; each room describes its own kind, settings.APPROVAL_KINDS names them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from scrm.core.approvals.models import Approval
from scrm.core.exceptions import NotFound

Payload = dict[str, Any]
# Where a payload keeps what its object was when it was asked for.
STAMP = "stamp"


@dataclass(frozen=True)
class Fact:
    """One line of what is asked for; `before` is None where nothing is replaced."""

    name: str
    value: str
    before: str | None = None


def nothing(_approval: Approval, _actor: Any) -> None:
    """Do nothing: the approval itself is what was asked for."""


def nowhere(_payload: Payload) -> str:
    """Have no page."""
    return ""


def unchanging(_payload: Payload) -> str:
    """Be of an object that nothing else changes while it waits."""
    return ""


@dataclass(frozen=True)
class Kind:
    """How one kind of act is shown, decided and done.

    permission: who decides, beside the whole company as reach; facts: what both read; granted: does it, in the
    deciding transaction (raises ScrmError when it cannot be done any more); turned_down: refused, taken
    back or expired (actor None); page: where the object is seen; used_within: set where the approval allows
    its asker one act later instead of doing something at once.
    """

    code: str
    title: Promise
    permission: str
    facts: Callable[[Payload], list[Fact]]
    granted: Callable[[Approval, Any], None] = nothing
    turned_down: Callable[[Approval, Any], None] = nothing
    stamp: Callable[[Payload], str] = unchanging
    page: Callable[[Payload], str] = nowhere
    lifetime: timedelta = timedelta(days=7)
    used_within: timedelta | None = None


def kinds() -> dict[str, Kind]:
    """Return every kind by its code."""
    return _loaded(tuple(settings.APPROVAL_KINDS))


def kind_of(approval: Approval) -> Kind:
    """Return an approval's kind; raises NotFound for one that this version does not know."""
    found = kinds().get(approval.kind)
    if found is None:
        raise NotFound(_("This version does not know the kind %(kind)s.") % {"kind": approval.kind})
    return found


def is_stale(approval: Approval) -> bool:
    """Whether the object changed since it was asked for."""
    stamped = str(approval.payload.get(STAMP, ""))
    return bool(stamped) and stamped != kind_of(approval).stamp(approval.payload)


@lru_cache(maxsize=4)
def _loaded(paths: tuple[str, ...]) -> dict[str, Kind]:
    loaded: list[Kind] = [import_string(path) for path in paths]
    return {kind.code: kind for kind in loaded}
