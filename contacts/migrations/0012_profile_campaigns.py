"""Differences of cards that somebody accepted, and names of templates by unit."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("contacts", "0011_drift"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="memberprofile",
            name="for_store",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="profiletemplate",
            name="name",
            field=models.CharField(max_length=64, verbose_name="name"),
        ),
        migrations.AddConstraint(
            model_name="profiletemplate",
            constraint=models.UniqueConstraint(
                fields=("unit", "name"),
                name="contacts_profiletemplate_name",
                nulls_distinct=False,
            ),
        ),
        migrations.AlterField(
            model_name="memberprofile",
            name="state",
            field=models.CharField(
                choices=[
                    ("none", "not managed"),
                    ("written", "up to date"),
                    ("refused", "not written"),
                    ("drifted", "changed in WeCom"),
                    ("accepted", "change accepted"),
                ],
                default="none",
                max_length=8,
                verbose_name="state",
            ),
        ),
        migrations.AddField(
            model_name="memberprofile",
            name="accepted",
            field=scrm.core.fields.EncryptedJSONField(
                blank=True, null=True, verbose_name="accepted"
            ),
        ),
        migrations.AddField(
            model_name="memberprofile",
            name="accepted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="memberprofile",
            name="accepted_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="accepted at"),
        ),
        migrations.RemoveConstraint(
            model_name="memberprofile", name="contacts_profile_written_when"
        ),
        migrations.AddConstraint(
            model_name="memberprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["written", "drifted", "accepted"]), _negated=True),
                    ("written_at__isnull", False),
                    _connector="OR",
                ),
                name="contacts_profile_written_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="memberprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("accepted_at__isnull", False), ("state", "accepted")),
                    models.Q(
                        models.Q(("state", "accepted"), _negated=True), ("accepted_at", None)
                    ),
                    _connector="OR",
                ),
                name="contacts_profile_accepted_when",
            ),
        ),
    ]
