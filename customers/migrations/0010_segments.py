"""Our own tags, tag rules, segments, audiences; the database notes whose facts changed while a rule is on."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields
import scrm.core.ids

# Who writes a fact need not know that rules exist: COPY, bulk statements and single saves are all seen here, and
# nothing can forget to tell. While no rule is on, each statement costs one look at a table of a few rows.
NOTE = """
CREATE FUNCTION customers_facts_{name}_{op}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM customers_tagrule WHERE state = 'active') THEN
        INSERT INTO customers_factchange (record_id) {select};
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_facts_{name}_{op} AFTER {event} ON customers_{name}
    REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION customers_facts_{name}_{op}();
"""
FORGET = """
DROP TRIGGER customers_facts_{name}_{op} ON customers_{name};
DROP FUNCTION customers_facts_{name}_{op}();
"""
NEW, OLD = "NEW TABLE AS fresh", "OLD TABLE AS former"
BOTH = f"{OLD} {NEW}"
# Orders of a member go by the member; those of nobody yet by the customer they name.
BUYERS = """
SELECT o.member_id FROM fresh o {joined} WHERE o.member_id IS NOT NULL {changed}
UNION
SELECT c.id FROM fresh o JOIN customers_externalcontact c ON c.unionid = o.unionid {joined}
 WHERE o.member_id IS NULL AND o.unionid <> '' {changed}
UNION
SELECT c.id FROM fresh o JOIN customers_externalcontact c ON c.external_userid = o.external_userid {joined}
 WHERE o.member_id IS NULL AND o.external_userid <> '' {changed}
"""
# table, event, what the statement knows, whose facts changed
FACTS = (
    ("followrelation", "insert", NEW, "SELECT DISTINCT contact_id FROM fresh"),
    (
        "followrelation",
        "update",
        BOTH,
        """SELECT DISTINCT n.contact_id FROM fresh n JOIN former o ON o.id = n.id
            WHERE (o.status, o.tag_ids, o.member_id, o.add_way, o.created_time)
                  IS DISTINCT FROM (n.status, n.tag_ids, n.member_id, n.add_way, n.created_time)""",
    ),
    ("personlink", "insert", NEW, "SELECT record_id FROM fresh"),
    (
        "personlink",
        "update",
        BOTH,
        """SELECT n.record_id FROM fresh n JOIN former o ON o.id = n.id WHERE o.person_id <> n.person_id
            UNION
           SELECT l.record_id FROM fresh n JOIN former o ON o.id = n.id
             JOIN customers_personlink l ON l.person_id = o.person_id WHERE o.person_id <> n.person_id""",
    ),
    ("crmmember", "insert", NEW, "SELECT id FROM fresh"),
    (
        "crmmember",
        "update",
        BOTH,
        """SELECT n.id FROM fresh n JOIN former o ON o.id = n.id
            WHERE (o.level, o.state, o.store_code, o.joined_on)
                  IS DISTINCT FROM (n.level, n.state, n.store_code, n.joined_on)""",
    ),
    ("order", "insert", NEW, BUYERS.format(joined="", changed="")),
    (
        "order",
        "update",
        BOTH,
        BUYERS.format(
            joined="JOIN former f ON f.id = o.id",
            changed="""AND (f.amount, f.refunded, f.member_id, f.paid_at, f.channel, f.store_code)
                       IS DISTINCT FROM (o.amount, o.refunded, o.member_id, o.paid_at, o.channel, o.store_code)""",
        ),
    ),
    *(
        (table, event, known, f"SELECT DISTINCT {column} FROM {rows} WHERE {column} IS NOT NULL")
        for table, column in (
            ("asset", "member_id"),
            ("membertags", "member_id"),
            ("localtagmark", "record_id"),
            ("audienceentry", "record_id"),
            ("donotcontact", "contact_id"),
            ("fieldvalue", "coalesce(contact_id, member_id)"),
            ("countmark", "record_id"),
        )
        for event, known, rows in (
            ("insert", NEW, "fresh"),
            ("update", NEW, "fresh"),
            ("delete", OLD, "former"),
        )
    ),
    *(
        (
            "openedchat",
            event,
            NEW,
            "SELECT r.contact_id FROM fresh o JOIN customers_followrelation r ON r.id = o.relation_id",
        )
        for event in ("insert", "update")
    ),
    (
        "timelineentry",
        "insert",
        NEW,
        "SELECT DISTINCT record_id FROM fresh WHERE kind = 'material.viewed'",
    ),
)


def watching() -> list[migrations.RunSQL]:
    """Return one trigger for each table and kind of statement."""
    return [
        migrations.RunSQL(
            NOTE.format(name=table, op=event, event=event, tables=known, select=select),
            FORGET.format(name=table, op=event),
        )
        for table, event, known, select in FACTS
    ]


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("contacts", "0014_oa_sync"),
        ("core", "0005_approvals"),
        ("customers", "0009_fields"),
    ]

    operations = [
        migrations.CreateModel(
            name='FactChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record_id', models.UUIDField(verbose_name='record')),
                ('noted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='noted at')),
            ],
            options={
                'verbose_name': 'changed fact',
                'verbose_name_plural': 'changed facts',
            },
        ),
        migrations.CreateModel(
            name='LocalTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=30, verbose_name='name')),
                ('order', models.PositiveIntegerField(default=0, verbose_name='order')),
                ('deleted_at', models.DateTimeField(blank=True, null=True, verbose_name='deleted at')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'local tag',
                'verbose_name_plural': 'local tags',
                'constraints': [models.UniqueConstraint(condition=models.Q(('deleted_at', None)), fields=('name',), name='customers_localtag_one_of_a_name')],
            },
        ),
        migrations.CreateModel(
            name='PersonalTags',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('userid', models.CharField(max_length=64, verbose_name='userid')),
                ('external_userid', models.CharField(max_length=64, verbose_name='external userid')),
                ('names', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), default=list, size=None, verbose_name='tags')),
                ('observed_at', models.DateTimeField(verbose_name='observed at')),
            ],
            options={
                'verbose_name': 'personal tags',
                'verbose_name_plural': 'personal tags',
                'constraints': [models.UniqueConstraint(fields=('external_userid', 'userid'), name='customers_personaltags_once')],
            },
        ),
        migrations.CreateModel(
            name='Segment',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('kind', models.CharField(choices=[('dynamic', 'by condition'), ('audience', 'imported audience')], default='dynamic', max_length=8, verbose_name='kind')),
                ('condition', models.JSONField(blank=True, default=dict, verbose_name='condition')),
                ('is_shared', models.BooleanField(default=False, verbose_name='shared with branches')),
                ('code', models.CharField(blank=True, max_length=64, verbose_name='code')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='ends')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'segment',
                'verbose_name_plural': 'segments',
            },
        ),
        migrations.CreateModel(
            name='AudienceFile',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('filename', models.CharField(max_length=200, verbose_name='file')),
                ('content', scrm.core.fields.EncryptedBytesField(blank=True, null=True, verbose_name='content')),
                ('rows', models.PositiveIntegerField(default=0, verbose_name='rows')),
                ('matched', models.PositiveIntegerField(default=0, verbose_name='found')),
                ('unmatched', models.PositiveIntegerField(default=0, verbose_name='not found')),
                ('job_id', models.UUIDField(blank=True, null=True, verbose_name='job')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='customers.segment')),
            ],
            options={
                'verbose_name': 'file of an audience',
                'verbose_name_plural': 'files of audiences',
            },
        ),
        migrations.CreateModel(
            name='AudienceEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record_kind', models.CharField(choices=[('contact', 'external contact'), ('member', 'CRM member')], max_length=8, verbose_name='kind')),
                ('record_id', models.UUIDField(verbose_name='record')),
                ('segment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='customers.segment')),
            ],
            options={
                'verbose_name': 'entry of an audience',
                'verbose_name_plural': 'entries of an audience',
            },
        ),
        migrations.CreateModel(
            name='TagRule',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('condition', models.JSONField(verbose_name='condition')),
                ('tag_ids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None, verbose_name='WeCom tags')),
                ('local_tag_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None, verbose_name='local tags')),
                ('takes_off', models.BooleanField(default=False, verbose_name='take the tags off when it no longer holds')),
                ('puts_back', models.BooleanField(default=False, verbose_name='put back what a person took off')),
                ('state', models.CharField(choices=[('draft', 'draft'), ('active', 'switched on'), ('stopped', 'switched off')], default='draft', max_length=8, verbose_name='state')),
                ('problem', models.CharField(blank=True, max_length=300, verbose_name='problem')),
                ('version', models.PositiveIntegerField(default=1, verbose_name='version')),
                ('dry_run', models.JSONField(blank=True, default=dict, verbose_name='dry run')),
                ('dry_run_at', models.DateTimeField(blank=True, null=True, verbose_name='dry run at')),
                ('checked_at', models.DateTimeField(blank=True, null=True, verbose_name='all checked at')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'tag rule',
                'verbose_name_plural': 'tag rules',
            },
        ),
        migrations.CreateModel(
            name='RuleMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag_id', models.CharField(max_length=64, verbose_name='tag id')),
                ('state', models.CharField(choices=[('asked', 'on its way to WeCom'), ('put', 'put by the rule'), ('found', 'was there before'), ('left', 'taken off by a person'), ('leaving', 'being taken off'), ('off', 'taken off by the rule'), ('refused', 'refused by WeCom')], max_length=8, verbose_name='state')),
                ('key', models.CharField(blank=True, db_index=True, max_length=64, verbose_name='key')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
                ('relation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='customers.followrelation')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='marks', to='customers.tagrule')),
            ],
            options={
                'verbose_name': 'mark of a rule',
                'verbose_name_plural': 'marks of rules',
            },
        ),
        migrations.CreateModel(
            name='TagWish',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('external_userid', models.CharField(max_length=64, verbose_name='external userid')),
                ('userid', models.CharField(max_length=64, verbose_name='userid')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.jobrun')),
            ],
            options={
                'verbose_name': 'relation to tag',
                'verbose_name_plural': 'relations to tag',
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('given_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='given at')),
                ('asked_at', models.DateTimeField(blank=True, null=True, verbose_name='invited at')),
                ('joined_at', models.DateTimeField(blank=True, null=True, verbose_name='became a friend at')),
                ('crm_member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='customers.crmmember')),
                ('guide', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='contacts.member')),
                ('store', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contacts.orgunit')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'indexes': [models.Index(condition=models.Q(('joined_at', None)), fields=['guide', '-given_at'], name='customers_invitation_open')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('joined_at', None)), fields=('crm_member',), name='customers_invitation_one_open')],
            },
        ),
        migrations.CreateModel(
            name='LocalTagMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record_id', models.UUIDField(verbose_name='record')),
                ('by', models.CharField(choices=[('human', 'a person'), ('rule', 'a rule')], default='human', max_length=5, verbose_name='put by')),
                ('marked_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='marked at')),
                ('removed_at', models.DateTimeField(blank=True, null=True, verbose_name='taken off at')),
                ('removed_by', models.CharField(blank=True, choices=[('human', 'a person'), ('rule', 'a rule')], max_length=5, verbose_name='taken off by')),
                ('tag', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='marks', to='customers.localtag')),
            ],
            options={
                'verbose_name': 'local tag of a record',
                'verbose_name_plural': 'local tags of records',
                'indexes': [models.Index(fields=['record_id'], name='customers_localmark_record')],
                'constraints': [models.UniqueConstraint(fields=('tag', 'record_id'), name='customers_localmark_once'), models.CheckConstraint(condition=models.Q(models.Q(('removed_at', None), ('removed_by', '')), models.Q(('removed_at__isnull', False), models.Q(('removed_by', ''), _negated=True)), _connector='OR'), name='customers_localmark_removed_by_whom')],
            },
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.UniqueConstraint(condition=models.Q(('code', ''), _negated=True), fields=('code',), name='customers_segment_one_of_a_code'),
        ),
        migrations.AddConstraint(
            model_name='segment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'dynamic'), models.Q(('condition', {}), _negated=True)), models.Q(('condition', {}), ('kind', 'audience')), _connector='OR'), name='customers_segment_condition_of_dynamic'),
        ),
        migrations.AddIndex(
            model_name='audienceentry',
            index=models.Index(fields=['record_id'], name='customers_audience_record'),
        ),
        migrations.AddConstraint(
            model_name='audienceentry',
            constraint=models.UniqueConstraint(fields=('segment', 'record_id'), name='customers_audience_once'),
        ),
        migrations.AddConstraint(
            model_name='tagrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('tag_ids', []), _negated=True), models.Q(('local_tag_ids', []), _negated=True), _connector='OR'), name='customers_tagrule_has_tags'),
        ),
        migrations.AddIndex(
            model_name='rulemark',
            index=models.Index(fields=['rule', 'state'], name='customers_rulemark_state'),
        ),
        migrations.AddConstraint(
            model_name='rulemark',
            constraint=models.UniqueConstraint(fields=('rule', 'relation', 'tag_id'), name='customers_rulemark_once'),
        ),
        *watching(),
    ]
