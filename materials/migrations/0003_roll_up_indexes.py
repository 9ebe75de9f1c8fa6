"""Indexes to count the sends and views of a day."""

from django.db import migrations, models

# On the partitioned table; partitions made later copy it (materials_view_month: LIKE … INCLUDING ALL).
FORWARD = (
    "CREATE INDEX materials_view_opened ON materials_view (opened_at) INCLUDE (member_id, counted)"
)
BACKWARD = "DROP INDEX materials_view_opened"


class Migration(migrations.Migration):
    dependencies = [("materials", "0002_views_by_month")]

    operations = [
        migrations.AddIndex(
            model_name="send",
            index=models.Index(
                condition=models.Q(("confirmed_at__isnull", False)),
                fields=["confirmed_at", "member"],
                name="materials_send_confirmed",
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
