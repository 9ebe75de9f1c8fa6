"""Mirror of the corp's customer tags, our own tags beside them, and work on both."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse


class TagGroup(models.Model):
    """A group of corp tags; WeCom shows a bigger `order` first."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    group_id = models.CharField(_("group id"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=64)
    order = models.BigIntegerField(_("order"), default=0)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    observed_at = models.DateTimeField(_("observed at"))

    class Meta:
        verbose_name = _("tag group")
        verbose_name_plural = _("tag groups")

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A corp tag. A deleted one stays, so that old relations still read well."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    tag_id = models.CharField(_("tag id"), max_length=64, unique=True)
    group = models.ForeignKey(TagGroup, models.CASCADE, related_name="tags")
    name = models.CharField(_("name"), max_length=64)
    order = models.BigIntegerField(_("order"), default=0)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    observed_at = models.DateTimeField(_("observed at"))

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")

    def __str__(self) -> str:
        return self.name


class LocalTag(models.Model):
    """A tag of our own, on the records of persons; WeCom never hears of it."""

    data_map: ClassVar[dict[str, DataUse]] = {}

    name = models.CharField(_("name"), max_length=30)
    order = models.PositiveIntegerField(_("order"), default=0)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("local tag")
        verbose_name_plural = _("local tags")
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                condition=models.Q(deleted_at=None),
                name="customers_localtag_one_of_a_name",
            )
        ]

    def __str__(self) -> str:
        return self.name


class LocalTagMark(models.Model):
    """A local tag on an identity record (external contact or CRM member), by its id: records live above.

    A mark that was taken off stays with `removed_at`, so that a rule does not put back what a person took off.
    """

    class By(models.TextChoices):
        HUMAN = "human", _("a person")
        RULE = "rule", _("a rule")

    data_map: ClassVar[dict[str, DataUse]] = {}

    tag = models.ForeignKey(LocalTag, models.CASCADE, related_name="marks")
    record_id = models.UUIDField(_("record"))
    by = models.CharField(_("put by"), max_length=5, choices=By, default=By.HUMAN)
    # Which rule it was: rules live above. No other takes it off.
    rule_id = models.UUIDField(_("rule"), null=True, blank=True)
    marked_at = models.DateTimeField(_("marked at"), default=timezone.now)
    removed_at = models.DateTimeField(_("taken off at"), null=True, blank=True)
    removed_by = models.CharField(_("taken off by"), max_length=5, choices=By, blank=True)

    class Meta:
        verbose_name = _("local tag of a record")
        verbose_name_plural = _("local tags of records")
        constraints = [
            models.UniqueConstraint(fields=["tag", "record_id"], name="customers_localmark_once"),
            models.CheckConstraint(
                condition=models.Q(removed_at=None, removed_by="")
                | models.Q(removed_at__isnull=False) & ~models.Q(removed_by=""),
                name="customers_localmark_removed_by_whom",
            ),
        ]
        indexes = [models.Index(fields=["record_id"], name="customers_localmark_record")]

    def __str__(self) -> str:
        return f"{self.tag_id} {self.record_id}"


class PersonalTags(models.Model):
    """The tags a guide made for herself on one customer: shown, never changed. One row per relation."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "userid": DataUse("show whose own tags these are", "staff", "while a customer + 2 years"),
        "external_userid": DataUse(
            "show a guide's own tags of a customer", "identity", "while a customer + 2 years"
        ),
        "names": DataUse(
            "show a guide's own tags of a customer", "behaviour", "while a customer + 2 years"
        ),
    }

    userid = models.CharField(_("userid"), max_length=64)
    external_userid = models.CharField(_("external userid"), max_length=64)
    names = ArrayField(models.CharField(max_length=64), verbose_name=_("tags"), default=list)
    observed_at = models.DateTimeField(_("observed at"))

    class Meta:
        verbose_name = _("personal tags")
        verbose_name_plural = _("personal tags")
        constraints = [
            models.UniqueConstraint(
                fields=["external_userid", "userid"], name="customers_personaltags_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.userid} {self.external_userid}"


class TagWish(models.Model):
    """One relation of a bulk tagging job: read by the job, gone when it is over."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "userid": DataUse("tag a relation in WeCom", "staff", "until the job ends"),
        "external_userid": DataUse("tag a relation in WeCom", "identity", "until the job ends"),
    }

    job = models.ForeignKey("core.JobRun", models.CASCADE, related_name="+")
    external_userid = models.CharField(_("external userid"), max_length=64)
    userid = models.CharField(_("userid"), max_length=64)

    class Meta:
        verbose_name = _("relation to tag")
        verbose_name_plural = _("relations to tag")

    def __str__(self) -> str:
        return f"{self.job_id} {self.pk}"
