"""Columns of uploaded files that a person mapped, why a reading failed, how old what it read was, and who is known to leave later."""

from typing import ClassVar

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("contacts", "0013_org")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="oarun",
            name="failure",
            field=models.CharField(blank=True, max_length=32, verbose_name="error"),
        ),
        migrations.AddField(
            model_name="oarun",
            name="as_of",
            field=models.DateTimeField(
                default=django.utils.timezone.now, verbose_name="stands as of"
            ),
        ),
        migrations.AlterField(
            model_name="oaconnector",
            name="kind",
            field=models.CharField(
                choices=[
                    ("rest", "REST interface"),
                    ("sql", "database views"),
                    ("ldap", "LDAP or Active Directory"),
                    ("folder", "drop folder"),
                    ("upload", "uploaded files"),
                ],
                max_length=8,
                verbose_name="kind",
            ),
        ),
        migrations.RemoveConstraint(
            model_name="oaconnector", name="contacts_oaconnector_kind_known"
        ),
        migrations.AddConstraint(
            model_name="oaconnector",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("rest", "sql", "ldap", "folder", "upload"))),
                name="contacts_oaconnector_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="oaconnector",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "upload")),
                fields=("kind",),
                name="contacts_oaconnector_one_upload",
            ),
        ),
        migrations.AddField(
            model_name="employee",
            name="leaves_on",
            field=models.DateField(blank=True, null=True, verbose_name="leaves on"),
        ),
        migrations.AddConstraint(
            model_name="employee",
            constraint=models.CheckConstraint(
                condition=models.Q(("leaves_on", None), ("state", "active"), _connector="OR"),
                name="contacts_employee_leaves_once",
            ),
        ),
        migrations.AddIndex(
            model_name="employee",
            index=models.Index(
                condition=models.Q(("leaves_on__isnull", False)),
                fields=["leaves_on"],
                name="contacts_employee_leaves",
            ),
        ),
    ]
