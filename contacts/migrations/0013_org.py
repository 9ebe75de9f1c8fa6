"""Since when a store is merged and a binding full, refused rows of unit files, sent-in rows that can be purged."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

# A merge that was applied before this column stood counts from the moment it was applied.
MERGED_SQL = """
update contacts_orgunit u
   set merged_at = coalesce((select max(c.finished_at) from contacts_storechange c
                              where c.store_id = u.id and c.kind = 'merge' and c.status = 'applied'), u.updated_at)
 where u.merged_into_id is not null
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("contacts", "0012_profile_campaigns")]

    operations: ClassVar = [
        migrations.AddField(
            "orgunit",
            "merged_at",
            models.DateTimeField(blank=True, null=True, verbose_name="merged at"),
        ),
        migrations.RunSQL(MERGED_SQL, migrations.RunSQL.noop),
        # PostgreSQL adds no constraint to a table whose deferred checks still wait.
        migrations.RunSQL("set constraints all immediate", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "orgunit",
            models.CheckConstraint(
                condition=models.Q(merged_into=None) | models.Q(merged_at__isnull=False),
                name="contacts_orgunit_merged_since",
            ),
        ),
        migrations.AddField(
            "storebinding",
            "full_since",
            models.DateTimeField(blank=True, null=True, verbose_name="full since"),
        ),
        migrations.AddConstraint(
            "storebinding",
            models.CheckConstraint(
                condition=models.Q(full_since=None) | models.Q(state="serve_only"),
                name="contacts_binding_full_serves_only",
            ),
        ),
        migrations.AddField(
            "unitfile",
            "refused",
            models.JSONField(blank=True, default=dict, verbose_name="refused rows"),
        ),
        migrations.AlterField(
            "unitfile",
            "sent",
            models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="unit_file",
                to="contacts.sentrows",
            ),
        ),
    ]
