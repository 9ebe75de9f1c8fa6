"""Goods, stock, assets, services received, and how they arrive."""

import datetime
from typing import ClassVar

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import scrm.core.fields
import scrm.core.ids
from django.conf import settings
from django.db import migrations, models

# Assets that are there hang on a member; from now on they also name it, as those do that come before theirs.
NUMBERS = """
UPDATE customers_asset AS asset SET member_no = member.member_no
FROM customers_crmmember AS member WHERE member.id = asset.member_id
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0005_relation_held"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='FactFile',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('members', 'CRM members'), ('goods', 'goods'), ('stock', 'store stock'), ('orders', 'orders'), ('refunds', 'refunds'), ('assets', 'assets'), ('tags', 'tags of members'), ('services', 'services received')], max_length=8, verbose_name='kind')),
                ('filename', models.CharField(max_length=200, verbose_name='file')),
                ('content', scrm.core.fields.EncryptedBytesField(blank=True, null=True, verbose_name='content')),
                ('job_id', models.UUIDField(blank=True, null=True, verbose_name='job')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'file of facts',
                'verbose_name_plural': 'files of facts',
            },
        ),
        migrations.CreateModel(
            name='MemberTags',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('member_no', models.CharField(max_length=64, unique=True, verbose_name='member number')),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), default=list, size=None, verbose_name='tags')),
                ('observed_at', models.DateTimeField(verbose_name='as of')),
            ],
            options={
                'verbose_name': 'tags of a CRM member',
                'verbose_name_plural': 'tags of CRM members',
            },
        ),
        migrations.CreateModel(
            name='PullSource',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=64, unique=True, verbose_name='name')),
                ('kind', models.CharField(choices=[('members', 'CRM members'), ('goods', 'goods'), ('stock', 'store stock'), ('orders', 'orders'), ('refunds', 'refunds'), ('assets', 'assets'), ('tags', 'tags of members'), ('services', 'services received')], max_length=8, verbose_name='kind')),
                ('options', models.JSONField(default=dict, verbose_name='settings')),
                ('secret', scrm.core.fields.EncryptedTextField(blank=True, default='', verbose_name='secret')),
                ('mapping', models.JSONField(blank=True, default=dict, verbose_name='mapping')),
                ('lines_path', models.CharField(blank=True, max_length=200, verbose_name='path of the lines')),
                ('since_param', models.CharField(blank=True, max_length=64, verbose_name='parameter of “changed since”')),
                ('rhythm', models.CharField(choices=[('off', 'only by hand'), ('quarter', 'every 15 minutes'), ('hourly', 'every hour'), ('daily', 'once a day')], default='off', max_length=8, verbose_name='is read')),
                ('daily_at', models.TimeField(default=datetime.time(3, 0), verbose_name='at')),
                ('next_read_at', models.DateTimeField(blank=True, null=True, verbose_name='next reading')),
                ('read_from', models.DateTimeField(blank=True, null=True, verbose_name='last reading')),
                ('last_records', models.PositiveIntegerField(default=0, verbose_name='records of the last reading')),
                ('last_mark', models.CharField(blank=True, max_length=64, verbose_name='mark of the content')),
                ('last_problem', models.TextField(blank=True, verbose_name='what went wrong')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
            ],
            options={
                'verbose_name': 'CRM source',
                'verbose_name_plural': 'CRM sources',
            },
        ),
        migrations.CreateModel(
            name='ServiceReceived',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('service_no', models.CharField(max_length=64, unique=True, verbose_name='service number')),
                ('member_no', models.CharField(blank=True, max_length=64, verbose_name='member number')),
                ('unionid', models.CharField(blank=True, max_length=64, verbose_name='unionid')),
                ('order_no', models.CharField(blank=True, max_length=64, verbose_name='order number')),
                ('sku', models.CharField(blank=True, max_length=64, verbose_name='SKU')),
                ('kind', models.CharField(max_length=32, verbose_name='service')),
                ('title', models.CharField(blank=True, max_length=128, verbose_name='title')),
                ('store_code', models.CharField(blank=True, max_length=64, verbose_name='store code')),
                ('userid', models.CharField(blank=True, max_length=64, verbose_name='served by')),
                ('state', models.CharField(choices=[('booked', 'booked'), ('done', 'done'), ('cancelled', 'cancelled')], default='done', max_length=9, verbose_name='state')),
                ('rating', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='rating')),
                ('served_at', models.DateTimeField(verbose_name='when')),
                ('observed_at', models.DateTimeField(verbose_name='as of')),
            ],
            options={
                'verbose_name': 'service received',
                'verbose_name_plural': 'services received',
            },
        ),
        migrations.CreateModel(
            name='StoreStock',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('sku', models.CharField(max_length=64, verbose_name='SKU')),
                ('store_code', models.CharField(max_length=64, verbose_name='store code')),
                ('quantity', models.IntegerField(verbose_name='pieces')),
                ('observed_at', models.DateTimeField(verbose_name='counted at')),
            ],
            options={
                'verbose_name': 'store stock',
                'verbose_name_plural': 'store stock',
            },
        ),
        migrations.RemoveConstraint(
            model_name='asset',
            name='customers_asset_once',
        ),
        migrations.AddField(
            model_name='asset',
            name='member_no',
            field=models.CharField(default='', max_length=64, verbose_name='member number'),
            preserve_default=False,
        ),
        migrations.RunSQL(NUMBERS, migrations.RunSQL.noop),
        migrations.AddField(
            model_name='goods',
            name='picture_token',
            field=models.CharField(blank=True, max_length=22, verbose_name='uploaded picture'),
        ),
        migrations.AddField(
            model_name='order',
            name='as_of',
            field=models.DateTimeField(blank=True, null=True, verbose_name='as of'),
        ),
        migrations.AddField(
            model_name='order',
            name='cancelled_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='cancelled at'),
        ),
        migrations.AddField(
            model_name='refund',
            name='is_cancellation',
            field=models.BooleanField(default=False, verbose_name='by cancellation'),
        ),
        migrations.AlterField(
            model_name='asset',
            name='member',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='assets', to='customers.crmmember'),
        ),
        migrations.AlterField(
            model_name='historychange',
            name='kind',
            field=models.CharField(choices=[('member', 'member'), ('order', 'order'), ('refund', 'refund'), ('service', 'service')], max_length=8, verbose_name='kind'),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(condition=models.Q(('member', None), models.Q(('member_no', ''), _negated=True)), fields=['member_no'], name='customers_asset_unjoined'),
        ),
        migrations.AddIndex(
            model_name='goods',
            index=models.Index(condition=models.Q(('model', ''), _negated=True), fields=['model', 'sku'], name='customers_goods_model'),
        ),
        migrations.AddIndex(
            model_name='goods',
            index=models.Index(condition=models.Q(('picture_token', ''), _negated=True), fields=['picture_token'], name='customers_goods_picture'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.UniqueConstraint(fields=('member_no', 'kind', 'code'), name='customers_asset_once_by_number'),
        ),
        migrations.AddField(
            model_name='factfile',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='membertags',
            name='member',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tag_sets', to='customers.crmmember'),
        ),
        migrations.AddField(
            model_name='pullsource',
            name='updated_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='factfile',
            name='source',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='files', to='customers.pullsource'),
        ),
        migrations.AddField(
            model_name='servicereceived',
            name='member',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='services', to='customers.crmmember'),
        ),
        migrations.AddIndex(
            model_name='storestock',
            index=models.Index(fields=['store_code', 'sku'], name='customers_storestock_store'),
        ),
        migrations.AddConstraint(
            model_name='storestock',
            constraint=models.UniqueConstraint(fields=('sku', 'store_code'), name='customers_storestock_once'),
        ),
        migrations.AddIndex(
            model_name='membertags',
            index=django.contrib.postgres.indexes.GinIndex(fields=['tags'], name='customers_membertags_tags'),
        ),
        migrations.AddIndex(
            model_name='membertags',
            index=models.Index(condition=models.Q(('member', None), models.Q(('member_no', ''), _negated=True)), fields=['member_no'], name='customers_membertags_unjoined'),
        ),
        migrations.AddConstraint(
            model_name='pullsource',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('next_read_at', None), ('rhythm', 'off')), models.Q(models.Q(('rhythm', 'off'), _negated=True), ('next_read_at__isnull', False)), _connector='OR'), name='customers_pullsource_next_when_scheduled'),
        ),
        migrations.AddIndex(
            model_name='servicereceived',
            index=models.Index(fields=['member', '-served_at'], name='customers_service_member'),
        ),
        migrations.AddIndex(
            model_name='servicereceived',
            index=models.Index(condition=models.Q(('unionid', ''), _negated=True), fields=['unionid', '-served_at'], name='customers_service_unionid'),
        ),
        migrations.AddIndex(
            model_name='servicereceived',
            index=models.Index(fields=['-served_at', '-id'], name='customers_service_newest'),
        ),
        migrations.AddIndex(
            model_name='servicereceived',
            index=models.Index(condition=models.Q(('member', None), models.Q(('member_no', ''), _negated=True)), fields=['member_no'], name='customers_service_unjoined'),
        ),
        migrations.AddConstraint(
            model_name='servicereceived',
            constraint=models.CheckConstraint(condition=models.Q(('rating', None), models.Q(('rating__gte', 1), ('rating__lte', 5)), _connector='OR'), name='customers_servicereceived_rating_of_five'),
        ),
    ]
