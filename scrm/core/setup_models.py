"""What IT enters and proves while a corp is connected: credentials, callback keys, files, test results."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from scrm.core.crypto import DecryptionError
from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedBytesField, EncryptedTextField
from scrm.core.ids import uuid7

UNTIL_REPLACED = gettext_noop("until replaced or removed")


class WeComCredential(models.Model):
    """One id or secret entered in the console; one that the environment sets too is not used."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # "corp_id", "<app>.agent_id", "<app>.secret", "archive.private_key".
    name = models.CharField(_("name"), max_length=64, unique=True)
    value = EncryptedTextField[str, str](_("value"))
    set_at = models.DateTimeField(_("stored at"), default=timezone.now)
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    data_map: ClassVar[dict[str, DataUse]] = {
        "value": DataUse("calls to WeCom", "secret", UNTIL_REPLACED),
    }

    class Meta:
        verbose_name = _("WeCom credential")
        verbose_name_plural = _("WeCom credentials")

    def __str__(self) -> str:
        """Name the row without its secret."""
        return self.name


class WeComCallbackKey(models.Model):
    """Token and AES key of an app's callbacks; the previous pair stays good until it is stopped."""

    class Slot(models.IntegerChoices):
        """Which of the two pairs of an app."""

        CURRENT = 1, _("current")
        PREVIOUS = 2, _("previous")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    app = models.CharField(_("app"), max_length=32)
    slot = models.PositiveSmallIntegerField(
        _("key pair"), choices=Slot.choices, default=Slot.CURRENT
    )
    token = EncryptedTextField[str, str](_("token"))
    aes_key = EncryptedTextField[str, str](_("AES key"))
    made_at = models.DateTimeField(_("made at"), default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # When WeCom itself first proved that it has this pair, and (to a minute) when it last delivered with it.
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    # Made here: then WeCom cannot have it without having verified it. One that was entered it may have had before.
    is_generated = models.BooleanField(_("made here"), default=False)

    data_map: ClassVar[dict[str, DataUse]] = {
        "token": DataUse("check that callbacks come from WeCom", "secret", UNTIL_REPLACED),
        "aes_key": DataUse("decrypt callbacks", "secret", UNTIL_REPLACED),
    }

    class Meta:
        verbose_name = _("callback key")
        verbose_name_plural = _("callback keys")
        constraints = [
            models.UniqueConstraint(fields=["app", "slot"], name="core_callback_key_one_a_slot"),
            models.CheckConstraint(
                condition=models.Q(slot__in=(1, 2)), name="core_callback_key_slot_known"
            ),
        ]

    def __str__(self) -> str:
        """Name the row without its secrets."""
        return f"{self.app} {self.get_slot_display()}"

    @property
    def is_proven(self) -> bool:
        """Return whether WeCom ever showed that it has this pair."""
        return self.verified_at is not None or self.used_at is not None

    def has_replaced(self, previous: "WeComCallbackKey") -> bool:
        """Return whether WeCom delivered with this pair last, and not with the previous one."""
        last = previous.used_at or previous.verified_at or previous.made_at
        return self.used_at is not None and self.used_at > last

    def is_pair(self, token: str, aes_key: str) -> bool:
        """Return whether this is the given pair; one that cannot be read is not."""
        try:
            return (self.token, self.aes_key) == (token, aes_key)
        except DecryptionError:
            return False


class CallbackCheck(models.Model):
    """One verification request (GET) of a callback address, as the set-up page shows it; the newest few are kept."""

    class Outcome(models.TextChoices):
        """How far the request came."""

        ANSWERED = "answered", _("answered")
        NO_KEYS = "no_keys", _("no key here yet")
        INCOMPLETE = "incomplete", _("parameters are missing")
        SIGNATURE = "signature", _("signature does not match")
        DECRYPTION = "decryption", _("cannot be decrypted")
        CORP = "corp", _("another corp id")

    app = models.CharField(_("app"), max_length=32)
    at = models.DateTimeField(_("at"), default=timezone.now)
    outcome = models.CharField(_("outcome"), max_length=16, choices=Outcome.choices)
    address = models.CharField(_("from address"), max_length=45, blank=True)
    with_slash = models.BooleanField(_("address ends with a slash"), default=True)
    own = models.BooleanField(_("our own test"), default=False)

    data_map: ClassVar[dict[str, DataUse]] = {
        "address": DataUse(
            "show from where a verification came", "behaviour", "the newest 40 of an app"
        ),
    }

    class Meta:
        verbose_name = _("callback verification")
        verbose_name_plural = _("callback verifications")
        indexes = [models.Index(fields=["app", "-id"], name="core_callback_check_newest")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    outcome__in=(
                        "answered",
                        "no_keys",
                        "incomplete",
                        "signature",
                        "decryption",
                        "corp",
                    )
                ),
                name="core_callback_check_outcome_known",
            )
        ]

    def __str__(self) -> str:
        return f"{self.app} {self.outcome}"


class VerifyFile(models.Model):
    """A WW_verify_….txt that WeCom looks for at the root of the trusted domain; public by its nature."""

    name = models.CharField(_("file name"), max_length=80, unique=True)
    content = models.CharField(_("content"), max_length=256)
    added_at = models.DateTimeField(_("added"), default=timezone.now)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("domain verification file")
        verbose_name_plural = _("domain verification files")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(name__regex=r"^WW_verify_[A-Za-z0-9]{1,64}\.txt$"),
                name="core_verify_file_name",
            )
        ]

    def __str__(self) -> str:
        return self.name


class StepPicture(models.Model):
    """A picture of the company's own WeCom page, shown beside a set-up step; one a step.

    Encrypted: a screenshot of an app's page may show its Secret.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    step = models.CharField(_("step"), max_length=16, unique=True)
    caption = models.CharField(_("what the picture shows"), max_length=120)
    content = EncryptedBytesField[bytes, bytes](_("picture"))
    content_type = models.CharField(_("kind"), max_length=16)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    added_at = models.DateTimeField(_("added"), default=timezone.now)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    data_map: ClassVar[dict[str, DataUse]] = {
        "content": DataUse(
            "show where to click in WeCom's admin console", "secret", UNTIL_REPLACED
        ),
    }

    class Meta:
        verbose_name = _("picture of a set-up step")
        verbose_name_plural = _("pictures of set-up steps")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(content_type__in=("image/png", "image/jpeg")),
                name="core_step_picture_kind_known",
            )
        ]

    def __str__(self) -> str:
        return self.step


class SetupResult(models.Model):
    """The outcome of one self-test of a set-up step; append-only, the newest of a step counts.

    `code` and `data` make the words, so that each reader sees them in their own language.
    """

    class Outcome(models.TextChoices):
        """How a self-test ended."""

        GOOD = "good", _("Good")
        WARNING = "warning", _("Watch")
        BAD = "bad", _("Broken")
        UNUSED = "unused", _("Not used")

    step = models.CharField(_("step"), max_length=16)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome.choices)
    code = models.CharField(_("code"), max_length=48)
    data = models.JSONField(_("details"), default=dict)
    at = models.DateTimeField(_("at"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        verbose_name = _("set-up test")
        verbose_name_plural = _("set-up tests")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(outcome__in=("good", "warning", "bad", "unused")),
                name="core_setup_result_outcome_known",
            )
        ]
        indexes = [models.Index(fields=["step", "-id"], name="core_setup_result_newest")]

    def __str__(self) -> str:
        return f"{self.step} {self.code}"
