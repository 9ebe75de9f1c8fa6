"""Dated stores of members, and who is found by other names than before."""

import django.db.models.deletion
from django.db import migrations, models

import scrm.core.ids


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_leavers")]

    operations = [
        migrations.CreateModel(
            name="FormerStore",
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
                    "store_code",
                    models.CharField(blank=True, max_length=64, verbose_name="store code"),
                ),
                ("until", models.DateTimeField(verbose_name="until")),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_stores",
                        to="customers.crmmember",
                    ),
                ),
            ],
            options={
                "verbose_name": "former store",
                "verbose_name_plural": "former stores",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("member", "until"), name="customers_formerstore_one_until"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="IdentityChange",
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
                            ("unionid", "unionid"),
                            ("external_userid", "external userid"),
                            ("member", "CRM member"),
                        ],
                        max_length=16,
                        verbose_name="kind",
                    ),
                ),
                ("value", models.CharField(max_length=64, verbose_name="value")),
                (
                    "changed_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="changed at"),
                ),
            ],
            options={
                "verbose_name": "changed identity",
                "verbose_name_plural": "changed identities",
            },
        ),
    ]
