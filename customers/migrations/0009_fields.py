"""Fields of the company's own, marks of who does not count, rules of how to serve."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import scrm.core.fields
import scrm.core.ids
from django.conf import settings
from django.db import migrations, models

# Whoever is marked, and whoever is one person with them. Few rows: the marks lead, not the people.
LEFT_OUT = """
CREATE VIEW customers_leftout AS
SELECT mark.id AS mark_id, known.record_id, coalesce(contact.external_userid, '') AS external_userid,
       coalesce(contact.unionid, member.unionid, '') AS unionid,
       mark.kind, mark.source, mark.began_at, mark.ended_at
FROM customers_countmark mark
LEFT JOIN customers_personlink mine ON mine.record_id = mark.record_id
LEFT JOIN customers_personlink theirs ON theirs.person_id = mine.person_id
CROSS JOIN LATERAL (SELECT coalesce(theirs.record_id, mark.record_id) AS record_id) known
LEFT JOIN customers_externalcontact contact ON contact.id = known.record_id
LEFT JOIN customers_crmmember member ON member.id = known.record_id
WHERE mark.lifted_at IS NULL AND mark.kind <> 'customer'
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0008_oneid"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='LeftOut',
            fields=[
                ('mark_id', models.UUIDField(primary_key=True, serialize=False)),
                ('record_id', models.UUIDField()),
                ('external_userid', models.CharField(max_length=64)),
                ('unionid', models.CharField(max_length=64)),
                ('kind', models.CharField(choices=[('staff', 'colleague'), ('test', 'test contact'), ('customer', 'counts as a customer')], max_length=8)),
                ('source', models.CharField(choices=[('hand', 'by hand'), ('list', 'by a list'), ('rule', 'by the rule')], max_length=4)),
                ('began_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
            ],
            options={
                'verbose_name': 'left out of figures',
                'verbose_name_plural': 'left out of figures',
                'db_table': 'customers_leftout',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='FieldDefinition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=32, unique=True, verbose_name='key')),
                ('name', models.CharField(max_length=32, verbose_name='name of the field')),
                ('type', models.CharField(choices=[('text', 'free text'), ('number', 'a number'), ('date', 'a day'), ('choice', 'one of several'), ('choices', 'some of several'), ('yes_no', 'yes or no'), ('phone', 'a phone number')], max_length=8, verbose_name='type of the field')),
                ('choices', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), blank=True, default=list, size=None, verbose_name='choices of the field')),
                ('purpose', models.CharField(max_length=200, verbose_name='purpose')),
                ('data_class', models.CharField(choices=[('identity', 'identity: who somebody is'), ('contact', 'contact: how to reach somebody'), ('message', 'message: what somebody told us'), ('behaviour', 'behaviour: what somebody likes or does')], max_length=9, verbose_name='class')),
                ('record', models.CharField(choices=[('contact', 'the WeCom customer'), ('member', 'the CRM member')], max_length=7, verbose_name='belongs to')),
                ('retention', models.CharField(choices=[('customer', 'while a customer, and 2 years'), ('1y', '1 year after the last change'), ('2y', '2 years after the last change'), ('5y', '5 years after the last change')], max_length=8, verbose_name='kept how long')),
                ('seen_by', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), default=list, size=None, verbose_name='seen by')),
                ('edited_by', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), blank=True, default=list, size=None, verbose_name='changed by')),
                ('position', models.PositiveSmallIntegerField(default=100, verbose_name='position')),
                ('retired_at', models.DateTimeField(blank=True, null=True, verbose_name='retired at')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'customer field',
                'verbose_name_plural': 'customer fields',
            },
        ),
        migrations.CreateModel(
            name='FieldValue',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('sealed', scrm.core.fields.EncryptedJSONField(blank=True, null=True, verbose_name='sealed value')),
                ('plain', models.JSONField(blank=True, null=True, verbose_name='value')),
                ('value_index', models.BinaryField(max_length=32, null=True, verbose_name='index of the value')),
                ('updated_at', models.DateTimeField(verbose_name='updated at')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='field_values', to='customers.externalcontact')),
                ('field', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='values', to='customers.fielddefinition')),
                ('member', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='field_values', to='customers.crmmember')),
                ('updated_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'value of a customer field',
                'verbose_name_plural': 'values of customer fields',
            },
        ),
        migrations.CreateModel(
            name='ServeRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(blank=True, max_length=16, null=True, unique=True, verbose_name='code')),
                ('when', models.CharField(choices=[('built_in', 'built in'), ('tag', 'has the tag'), ('level', 'has the membership level')], default='built_in', max_length=8, verbose_name='speaks when the customer')),
                ('value', models.CharField(blank=True, max_length=64, verbose_name='tag or level')),
                ('text', models.CharField(blank=True, max_length=100, verbose_name='what to do')),
                ('days', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='days')),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='in force')),
                ('changed_at', models.DateTimeField(auto_now=True, verbose_name='changed at')),
                ('changed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'rule of how to serve',
                'verbose_name_plural': 'rules of how to serve',
            },
        ),
        migrations.CreateModel(
            name='CountMark',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('record_kind', models.CharField(choices=[('contact', 'external contact'), ('member', 'CRM member')], max_length=8, verbose_name='record kind')),
                ('record_id', models.UUIDField(verbose_name='record')),
                ('kind', models.CharField(choices=[('staff', 'colleague'), ('test', 'test contact'), ('customer', 'counts as a customer')], max_length=8, verbose_name='is a')),
                ('source', models.CharField(choices=[('hand', 'by hand'), ('list', 'by a list'), ('rule', 'by the rule')], max_length=4, verbose_name='marked')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='why it does not count')),
                ('began_at', models.DateTimeField(blank=True, null=True, verbose_name='left out from')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='left out until')),
                ('lifted_at', models.DateTimeField(blank=True, null=True, verbose_name='taken back at')),
                ('set_at', models.DateTimeField(auto_now_add=True, verbose_name='set at')),
                ('changed_at', models.DateTimeField(verbose_name='changed at')),
                ('set_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'mark of who does not count',
                'verbose_name_plural': 'marks of who does not count',
                'indexes': [models.Index(fields=['changed_at'], name='customers_countmark_changed'), models.Index(condition=models.Q(('lifted_at', None)), fields=['-set_at', '-id'], name='customers_countmark_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('record_id', 'source', 'began_at'), name='customers_countmark_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('ended_at', None), ('began_at__isnull', False), _connector='OR'), name='customers_countmark_span_begins')],
            },
        ),
        migrations.AddConstraint(
            model_name='fielddefinition',
            constraint=models.CheckConstraint(condition=models.Q(('key__regex', '^[a-z][a-z0-9_]{0,31}$')), name='customers_field_key'),
        ),
        migrations.AddConstraint(
            model_name='fielddefinition',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('type__in', ('choice', 'choices')), models.Q(('choices', []), _negated=True)), models.Q(models.Q(('type__in', ('choice', 'choices')), _negated=True), ('choices', [])), _connector='OR'), name='customers_field_choices_of_choice'),
        ),
        migrations.AddConstraint(
            model_name='fielddefinition',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('purpose', ''), _negated=True), models.Q(('seen_by', []), _negated=True)), name='customers_field_purpose_and_reader'),
        ),
        migrations.AddConstraint(
            model_name='fielddefinition',
            constraint=models.CheckConstraint(condition=models.Q(('seen_by__contains', models.F('edited_by'))), name='customers_field_writers_read'),
        ),
        migrations.AddConstraint(
            model_name='fielddefinition',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('type', 'phone'), _negated=True), ('data_class', 'contact'), _connector='OR'), name='customers_field_phone_is_contact'),
        ),
        migrations.AddIndex(
            model_name='fieldvalue',
            index=models.Index(condition=models.Q(('value_index__isnull', False)), fields=['field', 'value_index'], name='customers_fieldvalue_index'),
        ),
        migrations.AddIndex(
            model_name='fieldvalue',
            index=models.Index(condition=models.Q(('plain__isnull', False)), fields=['field', 'plain'], name='customers_fieldvalue_plain'),
        ),
        migrations.AddIndex(
            model_name='fieldvalue',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('plain'), name='jsonb_path_ops'), condition=models.Q(('plain__isnull', False)), name='customers_fieldvalue_lists'),
        ),
        migrations.AddIndex(
            model_name='fieldvalue',
            index=models.Index(fields=['field', 'updated_at'], name='customers_fieldvalue_age'),
        ),
        migrations.AddConstraint(
            model_name='fieldvalue',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('contact', None), ('member__isnull', False)), models.Q(('contact__isnull', False), ('member', None)), _connector='OR'), name='customers_fieldvalue_one_record'),
        ),
        migrations.AddConstraint(
            model_name='fieldvalue',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('plain__isnull', False), ('sealed__isnull', True), ('value_index', None)), models.Q(('plain__isnull', True), ('sealed__isnull', False), ('value_index__isnull', False)), _connector='OR'), name='customers_fieldvalue_sealed_or_plain'),
        ),
        migrations.AddConstraint(
            model_name='fieldvalue',
            constraint=models.UniqueConstraint(condition=models.Q(('contact__isnull', False)), fields=('contact', 'field'), name='customers_fieldvalue_contact_once'),
        ),
        migrations.AddConstraint(
            model_name='fieldvalue',
            constraint=models.UniqueConstraint(condition=models.Q(('member__isnull', False)), fields=('member', 'field'), name='customers_fieldvalue_member_once'),
        ),
        migrations.AddConstraint(
            model_name='serverule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('code__isnull', False), ('value', ''), ('when', 'built_in')), models.Q(models.Q(('when', 'built_in'), _negated=True), ('code', None), ('days', None), models.Q(('value', ''), _negated=True), models.Q(('text', ''), _negated=True)), _connector='OR'), name='customers_serverule_own_or_built_in'),
        ),
        migrations.RunSQL(LEFT_OUT, "DROP VIEW customers_leftout"),
    ]
