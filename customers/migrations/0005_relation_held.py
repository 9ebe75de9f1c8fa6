"""An index on the largest table, built beside the traffic: events go on being written."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("customers", "0004_dated_facts")]

    operations = [
        # On a million rows it takes longer than a page may.
        migrations.RunSQL("SET statement_timeout TO 0", migrations.RunSQL.noop),
        # What an attempt that was cut off left behind.
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS customers_relation_held", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="followrelation",
            index=models.Index(
                condition=models.Q(("status", "active")),
                fields=["member", "created_time"],
                name="customers_relation_held",
            ),
        ),
        migrations.RunSQL("RESET statement_timeout", migrations.RunSQL.noop),
    ]
