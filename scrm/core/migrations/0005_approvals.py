"""Acts that wait for a second person."""

from typing import ClassVar

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields
import scrm.core.ids


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("core", "0004_step_picture"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32, verbose_name='kind')),
                ('key', models.CharField(max_length=200, verbose_name='object')),
                ('payload', scrm.core.fields.EncryptedJSONField(verbose_name='what is asked for')),
                ('reason', scrm.core.fields.EncryptedTextField(verbose_name='reason')),
                ('state', models.CharField(choices=[('waiting', 'waits for a decision'), ('approved', 'approved'), ('used', 'approved and used'), ('refused', 'refused'), ('taken_back', 'taken back'), ('expired', 'expired')], default='waiting', max_length=10, verbose_name='state')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='asked at')),
                ('expires_at', models.DateTimeField(verbose_name='expires at')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided at')),
                ('decision_reason', scrm.core.fields.EncryptedTextField(verbose_name='reason of the decision')),
                ('used_at', models.DateTimeField(blank=True, null=True, verbose_name='used at')),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'approval',
                'verbose_name_plural': 'approvals',
                'indexes': [models.Index(fields=['-asked_at', '-id'], name='core_approval_newest'), models.Index(condition=models.Q(('state__in', ['waiting', 'approved'])), fields=['expires_at'], name='core_approval_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('kind', 'key'), name='core_approval_one_waits'), models.CheckConstraint(condition=models.Q(('decided_by', None), models.Q(('decided_by', models.F('asked_by')), _negated=True), ('state', 'taken_back'), _connector='OR'), name='core_approval_by_another'), models.CheckConstraint(condition=models.Q(models.Q(('decided_by', None), ('state__in', ['waiting', 'expired'])), models.Q(('state__in', ['approved', 'used', 'refused', 'taken_back', 'expired']), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='core_approval_decided'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'used'), ('used_at__isnull', False)), models.Q(models.Q(('state', 'used'), _negated=True), ('used_at', None)), _connector='OR'), name='core_approval_used')],
            },
        ),
    ]
