"""The days people are employed; those known so far begin or end on the day the OA gave."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
INSERT INTO contacts_employment (employee_id, began_on, ended_on, waits)
SELECT id, COALESCE(effective_on, updated_at::date), NULL, true FROM contacts_employee WHERE state = 'active'
"""


class Migration(migrations.Migration):
    dependencies = [("contacts", "0003_member_switched")]

    operations = [
        migrations.CreateModel(
            name="Employment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("began_on", models.DateField(verbose_name="began on")),
                ("ended_on", models.DateField(blank=True, null=True, verbose_name="ended on")),
                ("waits", models.BooleanField(default=True, verbose_name="not looked at yet")),
                (
                    "employee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="employments",
                        to="contacts.employee",
                    ),
                ),
            ],
            options={
                "verbose_name": "employment",
                "verbose_name_plural": "employments",
                "indexes": [
                    models.Index(
                        condition=models.Q(("waits", True)),
                        fields=["id"],
                        name="contacts_employment_waits",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_on", None)),
                        fields=("employee",),
                        name="contacts_employment_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ended_on", None),
                            ("ended_on__gte", models.F("began_on")),
                            _connector="OR",
                        ),
                        name="contacts_employment_in_order",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
