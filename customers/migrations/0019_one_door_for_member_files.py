"""Member files are files of facts like all others; their bytes were kept for a day at most."""

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0018_decisions_replaced"),
    ]

    operations: ClassVar = [
        migrations.DeleteModel(name="MemberImport"),
    ]
