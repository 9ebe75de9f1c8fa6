"""What stands in WeCom and nobody explains, and what a person said about it."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import scrm.core.ids

# What was taken over last counts as written: nothing older says what we wanted.
AS_WRITTEN = """
update contacts_department
   set written_code = oa_code, written_name = name, written_parent_id = parent_department_id,
       written_at = coalesce(observed_at, now())
 where oa_code is not null and deleted_at is null
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("contacts", "0010_roles"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SecretSeen",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=96, unique=True, verbose_name="name")),
                ("fingerprint", models.BinaryField(max_length=32, verbose_name="fingerprint")),
                ("since", models.DateTimeField(verbose_name="since")),
                (
                    "is_exact",
                    models.BooleanField(default=False, verbose_name="changed while we looked"),
                ),
            ],
            options={
                "verbose_name": "secret seen",
                "verbose_name_plural": "secrets seen",
            },
        ),
        migrations.AddField(
            model_name="department",
            name="written_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="written at"),
        ),
        migrations.AddField(
            model_name="department",
            name="written_code",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="OA code as written"
            ),
        ),
        migrations.AddField(
            model_name="department",
            name="written_name",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=64, verbose_name="name as written"
            ),
        ),
        migrations.AddField(
            model_name="department",
            name="written_parent_id",
            field=models.PositiveBigIntegerField(
                db_default=0, default=0, verbose_name="parent as written"
            ),
        ),
        migrations.CreateModel(
            name="DriftCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started at")),
                (
                    "finished_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="finished at"),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("running", "being compared"),
                            ("complete", "everything was read"),
                            ("partial", "not everything could be read"),
                            ("failed", "could not be compared"),
                        ],
                        default="running",
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=16, verbose_name="reason")),
                ("member_count", models.PositiveIntegerField(default=0, verbose_name="accounts")),
                (
                    "department_count",
                    models.PositiveIntegerField(default=0, verbose_name="departments"),
                ),
                (
                    "unread_count",
                    models.PositiveIntegerField(default=0, verbose_name="accounts not readable"),
                ),
                ("opened", models.PositiveIntegerField(default=0, verbose_name="new differences")),
                (
                    "closed",
                    models.PositiveIntegerField(
                        default=0, verbose_name="differences that are gone"
                    ),
                ),
                ("job_id", models.UUIDField(unique=True, verbose_name="job")),
            ],
            options={
                "verbose_name": "comparison with WeCom",
                "verbose_name_plural": "comparisons with WeCom",
                "indexes": [
                    models.Index(fields=["-started_at"], name="contacts_driftcheck_newest")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("finished_at", None), ("outcome", "running")),
                            models.Q(
                                ("finished_at__isnull", False),
                                ("outcome__in", ("complete", "partial", "failed")),
                            ),
                            _connector="OR",
                        ),
                        name="contacts_driftcheck_finished_when",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DriftWatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due at")),
            ],
            options={
                "verbose_name": "next comparison with WeCom",
                "verbose_name_plural": "next comparisons with WeCom",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("pk", 1)), name="contacts_driftwatch_one_row"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DriftFinding",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=scrm.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("unexplained", "account nobody explains"),
                            ("leaver_enabled", "leaver enabled again"),
                            ("enabled", "disabled by us, enabled in WeCom"),
                            ("disabled", "disabled in WeCom, not by us"),
                            ("missing", "account missing in WeCom"),
                            ("department", "other departments"),
                            ("name", "other name"),
                            ("post", "other post"),
                            ("unreadable", "last written differs"),
                            ("unit_missing", "department missing in WeCom"),
                            ("unit_name", "department renamed"),
                            ("unit_parent", "department moved"),
                            ("unit_extra", "department nobody explains"),
                        ],
                        max_length=16,
                        verbose_name="difference",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "to be decided"),
                            ("accepted", "accepted"),
                            ("closed", "gone"),
                        ],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("ours", models.JSONField(default=dict, verbose_name="ours")),
                ("theirs", models.JSONField(default=dict, verbose_name="in WeCom")),
                ("mark", models.CharField(max_length=64)),
                ("found_at", models.DateTimeField(verbose_name="found at")),
                ("seen_at", models.DateTimeField(verbose_name="last seen at")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="gone at")),
                (
                    "brought_back",
                    models.BooleanField(default=False, verbose_name="brought back by us"),
                ),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="reason")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                (
                    "has_changed",
                    models.BooleanField(
                        default=False, verbose_name="changed since it was accepted"
                    ),
                ),
                ("problem", models.CharField(blank=True, max_length=32, verbose_name="problem")),
                ("errcode", models.IntegerField(blank=True, null=True, verbose_name="errcode")),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "department",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drift_findings",
                        to="contacts.department",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drift_findings",
                        to="contacts.member",
                    ),
                ),
            ],
            options={
                "verbose_name": "difference to WeCom",
                "verbose_name_plural": "differences to WeCom",
                "indexes": [
                    models.Index(fields=["status", "-found_at"], name="contacts_drift_by_status")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("department__isnull", False), ("member", None)),
                            models.Q(("department", None), ("member__isnull", False)),
                            _connector="OR",
                        ),
                        name="contacts_drift_one_subject",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("member__isnull", False), ("status__in", ("open", "accepted"))
                        ),
                        fields=("kind", "member"),
                        name="contacts_drift_once_a_member",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("department__isnull", False), ("status__in", ("open", "accepted"))
                        ),
                        fields=("kind", "department"),
                        name="contacts_drift_once_a_department",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "accepted"), _negated=True),
                            models.Q(
                                models.Q(("reason", ""), _negated=True),
                                ("decided_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="contacts_drift_accepted_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", False), ("status", "closed")),
                            models.Q(
                                models.Q(("status", "closed"), _negated=True), ("closed_at", None)
                            ),
                            _connector="OR",
                        ),
                        name="contacts_drift_closed_when",
                    ),
                ],
            },
        ),
        migrations.RunSQL(AS_WRITTEN, migrations.RunSQL.noop),
    ]
