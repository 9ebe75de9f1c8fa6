"""Groups, moves and protected customers of hand-overs."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies: ClassVar = [
        ('contacts', '0014_oa_sync'),
        ('customers', '0013_lists'),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='HandoverGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chat_id', models.CharField(max_length=64, verbose_name='group')),
                ('title', models.CharField(blank=True, max_length=200, verbose_name="group's name")),
                ('people', models.PositiveIntegerField(default=0, verbose_name='people')),
                ('state', models.CharField(choices=[('planned', 'planned'), ('waiting', 'WeCom hands it over'), ('done', 'handed over'), ('failed', 'WeCom refused'), ('unplaced', 'nobody can own it'), ('later', "WeCom's limit of a day; asked again later")], default='planned', max_length=8, verbose_name='state')),
                ('errcode', models.IntegerField(default=0, verbose_name='error')),
                ('asked_at', models.DateTimeField(blank=True, null=True, verbose_name='asked at')),
                ('again_on', models.DateTimeField(blank=True, null=True, verbose_name='asked again on')),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='settled at')),
            ],
            options={
                'verbose_name': 'group of a hand-over',
                'verbose_name_plural': 'groups of a hand-over',
            },
        ),
        migrations.AddField(
            model_name='handoveritem',
            name='again_on',
            field=models.DateTimeField(blank=True, null=True, verbose_name='asked again on'),
        ),
        migrations.AddField(
            model_name='handoverplan',
            name='cause',
            field=models.CharField(choices=[('leave', 'leaves'), ('move', 'moves to another store')], default='leave', max_length=8, verbose_name='why'),
        ),
        migrations.AddField(
            model_name='handoverplan',
            name='store',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contacts.orgunit'),
        ),
        migrations.AddField(
            model_name='handoverpolicy',
            name='moves_since',
            field=models.DateTimeField(blank=True, null=True, verbose_name='moves count from'),
        ),
        migrations.AddField(
            model_name='handoverpolicy',
            name='on_move',
            field=models.CharField(choices=[('stay', 'the customers stay with the guide'), ('plan', 'make a plan for the former store; somebody confirms it'), ('offer', 'make a plan for the former store and ask the customers at once')], default='stay', max_length=8, verbose_name='when a guide moves to another store'),
        ),
        migrations.AlterField(
            model_name='handoveritem',
            name='state',
            field=models.CharField(choices=[('planned', 'planned'), ('waiting', 'waiting for the customer'), ('done', 'handed over'), ('refused', 'refused by the customer'), ('capped', 'the successor has no room'), ('failed', 'WeCom refused'), ('unplaced', 'nobody has room'), ('later', 'protected by WeCom, asked again later')], default='planned', max_length=8, verbose_name='state'),
        ),
        migrations.AddIndex(
            model_name='handoveritem',
            index=models.Index(condition=models.Q(('state', 'later')), fields=['again_on'], name='customers_handover_again'),
        ),
        migrations.AddConstraint(
            model_name='handoveritem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'later'), _negated=True), ('again_on__isnull', False), _connector='OR'), name='customers_handoveritem_later'),
        ),
        migrations.AddConstraint(
            model_name='handoverpolicy',
            constraint=models.CheckConstraint(condition=models.Q(('on_move', 'stay'), ('moves_since__isnull', False), _connector='OR'), name='customers_handoverpolicy_moves'),
        ),
        migrations.AddField(
            model_name='handovergroup',
            name='plan',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='groups', to='customers.handoverplan'),
        ),
        migrations.AddField(
            model_name='handovergroup',
            name='successor',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='incoming_groups', to='contacts.member'),
        ),
        migrations.AddConstraint(
            model_name='handovergroup',
            constraint=models.UniqueConstraint(fields=('plan', 'chat_id'), name='customers_handovergroup_once'),
        ),
        migrations.AddConstraint(
            model_name='handovergroup',
            constraint=models.CheckConstraint(condition=models.Q(('successor__isnull', False), ('state', 'unplaced'), _connector='OR'), name='customers_handovergroup_successor'),
        ),
        migrations.AddConstraint(
            model_name='handovergroup',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'later'), _negated=True), ('again_on__isnull', False), _connector='OR'), name='customers_handovergroup_later'),
        ),
    ]
