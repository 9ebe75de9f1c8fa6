"""Stores' places, hours and histories; files as they were sent; changes of stores."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields
import scrm.core.ids

# Histories begin with the day a unit came to be; what it was before nobody noted.
BEGIN_SQL = """
insert into contacts_unitterm (unit_id, code, name, kind, status, parent_id, began_on)
select id, code, name, kind, status, parent_id, (created_at at time zone 'Asia/Shanghai')::date
  from contacts_orgunit
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("contacts", "0008_profiles"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SentRows",
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
                ("content", scrm.core.fields.EncryptedTextField(verbose_name="rows")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "rows as sent",
                "verbose_name_plural": "rows as sent",
            },
        ),
        migrations.CreateModel(
            name="StoreChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("close", "close"),
                            ("merge", "merge into another store"),
                            ("move", "move to another branch or dealer"),
                            ("open", "open again"),
                        ],
                        max_length=5,
                        verbose_name="what happens",
                    ),
                ),
                ("effective_on", models.DateField(verbose_name="effective on")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "waits for approval"),
                            ("due", "approved, waits for its day"),
                            ("applying", "being applied"),
                            ("applied", "carried out"),
                            ("partial", "applied with failures"),
                            ("cancelled", "given up"),
                        ],
                        default="planned",
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                ("job_id", models.UUIDField(blank=True, null=True, verbose_name="job")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                (
                    "approved_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="approved at"),
                ),
                (
                    "finished_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="finished at"),
                ),
            ],
            options={
                "verbose_name": "change of a store",
                "verbose_name_plural": "changes of stores",
            },
        ),
        migrations.CreateModel(
            name="StoreChangeStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(verbose_name="position")),
                ("act", models.CharField(max_length=40, verbose_name="step")),
                ("key", models.CharField(blank=True, max_length=64, verbose_name="key")),
                ("subject", models.CharField(blank=True, max_length=200, verbose_name="about")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waits"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("kept", "stays as it is"),
                        ],
                        default="waiting",
                        max_length=7,
                        verbose_name="status",
                    ),
                ),
                ("outcome", models.CharField(blank=True, max_length=300, verbose_name="outcome")),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
            ],
            options={
                "verbose_name": "step of a change",
                "verbose_name_plural": "steps of a change",
            },
        ),
        migrations.CreateModel(
            name="UnitFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("filename", models.CharField(max_length=200, verbose_name="file")),
                (
                    "existing",
                    models.CharField(
                        choices=[
                            ("update", "change them as the file says"),
                            ("skip", "leave them as they are"),
                        ],
                        default="update",
                        max_length=6,
                        verbose_name="units that exist",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "waits for you"),
                            ("applied", "taken over"),
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
            ],
            options={
                "verbose_name": "file of units",
                "verbose_name_plural": "files of units",
            },
        ),
        migrations.CreateModel(
            name="UnitTerm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=64, verbose_name="code")),
                ("name", models.CharField(max_length=64, verbose_name="name")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("region", "region"),
                            ("branch", "branch"),
                            ("dealer", "dealer"),
                            ("store", "store"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("open", "open"), ("closed", "closed")],
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("began_on", models.DateField(verbose_name="began on")),
                ("ended_on", models.DateField(blank=True, null=True, verbose_name="ended on")),
            ],
            options={
                "verbose_name": "history of a unit",
                "verbose_name_plural": "histories of units",
            },
        ),
        migrations.AddField(
            model_name="bindingimport",
            name="accuracy",
            field=models.PositiveIntegerField(
                blank=True, null=True, verbose_name="accuracy in metres"
            ),
        ),
        migrations.AddField(
            model_name="bindingimport",
            name="channel",
            field=models.CharField(
                choices=[("file", "file"), ("phone", "phone")],
                default="file",
                max_length=5,
                verbose_name="sent in by",
            ),
        ),
        migrations.AddField(
            model_name="bindingimport",
            name="datum",
            field=models.CharField(
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
        migrations.AddField(
            model_name="bindingimport",
            name="distance",
            field=models.PositiveIntegerField(
                blank=True, null=True, verbose_name="metres to the store"
            ),
        ),
        migrations.AddField(
            model_name="bindingimport",
            name="existing",
            field=models.CharField(
                choices=[
                    ("update", "change them as the file says"),
                    ("skip", "leave them as they are"),
                ],
                default="update",
                max_length=6,
                verbose_name="accounts that are bound already",
            ),
        ),
        migrations.AddField(
            model_name="bindingimport",
            name="latitude",
            field=models.DecimalField(
                blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="latitude"
            ),
        ),
        migrations.AddField(
            model_name="bindingimport",
            name="longitude",
            field=models.DecimalField(
                blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="longitude"
            ),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="crm_store_id",
            field=models.CharField(
                blank=True,
                max_length=64,
                null=True,
                unique=True,
                verbose_name="store id in the CRM",
            ),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="datum",
            field=models.CharField(
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
        migrations.AddField(
            model_name="orgunit",
            name="hours",
            field=models.CharField(blank=True, max_length=200, verbose_name="opening hours"),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="latitude",
            field=models.DecimalField(
                blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="latitude"
            ),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="longitude",
            field=models.DecimalField(
                blank=True, decimal_places=6, max_digits=9, null=True, verbose_name="longitude"
            ),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="merged_into",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="merged_from",
                to="contacts.orgunit",
            ),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="placed_by_hand",
            field=models.BooleanField(default=False, verbose_name="placed by headquarters"),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="shut_from",
            field=models.DateField(blank=True, null=True, verbose_name="temporarily closed from"),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="shut_reason",
            field=models.CharField(
                blank=True, max_length=100, verbose_name="why temporarily closed"
            ),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="shut_until",
            field=models.DateField(blank=True, null=True, verbose_name="temporarily closed until"),
        ),
        migrations.AddField(
            model_name="orgunit",
            name="street_address",
            field=models.CharField(blank=True, max_length=200, verbose_name="store address"),
        ),
        migrations.AlterField(
            model_name="bindingimportrow",
            name="action",
            field=models.CharField(
                choices=[
                    ("bind", "bind"),
                    ("move", "move from another store"),
                    ("reorder", "new place in the order"),
                    ("same", "unchanged"),
                    ("skip", "left as it is"),
                    ("error", "refused"),
                ],
                max_length=8,
                verbose_name="action",
            ),
        ),
        migrations.AddConstraint(
            model_name="orgunit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("datum", ""), ("latitude", None), ("longitude", None)),
                    models.Q(
                        ("latitude__isnull", False),
                        ("longitude__isnull", False),
                        ("latitude__range", (-90, 90)),
                        ("longitude__range", (-180, 180)),
                        models.Q(("datum", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="contacts_orgunit_place_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="orgunit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("shut_from", None), ("shut_until", None)),
                    models.Q(("shut_from__isnull", False), ("shut_until", None)),
                    models.Q(
                        ("shut_from__isnull", False), ("shut_until__gte", models.F("shut_from"))
                    ),
                    _connector="OR",
                ),
                name="contacts_orgunit_shut_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="orgunit",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged_into", None), ("status", "closed"), _connector="OR"),
                name="contacts_orgunit_merged_is_closed",
            ),
        ),
        migrations.AddField(
            model_name="bindingimport",
            name="sent",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="binding_import",
                to="contacts.sentrows",
            ),
        ),
        migrations.AddConstraint(
            model_name="bindingimport",
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
                name="contacts_bindingimport_place_whole",
            ),
        ),
        migrations.AddField(
            model_name="storechange",
            name="approved_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="storechange",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="storechange",
            name="store",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="changes",
                to="contacts.orgunit",
            ),
        ),
        migrations.AddField(
            model_name="storechange",
            name="target",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="contacts.orgunit",
            ),
        ),
        migrations.AddField(
            model_name="storechangestep",
            name="change",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="steps",
                to="contacts.storechange",
            ),
        ),
        migrations.AddField(
            model_name="unitfile",
            name="created_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="unitfile",
            name="sent",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="unit_file",
                to="contacts.sentrows",
            ),
        ),
        migrations.AddField(
            model_name="unitterm",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="contacts.orgunit",
            ),
        ),
        migrations.AddField(
            model_name="unitterm",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="terms",
                to="contacts.orgunit",
            ),
        ),
        migrations.AddConstraint(
            model_name="storechange",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["planned", "due", "applying"])),
                fields=("store",),
                name="contacts_storechange_one_ongoing",
            ),
        ),
        migrations.AddConstraint(
            model_name="storechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind__in", ["close", "open"]), ("target", None)),
                    models.Q(("kind__in", ["merge", "move"]), ("target__isnull", False)),
                    _connector="OR",
                ),
                name="contacts_storechange_target",
            ),
        ),
        migrations.AddConstraint(
            model_name="storechangestep",
            constraint=models.UniqueConstraint(
                fields=("change", "position"), name="contacts_changestep_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="unitterm",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_on", None)),
                fields=("unit",),
                name="contacts_unitterm_one_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="unitterm",
            constraint=models.UniqueConstraint(
                fields=("unit", "began_on"), name="contacts_unitterm_one_a_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="unitterm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ended_on", None), ("ended_on__gt", models.F("began_on")), _connector="OR"
                ),
                name="contacts_unitterm_in_order",
            ),
        ),
        migrations.RunSQL(BEGIN_SQL, migrations.RunSQL.noop),
    ]
