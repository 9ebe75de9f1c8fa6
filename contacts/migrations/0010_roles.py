"""Roles that are edited, and roles that two people grant."""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies: ClassVar = [("contacts", "0009_units")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="role",
            name="edited_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="changed at"),
        ),
        migrations.AddField(
            model_name="role",
            name="needs_approval",
            field=models.BooleanField(default=False, verbose_name="granted by two people"),
        ),
        migrations.AddConstraint(
            model_name="role",
            constraint=models.CheckConstraint(
                condition=~Q(name="") & ~Q(code=""), name="contacts_role_has_a_name"
            ),
        ),
    ]
