"""Customer groups, check-in, points; and the triggers that keep the ledger of points true."""

from typing import ClassVar

import customers.checkin.models
import django.contrib.postgres.fields
import django.db.models.deletion
import scrm.core.ids
from django.conf import settings
from django.db import migrations, models

# An entry is for ever; those of a transaction sum to zero when it commits; a customer's balance is the sum of its
# entries, kept by the trigger only. Books keep none, so that customers do not wait for each other.
LEDGER = """
CREATE FUNCTION customers_points_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'movements of points are never changed or deleted' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER customers_pointsentry_kept BEFORE UPDATE OR DELETE ON customers_pointsentry
    FOR EACH ROW EXECUTE FUNCTION customers_points_kept();
CREATE TRIGGER customers_pointstransaction_kept BEFORE UPDATE OR DELETE ON customers_pointstransaction
    FOR EACH ROW EXECUTE FUNCTION customers_points_kept();

CREATE FUNCTION customers_points_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE customers_pointsaccount SET balance = balance + NEW.amount
    WHERE id = NEW.account_id AND kind = 'customer';
    RETURN NULL;
END $$;
CREATE TRIGGER customers_pointsentry_moved AFTER INSERT ON customers_pointsentry
    FOR EACH ROW EXECUTE FUNCTION customers_points_moved();

CREATE FUNCTION customers_points_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.balance <> 0
       OR TG_OP = 'UPDATE' AND NEW.balance <> OLD.balance AND pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'a balance moves by entries only' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER customers_pointsaccount_balance BEFORE INSERT OR UPDATE ON customers_pointsaccount
    FOR EACH ROW EXECUTE FUNCTION customers_points_balance();

CREATE FUNCTION customers_points_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    about uuid := CASE TG_ARGV[0] WHEN 'entry' THEN (to_jsonb(NEW) ->> 'transaction_id')::uuid
                                  ELSE (to_jsonb(NEW) ->> 'id')::uuid END;
    moved bigint;
BEGIN
    SELECT sum(amount) INTO moved FROM customers_pointsentry WHERE transaction_id = about;
    IF moved IS DISTINCT FROM 0 THEN
        RAISE EXCEPTION 'the entries of % do not sum to zero', about USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER customers_pointstransaction_balanced AFTER INSERT ON customers_pointstransaction
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers_points_balanced('transaction');
CREATE CONSTRAINT TRIGGER customers_pointsentry_balanced AFTER INSERT ON customers_pointsentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers_points_balanced('entry');
"""
BACK = """
DROP FUNCTION customers_points_kept() CASCADE;
DROP FUNCTION customers_points_moved() CASCADE;
DROP FUNCTION customers_points_balance() CASCADE;
DROP FUNCTION customers_points_balanced() CASCADE;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0010_segments"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name='GroupTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=30, unique=True, verbose_name='name')),
            ],
            options={
                'verbose_name': 'group tag',
                'verbose_name_plural': 'group tags',
            },
        ),
        migrations.CreateModel(
            name='CheckinCampaign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('words', models.CharField(blank=True, max_length=200, verbose_name='words on the page')),
                ('starts_on', models.DateField(verbose_name='first day')),
                ('ends_on', models.DateField(verbose_name='last day')),
                ('points', models.PositiveIntegerField(verbose_name='points a day')),
                ('state', models.CharField(choices=[('draft', 'draft'), ('open', 'under way'), ('stopped', 'stopped')], default='draft', max_length=8, verbose_name='state')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
            ],
            options={
                'verbose_name': 'check-in campaign',
                'verbose_name_plural': 'check-in campaigns',
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='customers_checkincampaign_days'), models.CheckConstraint(condition=models.Q(('points__gt', 0)), name='customers_checkincampaign_points')],
            },
        ),
        migrations.CreateModel(
            name='GroupWelcome',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('template_id', models.CharField(max_length=64, unique=True, verbose_name='template id')),
                ('title', models.CharField(max_length=60, verbose_name='name here')),
                ('text', models.TextField(max_length=1300, verbose_name='text')),
                ('kind', models.CharField(blank=True, choices=[('', 'text only'), ('link', 'link')], max_length=12, verbose_name='attachment')),
                ('link_title', models.CharField(blank=True, max_length=60, verbose_name='title of the link')),
                ('link_text', models.CharField(blank=True, max_length=120, verbose_name='words below the title')),
                ('link_url', models.URLField(blank=True, max_length=1024, verbose_name='link')),
                ('told', models.BooleanField(default=True, verbose_name='members are told by WeCom')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
                ('deleted_at', models.DateTimeField(blank=True, null=True, verbose_name='deleted at')),
            ],
            options={
                'verbose_name': 'group welcome',
                'verbose_name_plural': 'group welcomes',
                'constraints': [models.CheckConstraint(condition=models.Q(('kind', ''), models.Q(('link_url', ''), _negated=True), _connector='OR'), name='customers_groupwelcome_link')],
            },
        ),
        migrations.CreateModel(
            name='CustomerGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('chat_id', models.CharField(max_length=64, unique=True, verbose_name='chat id')),
                ('name', models.CharField(blank=True, max_length=128, verbose_name='name')),
                ('notice', models.TextField(blank=True, verbose_name='notice')),
                ('owner_userid', models.CharField(blank=True, max_length=64, verbose_name='userid of the owner')),
                ('admin_userids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=64), blank=True, default=list, size=None)),
                ('status', models.PositiveSmallIntegerField(choices=[(0, 'normal'), (1, 'owner left'), (2, 'being handed over'), (3, 'handed over')], default=0, verbose_name='state')),
                ('created_time', models.DateTimeField(blank=True, null=True, verbose_name='created at')),
                ('dismissed_at', models.DateTimeField(blank=True, null=True, verbose_name='dismissed at')),
                ('member_version', models.CharField(blank=True, max_length=64, verbose_name='version of its members')),
                ('members_count', models.PositiveIntegerField(default=0, verbose_name='members')),
                ('customers_count', models.PositiveIntegerField(default=0, verbose_name='customers')),
                ('observed_at', models.DateTimeField(blank=True, null=True, verbose_name='observed at')),
                ('reread_at', models.DateTimeField(blank=True, null=True, verbose_name='to be read again at')),
                ('problem', models.CharField(blank=True, max_length=300, verbose_name='problem')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='owned_groups', to='contacts.member')),
                ('tags', models.ManyToManyField(blank=True, related_name='groups', to='customers.grouptag')),
                ('welcome', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='groups', to='customers.groupwelcome')),
            ],
            options={
                'verbose_name': 'customer group',
                'verbose_name_plural': 'customer groups',
            },
        ),
        migrations.CreateModel(
            name='PointsAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('customer', 'customer'), ('issued', 'points given'), ('spent', 'points redeemed'), ('expired', 'points expired'), ('adjusted', 'points adjusted')], default='customer', max_length=8, verbose_name='kind')),
                ('unionid', models.CharField(blank=True, max_length=64, verbose_name='unionid')),
                ('external_userid', models.CharField(blank=True, max_length=64, verbose_name='external userid')),
                ('name', models.CharField(blank=True, max_length=128, verbose_name='nickname')),
                ('balance', models.BigIntegerField(default=0, verbose_name='balance')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
            ],
            options={
                'verbose_name': 'points account',
                'verbose_name_plural': 'points accounts',
                'indexes': [models.Index(fields=['external_userid'], name='customers_pointsaccount_ext')],
                'constraints': [models.CheckConstraint(condition=models.Q(('balance__gte', 0)), name='customers_pointsaccount_not_negative'), models.UniqueConstraint(condition=models.Q(('unionid', ''), _negated=True), fields=('unionid',), name='customers_pointsaccount_one_each'), models.UniqueConstraint(condition=models.Q(('kind', 'customer'), _negated=True), fields=('kind',), name='customers_pointsaccount_one_book')],
            },
        ),
        migrations.CreateModel(
            name='PointsRule',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('days', models.PositiveIntegerField(default=0, verbose_name='days points last')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
            ],
            options={
                'verbose_name': 'rule of points',
                'verbose_name_plural': 'rules of points',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='customers_pointsrule_one')],
            },
        ),
        migrations.CreateModel(
            name='PointsTransaction',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=120, unique=True, verbose_name='key')),
                ('kind', models.CharField(choices=[('checkin', 'check-in'), ('redeem', 'redeemed'), ('refund', 'given back'), ('adjust', 'adjusted'), ('expire', 'expired')], max_length=8, verbose_name='kind')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'points transaction',
                'verbose_name_plural': 'points transactions',
            },
        ),
        migrations.CreateModel(
            name='PointsEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('amount', models.BigIntegerField(verbose_name='points')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='customers.pointsaccount')),
                ('transaction', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='customers.pointstransaction')),
            ],
            options={
                'verbose_name': 'points entry',
                'verbose_name_plural': 'points entries',
            },
        ),
        migrations.CreateModel(
            name='Checkin',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('streak', models.PositiveSmallIntegerField(verbose_name='days in a row')),
                ('points', models.PositiveIntegerField(verbose_name='points')),
                ('bonus', models.PositiveIntegerField(default=0, verbose_name='bonus')),
                ('made_at', models.DateTimeField(verbose_name='made at')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checkins', to='customers.checkincampaign')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.customergroup')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checkins', to='customers.pointsaccount')),
                ('movement', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='checkin', to='customers.pointstransaction')),
            ],
            options={
                'verbose_name': 'check-in',
                'verbose_name_plural': 'check-ins',
            },
        ),
        migrations.CreateModel(
            name='Reward',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('kind', models.CharField(choices=[('goods', 'goods'), ('coupon', 'coupon')], default='goods', max_length=8, verbose_name='kind')),
                ('reference', models.CharField(blank=True, max_length=64, verbose_name='SKU or coupon number')),
                ('words', models.CharField(blank=True, max_length=200, verbose_name='how to get it')),
                ('cost', models.PositiveIntegerField(verbose_name='points')),
                ('stock', models.PositiveIntegerField(verbose_name='pieces in all')),
                ('left', models.PositiveIntegerField(verbose_name='pieces left')),
                ('per_customer', models.PositiveSmallIntegerField(default=1, verbose_name='at most per customer')),
                ('pickup_days', models.PositiveSmallIntegerField(default=14, verbose_name='days to pick it up')),
                ('is_open', models.BooleanField(default=True, verbose_name='can be redeemed')),
                ('updated_at', models.DateTimeField(auto_now=True, verbose_name='updated at')),
            ],
            options={
                'verbose_name': 'reward',
                'verbose_name_plural': 'rewards',
                'constraints': [models.CheckConstraint(condition=models.Q(('cost__gt', 0)), name='customers_reward_costs'), models.CheckConstraint(condition=models.Q(('per_customer__gt', 0), ('pickup_days__gt', 0)), name='customers_reward_terms'), models.CheckConstraint(condition=models.Q(('left__lte', models.F('stock'))), name='customers_reward_not_oversold')],
            },
        ),
        migrations.CreateModel(
            name='Redemption',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=80, verbose_name='key')),
                ('cost', models.PositiveIntegerField(verbose_name='points')),
                ('code', models.CharField(max_length=12, unique=True, verbose_name='code')),
                ('state', models.CharField(choices=[('held', 'to be picked up'), ('fulfilled', 'handed out'), ('cancelled', 'cancelled'), ('lapsed', 'not picked up in time')], default='held', max_length=10, verbose_name='state')),
                ('made_at', models.DateTimeField(verbose_name='redeemed at')),
                ('until', models.DateTimeField(verbose_name='to be picked up until')),
                ('settled_at', models.DateTimeField(blank=True, null=True, verbose_name='settled at')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redemptions', to='customers.pointsaccount')),
                ('handed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contacts.member')),
                ('refunded', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='customers.pointstransaction')),
                ('spent', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='redemption', to='customers.pointstransaction')),
                ('store', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contacts.orgunit')),
                ('reward', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redemptions', to='customers.reward')),
            ],
            options={
                'verbose_name': 'redemption',
                'verbose_name_plural': 'redemptions',
            },
        ),
        migrations.CreateModel(
            name='StreakBonus',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('days', models.PositiveSmallIntegerField(verbose_name='days in a row')),
                ('points', models.PositiveIntegerField(verbose_name='points')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bonuses', to='customers.checkincampaign')),
            ],
            options={
                'verbose_name': 'streak bonus',
                'verbose_name_plural': 'streak bonuses',
                'ordering': ('days',),
            },
        ),
        migrations.CreateModel(
            name='WeChatIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('appid', models.CharField(max_length=32, verbose_name='AppID')),
                ('openid', models.CharField(max_length=64, verbose_name='openid')),
                ('unionid', models.CharField(blank=True, db_index=True, max_length=64, verbose_name='unionid')),
                ('external_userid', models.CharField(blank=True, max_length=64, verbose_name='external userid')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='first seen')),
                ('seen_at', models.DateTimeField(verbose_name='last seen')),
            ],
            options={
                'verbose_name': 'WeChat identity',
                'verbose_name_plural': 'WeChat identities',
                'constraints': [models.UniqueConstraint(fields=('appid', 'openid'), name='customers_wechatidentity_once')],
            },
        ),
        migrations.CreateModel(
            name='CampaignGroup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(default=customers.checkin.models.new_token, max_length=32, unique=True, verbose_name='address')),
                ('campaign', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='customers.checkincampaign')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='places', to='customers.customergroup')),
            ],
            options={
                'verbose_name': 'group of a campaign',
                'verbose_name_plural': 'groups of a campaign',
                'constraints': [models.UniqueConstraint(fields=('campaign', 'group'), name='customers_campaigngroup_once')],
            },
        ),
        migrations.CreateModel(
            name='GroupDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('owner_userid', models.CharField(max_length=64, verbose_name='userid of the owner')),
                ('new_chat_cnt', models.PositiveIntegerField(default=0, verbose_name='new groups')),
                ('chat_total', models.PositiveIntegerField(default=0, verbose_name='groups')),
                ('chat_has_msg', models.PositiveIntegerField(default=0, verbose_name='groups in which somebody wrote')),
                ('new_member_cnt', models.PositiveIntegerField(default=0, verbose_name='new customers')),
                ('member_total', models.PositiveIntegerField(default=0, verbose_name='members')),
                ('member_has_msg', models.PositiveIntegerField(default=0, verbose_name='members who wrote')),
                ('msg_total', models.PositiveIntegerField(default=0, verbose_name='messages')),
                ('observed_at', models.DateTimeField(verbose_name='observed at')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contacts.member')),
            ],
            options={
                'verbose_name': 'day of groups',
                'verbose_name_plural': 'days of groups',
                'constraints': [models.UniqueConstraint(fields=('day', 'owner_userid'), name='customers_groupday_once')],
            },
        ),
        migrations.CreateModel(
            name='GroupMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('userid', models.CharField(max_length=64, verbose_name='userid')),
                ('kind', models.PositiveSmallIntegerField(choices=[(1, 'member'), (2, 'customer')], verbose_name='kind')),
                ('unionid', models.CharField(blank=True, max_length=64, verbose_name='unionid')),
                ('name', models.CharField(blank=True, max_length=128, verbose_name='name')),
                ('join_scene', models.PositiveSmallIntegerField(choices=[(0, 'not told'), (1, 'put in by a member'), (2, 'by an invitation link'), (3, "by the group's code")], default=0, verbose_name='how they joined')),
                ('join_time', models.DateTimeField(verbose_name='joined at')),
                ('invitor_userid', models.CharField(blank=True, max_length=64, verbose_name='invited by')),
                ('state', models.CharField(blank=True, max_length=64, verbose_name='source')),
                ('left_at', models.DateTimeField(blank=True, null=True, verbose_name='left at')),
                ('left_by_event', models.BooleanField(default=False, verbose_name='leaving was told')),
                ('quit_scene', models.PositiveSmallIntegerField(blank=True, choices=[(0, 'left'), (1, 'put out')], null=True, verbose_name='way out')),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='group_stays', to='customers.externalcontact')),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stays', to='customers.customergroup')),
                ('member', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contacts.member')),
            ],
            options={
                'verbose_name': 'group member',
                'verbose_name_plural': 'group members',
                'indexes': [models.Index(condition=models.Q(('kind', 2), ('left_at__isnull', True)), fields=['userid'], name='customers_groupmember_here'), models.Index(condition=models.Q(('unionid', ''), _negated=True), fields=['unionid'], name='customers_groupmember_union'), models.Index(fields=['group', 'join_time'], name='customers_groupmember_joins'), models.Index(condition=models.Q(('left_at__isnull', False)), fields=['group', 'left_at'], name='customers_groupmember_leaves')],
                'constraints': [models.UniqueConstraint(fields=('group', 'userid', 'join_time'), name='customers_groupmember_stay'), models.UniqueConstraint(condition=models.Q(('left_at__isnull', True)), fields=('group', 'userid'), name='customers_groupmember_once'), models.CheckConstraint(condition=models.Q(('left_at__isnull', False), models.Q(('left_by_event', False), ('quit_scene__isnull', True)), _connector='OR'), name='customers_groupmember_left')],
            },
        ),
        migrations.AddIndex(
            model_name='customergroup',
            index=models.Index(fields=['owner'], name='customers_group_owner'),
        ),
        migrations.AddIndex(
            model_name='customergroup',
            index=models.Index(condition=models.Q(('reread_at__isnull', False)), fields=['reread_at'], name='customers_group_reread'),
        ),
        migrations.AddIndex(
            model_name='pointstransaction',
            index=models.Index(fields=['-made_at', '-id'], name='customers_pointstx_newest'),
        ),
        migrations.AddIndex(
            model_name='pointsentry',
            index=models.Index(fields=['account', '-id'], name='customers_pointsentry_account'),
        ),
        migrations.AddConstraint(
            model_name='pointsentry',
            constraint=models.UniqueConstraint(fields=('transaction', 'account'), name='customers_pointsentry_once'),
        ),
        migrations.AddConstraint(
            model_name='pointsentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='customers_pointsentry_moves'),
        ),
        migrations.AddIndex(
            model_name='checkin',
            index=models.Index(fields=['campaign', 'day'], name='customers_checkin_day'),
        ),
        migrations.AddIndex(
            model_name='checkin',
            index=models.Index(fields=['campaign', 'group'], name='customers_checkin_group'),
        ),
        migrations.AddConstraint(
            model_name='checkin',
            constraint=models.UniqueConstraint(fields=('campaign', 'account', 'day'), name='customers_checkin_once'),
        ),
        migrations.AddConstraint(
            model_name='checkin',
            constraint=models.CheckConstraint(condition=models.Q(('streak__gte', 1)), name='customers_checkin_streak'),
        ),
        migrations.AddIndex(
            model_name='redemption',
            index=models.Index(fields=['account', '-id'], name='customers_redemption_account'),
        ),
        migrations.AddIndex(
            model_name='redemption',
            index=models.Index(condition=models.Q(('state', 'held')), fields=['until'], name='customers_redemption_due'),
        ),
        migrations.AddConstraint(
            model_name='redemption',
            constraint=models.UniqueConstraint(fields=('account', 'key'), name='customers_redemption_once'),
        ),
        migrations.AddConstraint(
            model_name='redemption',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('handed_by', None), ('refunded', None), ('settled_at', None), ('state', 'held')), models.Q(('handed_by__isnull', False), ('refunded', None), ('settled_at__isnull', False), ('state', 'fulfilled')), models.Q(('handed_by', None), ('refunded__isnull', False), ('settled_at__isnull', False), ('state__in', ['cancelled', 'lapsed'])), _connector='OR'), name='customers_redemption_settled'),
        ),
        migrations.AddConstraint(
            model_name='streakbonus',
            constraint=models.UniqueConstraint(fields=('campaign', 'days'), name='customers_streakbonus_once'),
        ),
        migrations.AddConstraint(
            model_name='streakbonus',
            constraint=models.CheckConstraint(condition=models.Q(('days__gt', 1), ('points__gt', 0)), name='customers_streakbonus_more'),
        ),
        migrations.RunSQL(LEDGER, BACK),
    ]
