"""Store what IT enters (encrypted, audited, never read back) and run the self-tests."""

import secrets
import string
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from scrm.core import credentials
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, NotFound, ValidationFailed
from scrm.core.setup_models import (
    SetupResult,
    StepPicture,
    VerifyFile,
    WeComCallbackKey,
    WeComCredential,
)
from scrm.setup import checks
from scrm.setup.pictures import Drawn
from scrm.setup.selectors import CHANGED, LABELS, STORED_BY_STEP, latest
from scrm.setup.steps import BY_KEY, TESTED

Slot = WeComCallbackKey.Slot
ALPHABET = string.ascii_letters + string.digits
TOKEN_LENGTH, AES_KEY_LENGTH = 24, 43
MOST_FILES = 10
ARCHIVE_KEY = "archive.private_key"


def credentials_set(*, actor: Any, values: Mapping[str, str]) -> list[str]:
    """Store the given values by name, leaving empty ones as they are; returns the names that changed.

    Raises Conflict where the environment sets a value or the console may hold none, ValidationFailed for an
    unknown name.
    """
    given = {name: value.strip() for name, value in values.items() if value.strip()}
    for name in given:
        if name not in LABELS:
            raise ValidationFailed(_("There is no such credential."))
        _refuse_environment(credentials.in_environment(name), name)
    with transaction.atomic():
        _one_at_a_time()
        for name, value in given.items():
            _credential_store(actor, name, value)
        if given:
            audit.record(
                actor=actor,
                action="setup.credentials_set",
                target="setup:credentials",
                after={"names": sorted(given)},
            )
            for step, names in STORED_BY_STEP.items():
                if given.keys() & set(names):
                    _outdate(actor, step)
    credentials.forget()
    return sorted(given)


def _credential_store(actor: Any, name: str, value: str) -> None:
    row = WeComCredential.objects.filter(name=name).first() or WeComCredential(name=name)
    row.value = value
    row.set_at, row.set_by = timezone.now(), actor
    row.save()


def credential_remove(*, actor: Any, name: str) -> None:
    """Forget one stored value; raises NotFound where none is stored."""
    with transaction.atomic():
        removed, _rows = WeComCredential.objects.filter(name=name).delete()
        if not removed:
            raise NotFound(_("Nothing is stored under this name."))
        audit.record(
            actor=actor,
            action="setup.credential_remove",
            target="setup:credentials",
            before={"names": [name]},
        )
        for step, names in STORED_BY_STEP.items():
            if name in names:
                _outdate(actor, step)
    credentials.forget()


def _refuse_environment(is_there: bool, name: str) -> None:  # noqa: FBT001 -- one fact, said by its caller
    if is_there:
        raise Conflict(
            _("This value comes from the server's environment (%(name)s); change it there.")
            % {"name": credentials.ENVIRONMENT_NAMES.get(name, name)}
        )
    if not settings.WECOM_CONSOLE_CREDENTIALS:
        raise Conflict(
            _(
                "This installation keeps its WeCom credentials in the environment only (SCRM_CONSOLE_CREDENTIALS=0)."
            )
        )


def keys_generate(*, actor: Any, app: str) -> tuple[str, str]:
    """Make and store a callback key pair; returns token and AES key, the only time they can be read."""
    token = "".join(secrets.choice(ALPHABET) for _letter in range(TOKEN_LENGTH))
    aes_key = "".join(secrets.choice(ALPHABET) for _letter in range(AES_KEY_LENGTH))
    _keys_check(app, token, aes_key)
    _keys_store(actor, app, token, aes_key, is_generated=True)
    return token, aes_key


def keys_set(*, actor: Any, app: str, token: str, aes_key: str) -> WeComCallbackKey:
    """Make a pair the current one of an app; the pair WeCom uses now stays good as the previous one.

    A current pair that WeCom never used is replaced, not kept: only two can be good at a time. Raises
    Conflict where the environment sets the keys or both pairs may be in use, NotFound for an unknown app,
    ValidationFailed for a malformed pair.
    """
    _keys_check(app, token, aes_key)
    return _keys_store(actor, app, token, aes_key)


def _keys_check(app: str, token: str, aes_key: str) -> None:
    if app not in settings.WECOM_APPS:
        raise NotFound(_("There is no WeCom app named %(app)s in the settings.") % {"app": app})
    _refuse_environment(credentials.keys_in_environment(app), f"{app}.aes_key")
    if not checks.usable_key(token, aes_key):
        raise ValidationFailed(
            _("EncodingAESKey has exactly 43 letters and digits; Token must not be empty.")
        )


def keys_take(*, actor: Any, app: str) -> None:
    """Store the environment's pair as the current one, so that it stays good when the environment loses it.

    Raises Conflict where the environment sets no complete pair, the console may hold none, or both stored
    pairs may be in use.
    """
    token, aes_key = (credentials.value_of(f"{app}.{part}") for part in ("token", "aes_key"))
    if not (credentials.in_environment(f"{app}.token") and token and aes_key):
        raise Conflict(_("The environment sets no keys for this app."))
    _refuse_environment(False, f"{app}.aes_key")
    # It is the one in force: as good as proven, or the next pair would drop it.
    _keys_store(actor, app, token, aes_key, verified_at=timezone.now())


def _keys_store(actor: Any, app: str, token: str, aes_key: str, **facts: Any) -> WeComCallbackKey:
    with transaction.atomic():
        _one_at_a_time()
        current = WeComCallbackKey.objects.filter(app=app, slot=Slot.CURRENT).first()
        if current is not None and current.is_pair(token, aes_key):
            return current
        kept = _make_room(app)
        pair = WeComCallbackKey.objects.create(
            app=app,
            token=token,
            aes_key=aes_key,
            made_by=actor,
            made_at=timezone.now(),
            **facts,
        )
        audit.record(
            actor=actor,
            action="setup.keys_set",
            target=f"callback_keys:{app}",
            after={"app": app, "previous_stays_good": kept},
        )
    credentials.forget()
    return pair


def _make_room(app: str) -> bool:
    """Free the current slot; tell whether a previous pair stays good.

    A pair that WeCom may still use is never dropped here: raises Conflict instead.
    """
    # Locked, for WeCom may prove one of them at this moment.
    pairs = {
        pair.slot: pair
        for pair in WeComCallbackKey.objects.select_for_update().filter(app=app).order_by("slot")
    }
    current, previous = pairs.get(Slot.CURRENT), pairs.get(Slot.PREVIOUS)
    if previous is not None and not previous.is_proven and previous.is_generated:
        previous.delete()
        previous = None
    if current is None:
        return previous is not None
    if not current.is_proven and (current.is_generated or (previous and previous.is_proven)):
        current.delete()
        return previous is not None
    if previous is not None:
        if not current.has_replaced(previous):
            raise Conflict(
                _(
                    "WeCom may still use either of the two keys. "
                    "Stop the previous key first, if WeCom no longer has it."
                ),
                code="keys_in_use",
            )
        previous.delete()
    WeComCallbackKey.objects.filter(pk=current.pk).update(slot=Slot.PREVIOUS)
    return True


def keys_stop_previous(*, actor: Any, app: str) -> None:
    """End the previous pair of an app; raises NotFound where there is none."""
    with transaction.atomic():
        _one_at_a_time()
        removed, _rows = WeComCallbackKey.objects.filter(app=app, slot=Slot.PREVIOUS).delete()
        if not removed:
            raise NotFound(_("There is no previous key."))
        audit.record(
            actor=actor,
            action="setup.keys_stop",
            target=f"callback_keys:{app}",
            before={"app": app},
        )
    credentials.forget()


def archive_key_make(*, actor: Any) -> None:
    """Make the RSA pair of the session archive (2048 bits, doc 91774); raises Conflict where one is stored.

    The private half opens all messages sent while its public half stood in WeCom: it is never replaced here.
    """
    if credentials.value_of(ARCHIVE_KEY):
        raise Conflict(_("There is a key pair already; messages of its time need it."))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    credentials_set(actor=actor, values={ARCHIVE_KEY: pem})


def file_add(*, actor: Any, name: str, content: str) -> VerifyFile:
    """Serve a WW_verify file at the root; one of the same name is replaced. Raises Conflict for too many."""
    with transaction.atomic():
        _one_at_a_time()
        others = VerifyFile.objects.exclude(name=name).count()
        if others >= MOST_FILES:
            raise Conflict(_("There are ten files already; remove one that is no longer used."))
        file, _made = VerifyFile.objects.update_or_create(
            name=name,
            defaults={"content": content, "added_at": timezone.now(), "added_by": actor},
        )
        audit.record(
            actor=actor,
            action="setup.file_add",
            target=f"verify_file:{file.pk}",
            after={"name": name, "content": content},
        )
    return file


def file_remove(*, actor: Any, file: VerifyFile) -> None:
    """Serve a file no longer."""
    with transaction.atomic():
        audit.record(
            actor=actor,
            action="setup.file_remove",
            target=f"verify_file:{file.pk}",
            before={"name": file.name, "content": file.content},
        )
        file.delete()
        _outdate(actor, "domain")


def picture_set(*, actor: Any, step: str, picture: Drawn, caption: str) -> StepPicture:
    """Put a picture beside a step in place of the one there; raises NotFound for an unknown step."""
    if step not in BY_KEY:
        raise NotFound(_("There is no such step."))
    with transaction.atomic():
        _one_at_a_time()
        row = StepPicture.objects.defer("content").filter(step=step).first()
        before = {"caption": row.caption, "added_at": row.added_at.isoformat()} if row else None
        row = row or StepPicture(step=step)
        row.content, row.content_type = picture.content, picture.content_type
        row.width, row.height, row.caption = picture.width, picture.height, caption
        row.added_at, row.added_by = timezone.now(), actor
        row.save()
        audit.record(
            actor=actor,
            action="setup.picture_set",
            target=f"setup:{step}",
            before=before,
            after={"caption": caption, "bytes": len(picture.content)},
        )
    return row


def picture_remove(*, actor: Any, step: str) -> None:
    """Take a step's picture away; raises NotFound where there is none."""
    with transaction.atomic():
        row = StepPicture.objects.defer("content").filter(step=step).first()
        if row is None:
            raise NotFound(_("This step has no picture."))
        audit.record(
            actor=actor,
            action="setup.picture_remove",
            target=f"setup:{step}",
            before={"caption": row.caption, "added_at": row.added_at.isoformat()},
        )
        row.delete()


def _outdate(actor: Any, step: str) -> None:
    """Put a "test again" before a step's last result, and before that of all tests: what they saw has changed."""
    newest = latest()
    for key in (step, "report"):
        if key in newest and newest[key].code != CHANGED:
            SetupResult.objects.create(
                step=key, outcome=SetupResult.Outcome.WARNING, code=CHANGED, by=actor
            )


def test_run(*, actor: Any, step: str) -> SetupResult:
    """Run the self-test of a step and keep its outcome; raises NotFound for a step without one."""
    check = checks.CHECKS.get(step)
    if check is None:
        raise NotFound(_("This step has no test."))
    return _keep(actor, step, check())


def test_run_all(*, actor: Any) -> SetupResult:
    """Run every self-test in order and keep the outcomes; returns the sum of them."""
    found = [test_run(actor=actor, step=step) for step in TESTED]
    counts: dict[str, int] = {
        outcome.value: sum(row.outcome == outcome for row in found)
        for outcome in SetupResult.Outcome
    }
    if counts["bad"]:
        total = checks.Checked(checks.BAD, "all_bad", {**counts})
    elif counts["warning"]:
        total = checks.Checked(checks.WARNING, "all_watch", {**counts})
    else:
        total = checks.Checked(checks.GOOD, "all_good", {**counts})
    return _keep(actor, "report", total)


def _keep(actor: Any, step: str, found: checks.Checked) -> SetupResult:
    with transaction.atomic():
        result = SetupResult.objects.create(
            step=step, outcome=found.outcome, code=found.code, data=found.data, by=actor
        )
        audit.record(
            actor=actor,
            action="setup.test",
            target=f"setup:{step}",
            after={"outcome": found.outcome.value, "code": found.code},
        )
    return result


def _one_at_a_time() -> None:
    """Two people must not change the credentials at once: until the transaction's end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('setup', 3))")
