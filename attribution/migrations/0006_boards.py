"""Figures by business day, guide and store; indexes to count the losses and the orders of a day."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("attribution", "0005_sales"), ("contacts", "0002_feed")]

    operations = [
        migrations.AddField(
            model_name="addepisode",
            name="handed_on",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="ended by a hand-over"
            ),
        ),
        migrations.AddField(
            model_name="addepisode",
            name="taken_over",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="began by a hand-over"
            ),
        ),
        migrations.CreateModel(
            name="BoardDay",
            fields=[
                (
                    "day",
                    models.DateField(
                        primary_key=True, serialize=False, verbose_name="business day"
                    ),
                ),
                ("computed_at", models.DateTimeField(verbose_name="added up at")),
            ],
            options={
                "verbose_name": "day of the boards",
                "verbose_name_plural": "days of the boards",
            },
        ),
        migrations.CreateModel(
            name="LedgerMark",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("until", models.DateTimeField(verbose_name="read until")),
            ],
            options={
                "verbose_name": "reading mark of the boards",
                "verbose_name_plural": "reading marks of the boards",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="attribution_ledgermark_one"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DayFigure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="business day")),
                ("adds", models.PositiveIntegerField(default=0, verbose_name="adds")),
                ("losses", models.PositiveIntegerField(default=0, verbose_name="losses")),
                ("sends", models.PositiveIntegerField(default=0, verbose_name="sends")),
                ("views", models.PositiveIntegerField(default=0, verbose_name="views")),
                ("orders", models.PositiveIntegerField(default=0, verbose_name="orders")),
                (
                    "sales",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="sales"
                    ),
                ),
                (
                    "refunds",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="refunds"
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="contacts.member",
                        verbose_name="guide",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="contacts.orgunit",
                        verbose_name="store",
                    ),
                ),
            ],
            options={
                "verbose_name": "figures of a day",
                "verbose_name_plural": "figures by day",
                "indexes": [
                    models.Index(fields=["member", "day"], name="attribution_dayfigure_member"),
                    models.Index(fields=["store", "day"], name="attribution_dayfigure_store"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("day", "member", "store"),
                        name="attribution_dayfigure_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="addepisode",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", False)),
                fields=["ended_at"],
                name="attribution_episode_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="credit",
            index=models.Index(
                fields=["business_day", "member", "store"], name="attribution_credit_day"
            ),
        ),
    ]
