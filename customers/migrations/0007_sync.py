"""The full sync of customers: chains, checkpoints, what a run found missed, and who has opened the chat."""

import uuid
from typing import ClassVar

import django.contrib.postgres.fields
import django.db.models.deletion
import scrm.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0006_goods"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='MemberRead',
            fields=[
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='customers_read', serialize=False, to='contacts.member')),
                ('complete_at', models.DateTimeField(verbose_name='completely read at')),
            ],
            options={
                'verbose_name': 'complete read of a member',
                'verbose_name_plural': 'complete reads of members',
            },
        ),
        migrations.AddField(
            model_name='followrelation',
            name='unlisted_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='no longer listed since'),
        ),
        migrations.AlterField(
            model_name='followrelation',
            name='lost_by',
            field=models.CharField(blank=True, choices=[('', 'not lost'), ('member', 'deleted by the member'), ('customer', 'deleted by the customer'), ('transfer', 'handed over to another member'), ('unlisted', 'no longer listed by WeCom')], max_length=8, verbose_name='lost by'),
        ),
        migrations.CreateModel(
            name='ListedPage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('listing', models.UUIDField(verbose_name='walk')),
                ('observed_at', models.DateTimeField(verbose_name='observed at')),
                ('relation_ids', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
            ],
            options={
                'verbose_name': 'listed page',
                'verbose_name_plural': 'listed pages',
                'indexes': [models.Index(fields=['listing'], name='customers_listed_walk'), models.Index(fields=['observed_at'], name='customers_listed_newest')],
            },
        ),
        migrations.CreateModel(
            name='SyncRun',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('job_id', models.UUIDField(unique=True, verbose_name='job')),
                ('started_at', models.DateTimeField(auto_now_add=True, verbose_name='started at')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished at')),
                ('outcome', models.CharField(choices=[('running', 'under way'), ('complete', 'everything was read'), ('partial', 'not everything could be read')], default='running', max_length=8, verbose_name='outcome')),
                ('expected', models.PositiveIntegerField(default=0, verbose_name='expected relations')),
                ('members', models.PositiveIntegerField(default=0, verbose_name='members')),
                ('calls', models.PositiveIntegerField(default=0, verbose_name='calls')),
                ('refusals', models.PositiveIntegerField(default=0, verbose_name='refused for their number')),
                ('parallel', models.PositiveSmallIntegerField(default=0, verbose_name='calls at once')),
                ('read', models.PositiveIntegerField(default=0, verbose_name='relations read')),
                ('created', models.PositiveIntegerField(default=0, verbose_name='new')),
                ('updated', models.PositiveIntegerField(default=0, verbose_name='changed')),
                ('lost', models.PositiveIntegerField(default=0, verbose_name='lost')),
                ('worked_seconds', models.FloatField(default=0, verbose_name='seconds of work')),
                ('waits_for', models.CharField(blank=True, max_length=200, verbose_name='waiting for')),
                ('waits_until', models.DateTimeField(blank=True, null=True, verbose_name='waits until')),
                ('held', models.PositiveIntegerField(default=0, verbose_name='missing, held for a person')),
                ('released_at', models.DateTimeField(blank=True, null=True, verbose_name='released at')),
                ('released_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'customer sync',
                'verbose_name_plural': 'customer syncs',
            },
        ),
        migrations.CreateModel(
            name='SyncFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('userid', models.CharField(max_length=64, verbose_name='userid')),
                ('errcode', models.IntegerField(blank=True, null=True, verbose_name='errcode')),
                ('kind', models.CharField(max_length=16)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='faults', to='customers.syncrun')),
            ],
            options={
                'verbose_name': 'member that could not be read',
                'verbose_name_plural': 'members that could not be read',
            },
        ),
        migrations.CreateModel(
            name='SyncChain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('userids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), size=None)),
                ('state', models.CharField(choices=[('open', 'to be read'), ('done', 'read to the end'), ('failed', 'could not be read')], default='open', max_length=8, verbose_name='state')),
                ('listing', models.UUIDField(default=uuid.uuid4, verbose_name='walk')),
                ('began_at', models.DateTimeField(blank=True, null=True, verbose_name='began at')),
                ('cursor', models.CharField(blank=True, max_length=512, verbose_name='cursor')),
                ('pages', models.PositiveIntegerField(default=0, verbose_name='pages')),
                ('read', models.PositiveIntegerField(default=0, verbose_name='relations read')),
                ('restarts', models.PositiveSmallIntegerField(default=0, verbose_name='begun again')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='chains', to='customers.syncrun')),
            ],
            options={
                'verbose_name': 'chain of a sync',
                'verbose_name_plural': 'chains of a sync',
            },
        ),
        migrations.CreateModel(
            name='MissedChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('added', 'added'), ('again', 'added again'), ('received', 'received by a hand-over'), ('lost', 'lost'), ('handed', 'handed over'), ('tags', 'tags changed'), ('remark', 'remark changed')], max_length=8, verbose_name='change')),
                ('detail', models.JSONField(default=dict, verbose_name='detail')),
                ('found_at', models.DateTimeField(verbose_name='found at')),
                ('told_at', models.DateTimeField(blank=True, null=True, verbose_name='told after all at')),
                ('relation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='missed_changes', to='customers.followrelation')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='missed', to='customers.syncrun')),
            ],
            options={
                'verbose_name': 'missed change',
                'verbose_name_plural': 'missed changes',
            },
        ),
        migrations.CreateModel(
            name='Unlisted',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField(verbose_name='read began at')),
                ('outcome', models.CharField(choices=[('waiting', 'waits for a second look'), ('lost', 'lost'), ('listed', 'still there'), ('unknown', 'could not be looked at')], default='waiting', max_length=8, verbose_name='outcome')),
                ('relation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='customers.followrelation')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='unlisted', to='customers.syncrun')),
            ],
            options={
                'verbose_name': 'relation that was not listed',
                'verbose_name_plural': 'relations that were not listed',
            },
        ),
        migrations.CreateModel(
            name='OpenedChat',
            fields=[
                ('relation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='opened_chat', serialize=False, to='customers.followrelation')),
                ('state', models.CharField(choices=[('opened', 'has written'), ('silent', 'has not written yet')], max_length=8, verbose_name='state')),
                ('source', models.CharField(choices=[('first', "WeCom's event of the first message"), ('later', "WeCom's event of a later message"), ('link', "WeCom's list of an acquisition link"), ('guide', 'marked by a person')], max_length=8, verbose_name='source')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('marked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'opened chat',
                'verbose_name_plural': 'opened chats',
                'indexes': [models.Index(fields=['state', 'at'], name='customers_opened_state')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state', 'opened'), ('source', 'link'), _connector='OR'), name='customers_opened_silent_known')],
            },
        ),
        migrations.AddIndex(
            model_name='syncrun',
            index=models.Index(fields=['-started_at', '-id'], name='customers_sync_newest'),
        ),
        migrations.AddConstraint(
            model_name='syncrun',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at', None), ('outcome', 'running')), models.Q(models.Q(('outcome', 'running'), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='customers_sync_finished_when'),
        ),
        migrations.AddConstraint(
            model_name='syncfault',
            constraint=models.UniqueConstraint(fields=('run', 'userid'), name='customers_syncfault_once'),
        ),
        migrations.AddConstraint(
            model_name='syncchain',
            constraint=models.UniqueConstraint(fields=('run', 'number'), name='customers_chain_once'),
        ),
        migrations.AddConstraint(
            model_name='syncchain',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'failed'), ('pages', 0), ('began_at__isnull', False), _connector='OR'), name='customers_chain_begun'),
        ),
        migrations.AddIndex(
            model_name='missedchange',
            index=models.Index(fields=['-found_at', '-id'], name='customers_missed_newest'),
        ),
        migrations.AddIndex(
            model_name='missedchange',
            index=models.Index(condition=models.Q(('told_at', None)), fields=['relation'], name='customers_missed_untold'),
        ),
        migrations.AddConstraint(
            model_name='missedchange',
            constraint=models.UniqueConstraint(fields=('run', 'relation', 'kind'), name='customers_missed_once'),
        ),
        migrations.AddConstraint(
            model_name='missedchange',
            constraint=models.CheckConstraint(condition=models.Q(('told_at', None), ('told_at__gte', models.F('found_at')), _connector='OR'), name='customers_missed_told_after'),
        ),
        migrations.AddIndex(
            model_name='unlisted',
            index=models.Index(fields=['run', 'outcome'], name='customers_unlisted_waiting'),
        ),
        migrations.AddConstraint(
            model_name='unlisted',
            constraint=models.UniqueConstraint(fields=('run', 'relation'), name='customers_unlisted_once'),
        ),
    ]
