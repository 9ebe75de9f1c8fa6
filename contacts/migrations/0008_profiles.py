"""External profiles: templates of cards, and what each account shows."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields
import scrm.core.ids


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("contacts", "0007_roster"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ProfileTemplate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=64, unique=True, verbose_name="name")),
                (
                    "unit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="profile_templates",
                        to="contacts.orgunit",
                        verbose_name="part of the organisation",
                    ),
                ),
                (
                    "posts",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="posts",
                    ),
                ),
                (
                    "position_text",
                    models.CharField(blank=True, max_length=64, verbose_name="position shown"),
                ),
                (
                    "corp_name",
                    models.CharField(blank=True, max_length=64, verbose_name="company name shown"),
                ),
                (
                    "channels_name",
                    models.CharField(blank=True, max_length=64, verbose_name="video account"),
                ),
                ("items", models.JSONField(blank=True, default=list, verbose_name="lines")),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="begins")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="ends")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("published", "published"),
                            ("retired", "withdrawn"),
                        ],
                        default="draft",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=1, verbose_name="version")),
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="published at"),
                ),
                (
                    "created_by",
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
                "verbose_name": "card template",
                "verbose_name_plural": "card templates",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ends_at", None), ("starts_at", None)),
                            ("ends_at__gt", models.F("starts_at")),
                            _connector="OR",
                        ),
                        name="contacts_profiletemplate_window",
                    )
                ],
                "indexes": [],
            },
        ),
        migrations.CreateModel(
            name="MemberProfile",
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
                    "member",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="external_profile",
                        to="contacts.member",
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="profiles",
                        to="contacts.profiletemplate",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("none", "not managed"),
                            ("written", "up to date"),
                            ("refused", "not written"),
                            ("drifted", "changed in WeCom"),
                        ],
                        default="none",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=32, verbose_name="reason")),
                ("detail", models.CharField(blank=True, max_length=64, verbose_name="detail")),
                ("errcode", models.IntegerField(blank=True, null=True, verbose_name="errcode")),
                (
                    "before",
                    scrm.core.fields.EncryptedJSONField(
                        blank=True, null=True, verbose_name="before our first writing"
                    ),
                ),
                (
                    "written",
                    scrm.core.fields.EncryptedJSONField(
                        blank=True, null=True, verbose_name="written"
                    ),
                ),
                (
                    "seen",
                    scrm.core.fields.EncryptedJSONField(blank=True, null=True, verbose_name="seen"),
                ),
                ("written_digest", models.CharField(blank=True, max_length=64)),
                (
                    "written_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="written at"),
                ),
                ("seen_at", models.DateTimeField(blank=True, null=True, verbose_name="read at")),
                ("is_readable", models.BooleanField(default=True, verbose_name="readable")),
                ("for_templates", models.CharField(blank=True, max_length=64)),
                ("for_name", models.CharField(blank=True, max_length=64)),
                ("for_position", models.CharField(blank=True, max_length=128)),
                ("for_post", models.CharField(blank=True, max_length=128)),
                ("for_path", models.CharField(blank=True, max_length=255)),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="updated at")),
            ],
            options={
                "verbose_name": "card",
                "verbose_name_plural": "cards",
                "indexes": [
                    models.Index(fields=["state", "member"], name="contacts_profile_state")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["written", "drifted"]), _negated=True),
                            ("written_at__isnull", False),
                            _connector="OR",
                        ),
                        name="contacts_profile_written_when",
                    )
                ],
            },
        ),
    ]
