from django.db import migrations, models
from django.db.models import F


def take_over(apps, schema_editor):
    """What we last wrote to a disabled account was its disabling."""
    apps.get_model("contacts", "MemberWritten").objects.update(switched_at=F("written_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0002_feed'),
    ]

    operations = [
        migrations.AddField(
            model_name='memberwritten',
            name='switched_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='switched on or off at'),
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
    ]
