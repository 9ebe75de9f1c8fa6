"""How far the set-up is: the newest result of each step, what is stored, who came to verify."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scrm.core import credentials, own_address
from scrm.core.crypto import DecryptionError
from scrm.core.setup_models import (
    CallbackCheck,
    SetupResult,
    StepPicture,
    VerifyFile,
    WeComCallbackKey,
    WeComCredential,
)
from scrm.inbox.selectors import last_received_at
from scrm.setup.steps import NEEDED, STEPS, Step

HISTORY = 5
# The code of a result that stands for "what was tested is no longer what holds".
CHANGED = "changed"
CHECKS_SHOWN = 8
# A tail of a short secret would be half of it.
TAIL, TAIL_FROM = 4, 16
LABELS: dict[str, Promise] = {
    "corp_id": _("Corp id"),
    "scrm.agent_id": _("AgentId"),
    "scrm.secret": _("Secret of the app"),
    "contacts.secret": _("Secret of the address book"),
    "archive.secret": _("Secret of the session archive"),
    "archive.private_key": _("Private key of the session archive"),
}
STORED_BY_STEP = {
    "corp": ("corp_id",),
    "app": ("scrm.agent_id", "scrm.secret"),
    "contacts": ("contacts.secret",),
    "paid": ("archive.secret", "archive.private_key"),
}
PLAIN = frozenset({"corp_id", "scrm.agent_id"})


@dataclass(frozen=True)
class StoredValue:
    """What may be shown of a credential: ids whole, secrets by their last characters."""

    name: str
    label: Promise
    shown: str
    variable: str
    set_at: datetime | None
    set_by: Any
    unreadable: bool

    @property
    def is_set(self) -> bool:
        """Whether there is a value."""
        return bool(self.shown or self.unreadable)


@dataclass(frozen=True)
class KeyState:
    """What may be shown of a callback key pair."""

    pk: str
    slot: str
    is_previous: bool
    token: str
    aes_key: str
    made_at: datetime
    made_by: Any
    verified_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True)
class StepState:
    """A step with its newest result, None where it was never tested."""

    number: int
    step: Step
    result: SetupResult | None


@dataclass(frozen=True)
class Copyable:
    """A value to paste into WeCom's admin console."""

    label: Promise
    value: str


def latest() -> dict[str, SetupResult]:
    """Return the newest result of each step."""
    rows = SetupResult.objects.select_related("by").order_by("step", "-id").distinct("step")
    return {row.step: row for row in rows}


def states() -> list[StepState]:
    """Return all steps in order, each with its newest result."""
    newest = latest()
    return [
        StepState(number, step, newest.get(step.key)) for number, step in enumerate(STEPS, start=1)
    ]


def history(step: str) -> QuerySet[SetupResult]:
    """Return the newest few results of a step."""
    return SetupResult.objects.filter(step=step).select_related("by").order_by("-id")[:HISTORY]


def is_connected() -> bool:
    """Tell whether every needed step was tested and none of them is broken."""
    rows = list(
        SetupResult.objects.filter(step__in=NEEDED)
        .order_by("step", "-id")
        .distinct("step")
        .values_list("outcome", "code")
    )
    broken = any(outcome == SetupResult.Outcome.BAD or code == CHANGED for outcome, code in rows)
    return len(rows) == len(NEEDED) and not broken


def stored_values(step: str) -> list[StoredValue]:
    """Return what a step stores, without a secret."""
    names = STORED_BY_STEP.get(step, ())
    rows = {
        row.name: row
        for row in WeComCredential.objects.filter(name__in=names).select_related("set_by")
    }
    return [_stored(name, rows.get(name)) for name in names]


def _stored(name: str, row: WeComCredential | None) -> StoredValue:
    if credentials.in_environment(name):
        value = credentials.value_of(name)
        variable = credentials.ENVIRONMENT_NAMES[name]
        return StoredValue(name, LABELS[name], _shown(name, value), variable, None, None, False)
    opened = _opened(row)
    return StoredValue(
        name,
        LABELS[name],
        _shown(name, opened or ""),
        "",
        row.set_at if row else None,
        row.set_by if row else None,
        opened is None,
    )


def _opened(row: WeComCredential | None) -> str | None:
    try:
        return row.value if row else ""
    except DecryptionError:
        return None


def _shown(name: str, value: str) -> str:
    if name in PLAIN or not value:
        return value
    return tail_of(value)


def tail_of(secret: str) -> str:
    """Return a secret as it may be shown: dots and, of a long one, its last four characters."""
    return "••••" + (secret[-TAIL:] if len(secret) >= TAIL_FROM and "\n" not in secret else "")


def keys_of(app: str) -> list[KeyState]:
    """Return an app's stored callback key pairs, the current one first, without the keys."""
    found = []
    for row in WeComCallbackKey.objects.filter(app=app).select_related("made_by").order_by("slot"):
        try:
            token, aes_key = tail_of(row.token), tail_of(row.aes_key)
        except DecryptionError:
            token = aes_key = ""
        found.append(
            KeyState(
                str(row.pk),
                row.get_slot_display(),
                row.slot == WeComCallbackKey.Slot.PREVIOUS,
                token,
                aes_key,
                row.made_at,
                row.made_by,
                row.verified_at,
                row.used_at,
            )
        )
    return found


def environment_key(app: str) -> str:
    """Return the tail of the environment's AES key, "" where the environment sets none."""
    return (
        tail_of(credentials.value_of(f"{app}.aes_key"))
        if credentials.keys_in_environment(app)
        else ""
    )


def files() -> QuerySet[VerifyFile]:
    """Return the domain verification files, newest first."""
    return VerifyFile.objects.select_related("added_by").order_by("-id")


def picture_of(step: str) -> StepPicture | None:
    """Return what is known of a step's picture, without the picture itself."""
    return StepPicture.objects.defer("content").select_related("added_by").filter(step=step).first()


def checks_of(app: str) -> QuerySet[CallbackCheck]:
    """Return the newest verifications of an app's callback address."""
    return CallbackCheck.objects.filter(app=app).order_by("-id")[:CHECKS_SHOWN]


def wecom_came_at(app: str) -> datetime | None:
    """Return when WeCom last proved that it knows our address: an answered verification, or an event."""
    verified = (
        CallbackCheck.objects.filter(app=app, own=False, outcome=CallbackCheck.Outcome.ANSWERED)
        .order_by("-id")
        .values_list("at", flat=True)
        .first()
    )
    event = last_received_at(app)
    return max((moment for moment in (verified, event) if moment), default=None)


def seen_ip() -> str:
    """Return the address WeCom last saw us come from, "" where it never told."""
    row = (
        SetupResult.objects.filter(code="ip_refused")
        .order_by("-id")
        .values_list("data__ip", flat=True)
        .first()
    )
    return str(row or "")


def public_key() -> str:
    """Return the public half of the archive's key as PEM, "" where there is none; it is no secret."""
    private = credentials.value_of("archive.private_key")
    if not private:
        return ""
    try:
        key = load_pem_private_key(private.encode(), password=None)
    except ValueError:
        return ""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def copyables(step: str) -> list[Copyable]:
    """Return what a step pastes into WeCom."""
    base = own_address.base_url()
    match step:
        case "domain":
            return [Copyable(_("Trusted domain"), own_address.host())]
        case "callback":
            return [Copyable(_("Address (URL)"), own_address.callback_url("scrm"))]
        case "contacts":
            return [Copyable(_("Address (URL)"), own_address.callback_url("contacts"))]
        case "ip":
            return [Copyable(_("Address WeCom saw"), found)] if (found := seen_ip()) else []
        case "entries":
            pages = (
                (_("Home page of the app"), "h5:home"),
                (_("Tool bar: customer"), "h5:side_bar"),
                (_("Tool bar and attachment bar: materials"), "h5:materials_tool"),
            )
            shown = [Copyable(label, base + path) for label, name in pages if (path := _path(name))]
            return [*shown, Copyable(_("Callback domain of the log-in"), own_address.host())]
        case "paid":
            key = public_key()
            return [Copyable(_("Public key of the session archive"), key)] if key else []
    return []


def _path(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
