"""The library: categories, materials, and the files behind them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.core.files.storage import Storage, default_storage
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from scrm.core.ids import uuid7


def chosen_storage() -> Storage:
    """Return the storage of the settings; a callable, so that migrations name no folder."""
    return default_storage


def place_of(stored: "StoredFile", _filename: str) -> str:
    """Return where a file lies: our own id, never a name somebody sent."""
    return f"materials/{stored.pk.hex[-2:]}/{stored.pk.hex}.{stored.extension}"


def thumb_place_of(stored: "StoredFile", _filename: str) -> str:
    """Return where a picture's small copy lies."""
    return f"materials/{stored.pk.hex[-2:]}/{stored.pk.hex}.thumb.jpg"


class Category(models.Model):
    """A shelf of the library; one level below another is enough for a chain."""

    name = models.CharField(_("name"), max_length=30)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            models.UniqueConstraint(
                fields=["parent", "name"], name="materials_category_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        """Name the shelf."""
        return self.name


class StoredFile(models.Model):
    """A file as we keep it: a picture drawn anew, a video or document known by its own bytes.

    `token` is its address for customers' phones, which send no cookie: 128 random bits, nothing to guess.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", _("picture")
        VIDEO = "video", _("video")
        FILE = "file", _("document")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    token = models.CharField(_("address"), max_length=22, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    filename = models.CharField(_("file name"), max_length=120)
    extension = models.CharField(_("extension"), max_length=5)
    content_type = models.CharField(_("content type"), max_length=100)
    size = models.PositiveIntegerField(_("bytes"))
    width = models.PositiveIntegerField(_("width"), default=0)
    height = models.PositiveIntegerField(_("height"), default=0)
    sha256 = models.CharField(max_length=64, db_index=True, editable=False)
    content = models.FileField(_("content"), storage=chosen_storage, upload_to=place_of)
    thumb = models.FileField(
        _("small copy"), storage=chosen_storage, upload_to=thumb_place_of, blank=True
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")

    def __str__(self) -> str:
        """Name the file."""
        return self.filename


class MaterialQuerySet(models.QuerySet["Material"]):
    """Questions to sets of materials."""

    def sendable(self, at: datetime | None = None) -> "MaterialQuerySet":
        """Keep what may be shown and sent now: published and within its validity."""
        at = at or timezone.now()
        begun = Q(valid_from=None) | Q(valid_from__lte=at)
        not_over = Q(valid_until=None) | Q(valid_until__gt=at)
        return self.filter(begun, not_over, status=Material.Status.PUBLISHED)


class Material(models.Model):
    """One thing a guide may send. `units` empty: every store sees it."""

    class Kind(models.TextChoices):
        TEXT = "text", _("plain text")
        IMAGE = "image", _("picture")
        POSTER = "poster", _("poster")
        LINK = "link", _("link")
        ARTICLE = "article", _("article")
        MINI_PROGRAM = "mini_program", _("mini program")
        VIDEO = "video", _("video")
        FILE = "file", _("document")

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        REVIEW = "review", _("waits for a reviewer")
        PUBLISHED = "published", _("published")
        REFUSED = "refused", _("refused by the reviewer")
        ARCHIVED = "archived", _("archived")

    kind = models.CharField(_("type"), max_length=12, choices=Kind)
    title = models.CharField(_("title"), max_length=64)
    summary = models.CharField(_("summary"), max_length=120, blank=True)
    category = models.ForeignKey(
        Category, models.PROTECT, null=True, blank=True, related_name="materials"
    )
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.DRAFT)
    text = models.TextField(_("text"), blank=True)
    # Cleaned HTML (articles.py); never written by anything else.
    body = models.TextField(_("article"), blank=True)
    url = models.CharField(_("address"), max_length=1024, blank=True)
    appid = models.CharField(_("mini program's id"), max_length=32, blank=True)
    page = models.CharField(_("page of the mini program"), max_length=512, blank=True)
    file = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="materials"
    )
    cover = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, blank=True, related_name="covered"
    )
    units = models.ManyToManyField(
        OrgUnit, verbose_name=_("visible to"), blank=True, related_name="materials"
    )
    valid_from = models.DateTimeField(_("valid from"), null=True, blank=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    # What the word list found when it was last handed in: [{"word": …, "reason": …}].
    findings = models.JSONField(_("findings"), default=list, blank=True)
    handed_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    check_note = models.CharField(_("reviewer's note"), max_length=300, blank=True)
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    objects = MaterialQuerySet.as_manager()

    TONES: ClassVar[dict[str, str]] = {
        Status.PUBLISHED: "ok", Status.REVIEW: "warn", Status.REFUSED: "bad", Status.DRAFT: "info",
    }  # fmt: skip

    class Meta:
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_from=None)
                | Q(valid_until=None)
                | Q(valid_until__gt=models.F("valid_from")),
                name="materials_material_valid_order",
            ),
            models.CheckConstraint(
                condition=~Q(kind="link") | ~Q(url=""), name="materials_material_link_has_address"
            ),
        ]
        indexes = [models.Index(fields=["status", "kind", "-id"], name="materials_material_list")]

    def __str__(self) -> str:
        """Name the material."""
        return self.title

    @property
    def tone(self) -> str:
        """Return the colour class of the status."""
        return "warn" if self.is_over else self.TONES.get(self.status, "off")

    @property
    def is_over(self) -> bool:
        """Return whether its time has passed."""
        return self.valid_until is not None and self.valid_until <= timezone.now()

    @property
    def picture_id(self) -> UUID | None:
        """Return the file that stands for it on cards: its cover, or itself when it is a picture."""
        if self.cover_id:
            return self.cover_id
        return self.file_id if self.kind in (self.Kind.IMAGE, self.Kind.POSTER) else None

    @property
    def picture(self) -> StoredFile | None:
        """Return the picture that stands for it on cards."""
        if self.cover_id:
            return self.cover
        return self.file if self.picture_id else None

    @property
    def is_tracked(self) -> bool:
        """Return whether it is sent as a page of ours: a text or a mini program is not."""
        return self.kind not in (self.Kind.TEXT, self.Kind.MINI_PROGRAM)


class Favourite(models.Model):
    """A guide keeps a material at hand."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    material = models.ForeignKey(Material, models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        constraints = [
            models.UniqueConstraint(fields=["member", "material"], name="materials_favourite_once")
        ]

    def __str__(self) -> str:
        """Name both ids."""
        return f"{self.member_id} {self.material_id}"
