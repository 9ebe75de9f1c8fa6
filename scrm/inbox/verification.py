"""Notes each verification of a callback address, so that IT sees how far WeCom's request came."""

import logging
import time
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone

from scrm.core.middleware import client_ip
from scrm.core.own_address import OWN_NONCE, QUIET_NONCE
from scrm.core.setup_models import CallbackCheck, WeComCallbackKey
from scrm.wecom.callbacks import BadCallback, BadSignature, NoKey, OtherCorp

KEPT = 40
NOTED_EVERY = 60.0
NEEDED = ("msg_signature", "timestamp", "nonce", "echostr")

logger = logging.getLogger(__name__)


def note(request: HttpRequest, app: str, refused: BadCallback | None, *, key: str = "") -> bool:
    """Write how a verification ended, and keep the newest few of the app only; False: its key is replaced.

    WeCom must not save a key that was replaced while it asked. Nothing is written for an address that names
    no app of ours. A database that cannot take the note must not change WeCom's answer: it is logged.
    """
    nonce = request.GET.get("nonce", "")
    if app not in settings.WECOM_APPS or (refused is None and nonce.startswith(QUIET_NONCE)):
        return True
    try:
        return _write(request, app, _outcome(request, refused), key)
    except DatabaseError as error:
        logger.warning("inbox.check_not_noted", extra={"app": app, "error": type(error).__name__})
        return True


class _Uses:
    """When this process last noted that a pair is in use, so that not every delivery writes."""

    def __init__(self) -> None:
        self._noted: dict[str, float] = {}

    def is_due(self, key: str) -> bool:
        """Tell whether the use of a pair is to be noted now; then it is not again for a minute."""
        now = time.monotonic()
        if now - self._noted.get(key, -NOTED_EVERY) < NOTED_EVERY:
            return False
        self._noted[key] = now
        return True

    def forget(self, key: str = "") -> None:
        """Note the use of this pair again, or of all."""
        if key:
            self._noted.pop(key, None)
        else:
            self._noted.clear()


uses = _Uses()


def note_use(key: str) -> None:
    """Note that WeCom delivered with a stored pair: at most once a minute in a process.

    The event is stored by now, so nothing that fails here may change the answer.
    """
    if not key or not uses.is_due(key):
        return
    try:
        WeComCallbackKey.objects.filter(pk=key).update(used_at=timezone.now())
    except DatabaseError as error:
        uses.forget(key)
        logger.warning("inbox.use_not_noted", extra={"error": type(error).__name__})


def _outcome(request: HttpRequest, refused: BadCallback | None) -> CallbackCheck.Outcome:
    outcomes = CallbackCheck.Outcome
    if refused is None:
        return outcomes.ANSWERED
    if isinstance(refused, NoKey):
        return outcomes.NO_KEYS
    if not all(request.GET.get(name) for name in NEEDED):
        return outcomes.INCOMPLETE
    if isinstance(refused, BadSignature):
        return outcomes.SIGNATURE
    if isinstance(refused, OtherCorp):
        return outcomes.CORP
    return outcomes.DECRYPTION


def _write(request: HttpRequest, app: str, outcome: CallbackCheck.Outcome, key: str) -> bool:
    own = request.GET.get("nonce", "").startswith((OWN_NONCE, QUIET_NONCE))
    now = timezone.now()
    with transaction.atomic():
        newest = CallbackCheck.objects.create(
            app=app,
            at=now,
            outcome=outcome,
            address=client_ip(request)[:45],
            with_slash=request.path_info.endswith("/"),
            own=own,
        )
        is_there = own or not key or _prove(key, now)
        kept = CallbackCheck.objects.filter(app=app).order_by("-id").values("id")[:KEPT]
        CallbackCheck.objects.filter(app=app, id__lt=newest.pk).exclude(id__in=kept).delete()
    return is_there


def _prove(key: str, now: datetime) -> bool:
    """Note that WeCom verified with a stored pair; False: the pair is gone."""
    pair = WeComCallbackKey.objects.filter(pk=key)
    return bool(pair.filter(verified_at=None).update(verified_at=now)) or pair.exists()
