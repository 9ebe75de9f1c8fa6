"""Second factors, SSO identities, and sessions with limits of their own."""

import django.db.models.deletion
import django.utils.timezone
import scrm.core.fields
import scrm.core.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_partner_key_terms'),
    ]

    operations = [
        migrations.CreateModel(
            name='SecondFactor',
            fields=[
                ('id', models.UUIDField(default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('secret', scrm.core.fields.EncryptedTextField(verbose_name='secret')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('confirmed_at', models.DateTimeField(null=True, verbose_name='confirmed at')),
                ('last_step', models.BigIntegerField(default=0, verbose_name='last step')),
                ('wrong_tries', models.PositiveSmallIntegerField(default=0, verbose_name='wrong tries')),
                ('locked_until', models.DateTimeField(null=True, verbose_name='locked until')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'second step',
                'verbose_name_plural': 'second steps',
            },
        ),
        migrations.CreateModel(
            name='RecoveryCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.BinaryField(max_length=32, verbose_name='hash')),
                ('used_at', models.DateTimeField(null=True, verbose_name='used at')),
                ('factor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recovery_codes', to='accounts.secondfactor')),
            ],
            options={
                'verbose_name': 'recovery code',
                'verbose_name_plural': 'recovery codes',
            },
        ),
        migrations.CreateModel(
            name='SsoIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issuer', models.CharField(max_length=200, verbose_name='provider')),
                ('subject', models.CharField(max_length=255, verbose_name='subject')),
                ('created_at', models.DateTimeField(auto_now_add=True, verbose_name='created at')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'SSO identity',
                'verbose_name_plural': 'SSO identities',
            },
        ),
        migrations.CreateModel(
            name='UserSession',
            fields=[
                ('session_key', models.CharField(max_length=40, primary_key=True, serialize=False, verbose_name='session key')),
                ('session_data', models.TextField(verbose_name='session data')),
                ('expire_date', models.DateTimeField(db_index=True, verbose_name='expire date')),
                ('number', models.UUIDField(editable=False, null=True, unique=True, verbose_name='number')),
                ('face', models.CharField(choices=[('console', 'Console'), ('phone', 'Phone')], default='console', max_length=8, verbose_name='face')),
                ('way', models.CharField(blank=True, choices=[('wecom', 'WeCom'), ('sso', 'Company log-in (SSO)'), ('password', 'Password')], max_length=8, verbose_name='way in')),
                ('ip', models.CharField(blank=True, max_length=45, verbose_name='address')),
                ('agent', models.CharField(blank=True, max_length=200, verbose_name='browser')),
                ('entered_at', models.DateTimeField(null=True, verbose_name='logged in at')),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last used at')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'session',
                'verbose_name_plural': 'sessions',
            },
        ),
        migrations.AddConstraint(
            model_name='secondfactor',
            constraint=models.UniqueConstraint(condition=models.Q(('confirmed_at__isnull', False)), fields=('user',), name='accounts_secondfactor_one_in_use'),
        ),
        migrations.AddConstraint(
            model_name='secondfactor',
            constraint=models.UniqueConstraint(condition=models.Q(('confirmed_at', None)), fields=('user',), name='accounts_secondfactor_one_under_way'),
        ),
        migrations.AddConstraint(
            model_name='recoverycode',
            constraint=models.UniqueConstraint(fields=('factor', 'digest'), name='accounts_recoverycode_once'),
        ),
        migrations.AddConstraint(
            model_name='ssoidentity',
            constraint=models.UniqueConstraint(fields=('issuer', 'subject'), name='accounts_ssoidentity_subject'),
        ),
        migrations.AddConstraint(
            model_name='ssoidentity',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('issuer', 'user'), name='accounts_ssoidentity_user'),
        ),
        migrations.AddConstraint(
            model_name='usersession',
            constraint=models.CheckConstraint(condition=models.Q(('user', None), models.Q(('entered_at__isnull', False), ('number__isnull', False)), _connector='OR'), name='accounts_usersession_of_a_person'),
        ),
        migrations.AddConstraint(
            model_name='usersession',
            constraint=models.CheckConstraint(condition=models.Q(('face__in', ['console', 'phone'])), name='accounts_usersession_face'),
        ),
    ]
