"""Mirror of WeCom's address book, and the employees the OA told us about."""

from datetime import date
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from scrm.core.data_map import DataUse
from scrm.core.fields import EncryptedTextField
from scrm.core.ids import uuid7

ROOT_DEPARTMENT_ID = 1


class Department(models.Model):
    """A department as WeCom has it; `oa_code` ties it to the OA's department."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("company")
        REGION = "region", _("region")
        BRANCH = "branch", _("branch")
        DEALER = "dealer", _("dealer")
        STORE = "store", _("store")
        DEPARTMENT = "department", _("department")

    department_id = models.PositiveBigIntegerField(_("department id"), unique=True)
    name = models.CharField(_("name"), max_length=64, blank=True)
    parent_department_id = models.PositiveBigIntegerField(_("parent"), default=0, db_index=True)
    order = models.PositiveBigIntegerField(_("order"), default=0)
    oa_code = models.CharField(_("OA code"), max_length=64, null=True, blank=True, unique=True)
    # What the OA says this department is; contacts.org makes its tree from it.
    oa_kind = models.CharField(_("kind in the OA"), max_length=12, blank=True, choices=Kind)
    store_code = models.CharField(_("store code"), max_length=64, blank=True)
    # Path of the organisation unit this department is; written by contacts.org, which lives above.
    unit_path = models.CharField(_("path of its unit"), max_length=255, blank=True)
    # Place in the organisation tree: the nearest unit's path, this department's or one above it.
    org_path = models.CharField(_("organisation path"), max_length=255, blank=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    observed_at = models.DateTimeField(_("observed at"), null=True, blank=True)
    # What we last wrote, or took over as it was; the columns above say what WeCom says.
    written_code = models.CharField(
        _("OA code as written"), max_length=64, blank=True, default="", db_default=""
    )
    written_name = models.CharField(
        _("name as written"), max_length=64, blank=True, default="", db_default=""
    )
    written_parent_id = models.PositiveBigIntegerField(
        _("parent as written"), default=0, db_default=0
    )
    written_at = models.DateTimeField(_("written at"), null=True, blank=True)

    class Meta:
        verbose_name = _("department")
        verbose_name_plural = _("departments")

    def __str__(self) -> str:
        return self.name or str(self.department_id)


class Employee(models.Model):
    """A person in the OA, by job number."""

    class State(models.TextChoices):
        ACTIVE = "active", _("employed")
        LEFT = "left", _("left the company")

    class Gender(models.TextChoices):
        UNKNOWN = "", _("not given")
        MALE = "1", _("male")
        FEMALE = "2", _("female")

    data_map: ClassVar[dict[str, DataUse]] = {
        "job_number": DataUse("tell employees apart", "staff", "employment + 2 years"),
        "name": DataUse("name the account in WeCom", "staff", "employment + 2 years"),
        "gender": DataUse("account data in WeCom", "staff", "employment + 2 years"),
        "phone": DataUse("invite the employee to WeCom", "staff", "employment + 30 days"),
        "phone_index": DataUse("find an employee by phone", "staff", "employment + 30 days"),
        "leader_job_number": DataUse("direct leader in WeCom", "staff", "employment + 2 years"),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    job_number = models.CharField(_("job number"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=64)
    gender = models.CharField(_("gender"), max_length=1, blank=True, choices=Gender)
    phone = EncryptedTextField(_("phone"), default="", blank=True)
    phone_index = models.BinaryField(_("phone index"), max_length=32, null=True, db_index=True)
    post = models.CharField(_("post"), max_length=128, blank=True)
    department_code = models.CharField(_("department code"), max_length=64, blank=True)
    leader_job_number = models.CharField(_("leader's job number"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ACTIVE)
    effective_on = models.DateField(_("effective on"), null=True, blank=True)
    # Known to leave on a later day: employed until then, and left on that day (`leaves_take_effect`).
    leaves_on = models.DateField(_("leaves on"), null=True, blank=True)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    class Meta:
        verbose_name = _("employee")
        verbose_name_plural = _("employees")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(leaves_on=None) | models.Q(state="active"),
                name="contacts_employee_leaves_once",
            )
        ]
        indexes = [
            models.Index(
                fields=["leaves_on"],
                condition=models.Q(leaves_on__isnull=False),
                name="contacts_employee_leaves",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.job_number}"


class Employment(models.Model):
    """A stretch of days somebody is employed, as the OA dates it; rehired is a second one.

    `began_on` is the first day, `ended_on` the first day no longer. `waits` until whoever judges sales by
    these days has looked at what changed.
    """

    data_map: ClassVar[dict[str, DataUse]] = {}

    employee = models.ForeignKey(Employee, models.CASCADE, related_name="employments")
    began_on = models.DateField(_("began on"))
    ended_on = models.DateField(_("ended on"), null=True, blank=True)
    waits = models.BooleanField(_("not looked at yet"), default=True)

    class Meta:
        verbose_name = _("employment")
        verbose_name_plural = _("employments")
        constraints = [
            models.UniqueConstraint(
                fields=["employee"],
                condition=models.Q(ended_on=None),
                name="contacts_employment_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_on=None) | models.Q(ended_on__gte=models.F("began_on")),
                name="contacts_employment_in_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(waits=True), name="contacts_employment_waits"
            )
        ]

    def __str__(self) -> str:
        return f"{self.employee_id} {self.began_on}"

    def covers(self, day: date) -> bool:
        """Return whether the person was employed on this day."""
        return self.began_on <= day and (self.ended_on is None or day < self.ended_on)


class Member(models.Model):
    """A WeCom account of the corp. A member who left keeps the row: relations hang on it."""

    class Status(models.IntegerChoices):
        ACTIVE = 1, _("active")
        DISABLED = 2, _("disabled")
        NOT_ACTIVATED = 4, _("not activated")
        LEFT = 5, _("left")

    data_map: ClassVar[dict[str, DataUse]] = {
        "userid": DataUse("the account's id in WeCom", "staff", "employment + 2 years"),
        "name": DataUse("show who serves a customer", "staff", "employment + 2 years"),
        "name_grams": DataUse("find a member by name", "staff", "employment + 2 years"),
    }

    # Put on the members of a page by `selectors.restrictions_put`.
    is_restricted = False

    userid = models.CharField(_("userid"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=64, blank=True)
    name_grams = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    status = models.PositiveSmallIntegerField(
        _("status"), choices=Status, default=Status.NOT_ACTIVATED
    )
    department_ids = ArrayField(
        models.PositiveBigIntegerField(), verbose_name=_("departments"), default=list, blank=True
    )
    main_department_id = models.PositiveBigIntegerField(_("main department"), null=True, blank=True)
    position = models.CharField(_("position"), max_length=128, blank=True)
    employee = models.OneToOneField(
        Employee, models.SET_NULL, null=True, blank=True, related_name="member"
    )
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="member"
    )
    can_follow = models.BooleanField(_("customer contact"), default=False)
    # Path of the store this member serves; written by contacts.org, which lives above.
    store_path = models.CharField(_("path of the store"), max_length=255, blank=True)
    # Place in the organisation tree: the store's, else the main department's.
    org_path = models.CharField(_("organisation path"), max_length=255, blank=True)
    observed_at = models.DateTimeField(_("observed at"), null=True, blank=True)
    left_at = models.DateTimeField(_("left at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            # WeCom treats "Li" and "li" as one account.
            models.UniqueConstraint(Lower("userid"), name="contacts_member_userid_ci")
        ]
        indexes = [
            GinIndex(fields=["name_grams"], name="contacts_member_name_grams"),
            GinIndex(fields=["department_ids"], name="contacts_member_departments"),
            models.Index(
                OpClass("org_path", name="varchar_pattern_ops"), name="contacts_member_org_path"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.userid} ({self.userid})"

    @property
    def waiting_reason(self) -> str:
        """Return why this member cannot serve customers yet, in words; empty when she can."""
        if self.status == self.Status.LEFT:
            return str(_("The account was deleted in WeCom."))
        if self.status == self.Status.DISABLED:
            return str(_("The account is disabled."))
        if self.status == self.Status.NOT_ACTIVATED:
            return str(_("Not activated: the member has to log in to WeCom once."))
        if not self.can_follow and self.is_restricted:
            return str(_("Kept from customers by us: the monitor centre says why and undoes it."))
        if not self.can_follow:
            return str(_("Customer contact is off: switch it on for this member in WeCom's admin."))
        return ""

    @property
    def is_serving(self) -> bool:
        """Return whether the account may work: neither disabled nor left."""
        return self.status not in (self.Status.DISABLED, self.Status.LEFT)

    @property
    def is_ready(self) -> bool:
        """Return whether a live code may name this member."""
        return self.status == self.Status.ACTIVE and self.can_follow


class MemberWritten(models.Model):
    """What we last wrote to a member's account, for WeCom no longer lets us read it back."""

    data_map: ClassVar[dict[str, DataUse]] = {
        "phone": DataUse(
            "tell a changed phone from an unchanged one", "staff", "employment + 30 days"
        ),
        "phone_index": DataUse(
            "compare phones without reading them", "staff", "employment + 30 days"
        ),
        "gender": DataUse(
            "tell a changed account from an unchanged one", "staff", "employment + 30 days"
        ),
    }

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    member = models.OneToOneField(Member, models.CASCADE, related_name="written")
    phone = EncryptedTextField(_("phone"), default="", blank=True)
    phone_index = models.BinaryField(_("phone index"), max_length=32, null=True)
    gender = models.CharField(_("gender"), max_length=1, blank=True)
    position = models.CharField(_("position"), max_length=128, blank=True)
    leader_userid = models.CharField(_("leader"), max_length=64, blank=True)
    # False: we disabled the account. One that somebody else disabled is never enabled by us.
    enabled = models.BooleanField(_("enabled"), default=True)
    # A leave began after this: later writes to an account that is off already do not move it.
    switched_at = models.DateTimeField(_("switched on or off at"), null=True, blank=True)
    written_at = models.DateTimeField(_("written at"))

    class Meta:
        verbose_name = _("last written account")
        verbose_name_plural = _("last written accounts")

    def __str__(self) -> str:
        return f"{self.member_id} {self.written_at:%Y-%m-%d}"
