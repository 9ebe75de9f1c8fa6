"""Where the OA is read from."""

import datetime
from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields
import scrm.core.ids


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("contacts", "0004_employments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="OaConnector",
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
                ("name", models.CharField(max_length=64, unique=True, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("rest", "REST interface"),
                            ("sql", "database views"),
                            ("ldap", "LDAP or Active Directory"),
                            ("folder", "drop folder"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("options", models.JSONField(default=dict, verbose_name="settings")),
                (
                    "secret",
                    scrm.core.fields.EncryptedTextField(
                        blank=True, default="", verbose_name="secret"
                    ),
                ),
                ("mapping", models.JSONField(blank=True, default=dict, verbose_name="mapping")),
                (
                    "rhythm",
                    models.CharField(
                        choices=[
                            ("off", "only by hand"),
                            ("hourly", "every hour"),
                            ("six_hours", "every six hours"),
                            ("daily", "once a day"),
                        ],
                        default="off",
                        max_length=12,
                        verbose_name="is read",
                    ),
                ),
                ("daily_at", models.TimeField(default=datetime.time(3, 0), verbose_name="at")),
                (
                    "next_read_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="next reading"),
                ),
                (
                    "last_read_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last reading"),
                ),
                ("last_problem", models.TextField(blank=True, verbose_name="what went wrong")),
                (
                    "last_mark",
                    models.CharField(blank=True, max_length=64, verbose_name="mark of the content"),
                ),
                (
                    "last_run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="contacts.oarun",
                        verbose_name="last run",
                    ),
                ),
                (
                    "tested_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="tested at"),
                ),
                ("test_problem", models.TextField(blank=True, verbose_name="what the test found")),
                (
                    "updated_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
            ],
            options={
                "verbose_name": "OA source",
                "verbose_name_plural": "OA sources",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ("rest", "sql", "ldap", "folder"))),
                        name="contacts_oaconnector_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("next_read_at", None), ("rhythm", "off"))
                        | models.Q(
                            ("next_read_at__isnull", False),
                            ("rhythm__in", ("hourly", "six_hours", "daily")),
                        ),
                        name="contacts_oaconnector_next_when_scheduled",
                    ),
                ],
            },
        ),
    ]
