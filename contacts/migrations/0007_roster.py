"""People who are not in the OA: files, people, extensions."""

from typing import ClassVar

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields
import scrm.core.ids


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("contacts", "0006_lifecycle"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="RosterFile",
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
                ("filename", models.CharField(max_length=200, verbose_name="file")),
                ("content", scrm.core.fields.EncryptedTextField(verbose_name="rows")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waits for you"),
                            ("sent", "sent to headquarters"),
                            ("dropped", "given up"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("result", models.JSONField(blank=True, default=dict, verbose_name="result")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "file of roster people",
                "verbose_name_plural": "files of roster people",
            },
        ),
        migrations.CreateModel(
            name="RosterPerson",
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
                ("name", models.CharField(max_length=64, verbose_name="name")),
                (
                    "phone",
                    scrm.core.fields.EncryptedTextField(
                        blank=True, default="", verbose_name="phone"
                    ),
                ),
                (
                    "phone_index",
                    models.BinaryField(
                        db_index=True, max_length=32, null=True, verbose_name="phone index"
                    ),
                ),
                ("post", models.CharField(blank=True, max_length=128, verbose_name="post")),
                ("userid", models.CharField(blank=True, max_length=64, verbose_name="account")),
                (
                    "takes_over",
                    models.CharField(blank=True, max_length=64, verbose_name="takes over"),
                ),
                ("expires_on", models.DateField(verbose_name="last day")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waits for headquarters"),
                            ("making", "approved, account being made"),
                            ("failed", "approved, account not made"),
                            ("active", "has an account"),
                            ("refused", "refused"),
                            ("ended", "ended"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("file", "file"), ("phone", "phone"), ("console", "console")],
                        max_length=8,
                        verbose_name="sent in by",
                    ),
                ),
                (
                    "latitude",
                    models.DecimalField(
                        blank=True,
                        decimal_places=6,
                        max_digits=9,
                        null=True,
                        verbose_name="latitude",
                    ),
                ),
                (
                    "longitude",
                    models.DecimalField(
                        blank=True,
                        decimal_places=6,
                        max_digits=9,
                        null=True,
                        verbose_name="longitude",
                    ),
                ),
                (
                    "datum",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("gcj02", "GCJ-02 (Tencent, Amap, WeChat)"),
                            ("wgs84", "WGS-84 (GPS, browsers)"),
                            ("bd09", "BD-09 (Baidu)"),
                        ],
                        max_length=5,
                        verbose_name="datum",
                    ),
                ),
                (
                    "accuracy",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="accuracy in metres"
                    ),
                ),
                (
                    "distance",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="metres to the store"
                    ),
                ),
                ("tried_at", models.DateTimeField(blank=True, null=True, verbose_name="tried at")),
                ("outcome", models.CharField(blank=True, max_length=32, verbose_name="outcome")),
                ("errcode", models.IntegerField(blank=True, null=True, verbose_name="errcode")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("expired", "the time was over"),
                            ("by_hand", "ended by a person"),
                            ("in_oa", "is in the OA now"),
                            ("withdrawn", "taken back before a decision"),
                        ],
                        max_length=9,
                        verbose_name="why it ended",
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended at")),
                (
                    "reminded",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="reminded"
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="people",
                        to="contacts.rosterfile",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="roster",
                        to="contacts.member",
                    ),
                ),
                (
                    "sponsor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sponsored",
                        to="contacts.member",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="roster",
                        to="contacts.orgunit",
                    ),
                ),
            ],
            options={
                "verbose_name": "roster person",
                "verbose_name_plural": "roster people",
            },
        ),
        migrations.CreateModel(
            name="RosterExtension",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("until", models.DateField(verbose_name="new last day")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waits for headquarters"),
                            ("approved", "approved"),
                            ("refused", "refused"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("asked_at", models.DateTimeField(auto_now_add=True, verbose_name="asked at")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="note")),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="extensions",
                        to="contacts.rosterperson",
                    ),
                ),
            ],
            options={
                "verbose_name": "extension on the roster",
                "verbose_name_plural": "extensions on the roster",
            },
        ),
        migrations.AddIndex(
            model_name="rosterperson",
            index=models.Index(fields=["-created_at", "-id"], name="contacts_roster_newest"),
        ),
        migrations.AddIndex(
            model_name="rosterperson",
            index=models.Index(
                condition=models.Q(("state", "active")),
                fields=["expires_on"],
                name="contacts_roster_expiring",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterperson",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "making", "failed", "active"])),
                fields=("phone_index",),
                name="contacts_roster_phone_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterperson",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("userid"),
                condition=models.Q(
                    ("state__in", ["waiting", "making", "failed", "active"]),
                    models.Q(("userid", ""), _negated=True),
                ),
                name="contacts_roster_userid_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterperson",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["refused", "ended"]),
                    ("phone_index__isnull", False),
                    _connector="OR",
                ),
                name="contacts_roster_living_has_phone",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterperson",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    models.Q(("decided_by", models.F("created_by")), _negated=True),
                    _connector="OR",
                ),
                name="contacts_roster_decided_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterperson",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["waiting", "ended"]),
                    ("decided_at__isnull", False),
                    _connector="OR",
                ),
                name="contacts_roster_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterperson",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "active"), _negated=True),
                    models.Q(("member__isnull", False), models.Q(("userid", ""), _negated=True)),
                    _connector="OR",
                ),
                name="contacts_roster_active_has_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterperson",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", False),
                        ("state", "ended"),
                        models.Q(("ending", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("state", "ended"), _negated=True),
                        ("ended_at", None),
                        ("ending", ""),
                    ),
                    _connector="OR",
                ),
                name="contacts_roster_ended_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterperson",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("datum", ""), ("latitude", None), ("longitude", None)),
                    models.Q(
                        ("latitude__isnull", False),
                        ("longitude__isnull", False),
                        models.Q(("datum", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="contacts_roster_place_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterextension",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "waiting")),
                fields=("person",),
                name="contacts_rosterext_one_waits",
            ),
        ),
        migrations.AddConstraint(
            model_name="rosterextension",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None),
                    models.Q(("decided_by", models.F("asked_by")), _negated=True),
                    _connector="OR",
                ),
                name="contacts_rosterext_by_another",
            ),
        ),
    ]
