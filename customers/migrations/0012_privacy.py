"""Erasure with tombstones, packages of one person's data; a change of the field key reaches the audit too."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields
import scrm.core.ids

# A new field key is put under the rows of the audit too. What they say is not touched by that, and would be found
# out: the keyed hash of a row and the chain are over the plain text. So this alone passes, and only where a change
# of key says so for its own transaction.
FORWARD = """
CREATE OR REPLACE FUNCTION core_auditentry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'audit rows are never deleted' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF current_setting('scrm.rekey', true) = 'on'
       AND (to_jsonb(NEW) - 'before' - 'after' - 'reason') IS NOT DISTINCT FROM (to_jsonb(OLD) - 'before' - 'after' - 'reason')
       AND (NEW.before IS NULL) = (OLD.before IS NULL) AND (NEW.after IS NULL) = (OLD.after IS NULL) THEN
        RETURN NEW;
    END IF;
    IF OLD.seal IS NOT NULL OR NEW.seal IS NULL OR NEW.seq IS NULL
       OR (to_jsonb(NEW) - 'seq' - 'seal') IS DISTINCT FROM (to_jsonb(OLD) - 'seq' - 'seal') THEN
        RAISE EXCEPTION 'audit rows are never changed' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0011_groups"),
        ("core", "0005_approvals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('cause', models.CharField(choices=[('request', 'asked for'), ('retention', 'kept long enough')], max_length=9, verbose_name='why')),
                ('record_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None, verbose_name='records')),
                ('erased_at', models.DateTimeField(verbose_name='erased at')),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('counts', models.JSONField(default=dict, verbose_name='what was emptied')),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='done at')),
            ],
            options={
                'verbose_name': 'erasure',
                'verbose_name_plural': 'erasures',
                'indexes': [models.Index(fields=['-erased_at', '-id'], name='customers_erasure_newest')],
            },
        ),
        migrations.CreateModel(
            name='Tombstone',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.BinaryField(max_length=32, unique=True, verbose_name='keyed hash')),
                ('kind', models.CharField(choices=[('unionid', 'unionid'), ('external_userid', 'external userid'), ('member_no', 'member number'), ('phone', 'phone')], max_length=16, verbose_name='kind')),
                ('erasure', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tombstones', to='customers.erasure')),
                ('erased_at', models.DateTimeField(verbose_name='erased at')),
            ],
            options={
                'verbose_name': 'tombstone',
                'verbose_name_plural': 'tombstones',
            },
        ),
        migrations.CreateModel(
            name='SubjectPackage',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('record_id', models.UUIDField(verbose_name='record')),
                ('state', models.CharField(choices=[('making', 'being made'), ('ready', 'ready to be taken'), ('gone', 'deleted'), ('failed', 'failed')], default='making', max_length=6, verbose_name='state')),
                ('content', scrm.core.fields.EncryptedBytesField(blank=True, null=True, verbose_name='file')),
                ('counts', models.JSONField(default=dict, verbose_name='what is in it')),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_at', models.DateTimeField(blank=True, null=True, verbose_name='made at')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='asked at')),
            ],
            options={
                'verbose_name': "package of a person's data",
                'verbose_name_plural': "packages of persons' data",
                'indexes': [models.Index(fields=['-created_at', '-id'], name='customers_package_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('content__isnull', False), ('state', 'ready')), models.Q(models.Q(('state', 'ready'), _negated=True), ('content__isnull', True)), _connector='OR'), name='customers_package_ready_has_file')],
            },
        ),
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
    ]
