"""A local tag that a rule put knows which rule it was: no other takes it off."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0015_group_welcomes"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="localtagmark",
            name="rule_id",
            field=models.UUIDField(blank=True, null=True, verbose_name="rule"),
        ),
    ]
