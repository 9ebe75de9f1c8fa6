"""A sync writes less: no pieces of the nickname, which nothing reads since ADR-0015, and no clock of its own for notes."""

from typing import ClassVar

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models.functions import Now


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0016_local_tag_rule"),
    ]

    operations: ClassVar = [
        migrations.RemoveIndex(
            model_name="externalcontact",
            name="customers_contact_name_grams",
        ),
        migrations.RemoveField(
            model_name="externalcontact",
            name="name_grams",
        ),
        migrations.AlterField(
            model_name="followrelation",
            name="tag_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=64),
                blank=True,
                default=list,
                size=None,
                verbose_name="tags",
            ),
        ),
        migrations.AlterField(
            model_name="recordchange",
            name="changed_at",
            field=models.DateTimeField(db_default=Now(), verbose_name="changed at"),
        ),
    ]
