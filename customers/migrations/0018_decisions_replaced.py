"""A human's word that a later one put aside knows by which: it is in force again when that one is taken back."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0017_lean_sync"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="decision",
            name="replaced_by",
            field=models.UUIDField(blank=True, null=True, verbose_name="replaced by"),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                condition=models.Q(("replaced_by__isnull", False)),
                fields=["replaced_by"],
                name="customers_decision_replaced",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None), ("retracted_at__isnull", False), _connector="OR"
                ),
                name="customers_decision_replaced_rests",
            ),
        ),
    ]
