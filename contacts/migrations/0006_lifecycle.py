"""Eligibility, adoption and the chase of accounts."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields
import scrm.core.ids


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("contacts", "0005_sources"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="OaAdoption",
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
                ("job_number", models.CharField(max_length=64, verbose_name="job number")),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("userid", "the userid follows the rule"),
                            ("phone", "WeCom knows the phone under this account"),
                            ("name", "same name in the same department"),
                            ("decided", "claimed twice"),
                        ],
                        max_length=8,
                        verbose_name="found by",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("waiting", "to be decided"),
                            ("same", "same person"),
                            ("other", "somebody else"),
                        ],
                        default="waiting",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                ("detail", scrm.core.fields.EncryptedJSONField(verbose_name="employee")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "doubtful account",
                "verbose_name_plural": "doubtful accounts",
            },
        ),
        migrations.AddField(
            model_name="oapolicy",
            name="batch_api",
            field=models.BooleanField(
                default=False, verbose_name="write many accounts by WeCom's import"
            ),
        ),
        migrations.AddField(
            model_name="oapolicy",
            name="departments",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64),
                blank=True,
                default=list,
                size=None,
                verbose_name="departments that get accounts",
            ),
        ),
        migrations.AddField(
            model_name="oapolicy",
            name="states",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=12),
                blank=True,
                default=list,
                size=None,
                verbose_name="employment states that get an account",
            ),
        ),
        migrations.AddField(
            model_name="oarun",
            name="doubt_count",
            field=models.PositiveIntegerField(default=0, verbose_name="accounts to decide on"),
        ),
        migrations.AddConstraint(
            model_name="oapolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(("states__contained_by", ["active", "probation", "intern"])),
                name="contacts_oapolicy_states_known",
            ),
        ),
        migrations.AddField(
            model_name="oaadoption",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="oaadoption",
            name="member",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="adoptions",
                to="contacts.member",
            ),
        ),
        migrations.AddConstraint(
            model_name="oaadoption",
            constraint=models.UniqueConstraint(
                fields=("job_number", "member"), name="contacts_oaadoption_pair_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="oaadoption",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "same")),
                fields=("job_number",),
                name="contacts_oaadoption_one_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="oaadoption",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "same")),
                fields=("member",),
                name="contacts_oaadoption_one_employee",
            ),
        ),
        migrations.AddConstraint(
            model_name="oaadoption",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("status", "waiting")),
                    models.Q(("decided_at__isnull", False), ("status__in", ("same", "other"))),
                    _connector="OR",
                ),
                name="contacts_oaadoption_decided_when",
            ),
        ),
    ]
