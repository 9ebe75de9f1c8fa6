"""Search entries, saved views and files of the customer list."""

from typing import ClassVar

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions
from django.conf import settings
from django.db import migrations, models

import scrm.core.fields
import scrm.core.ids


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("customers", "0012_privacy"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="ContactSearch",
            fields=[
                (
                    "contact",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="customers.externalcontact",
                    ),
                ),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32), size=None
                    ),
                ),
                ("pinyin", models.CharField(blank=True, max_length=16)),
                ("initials", models.CharField(blank=True, max_length=8)),
            ],
            options={
                "verbose_name": "search entry of a customer",
                "verbose_name_plural": "search entries of customers",
            },
        ),
        migrations.CreateModel(
            name="CustomerExport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=scrm.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("mark", models.BigIntegerField(unique=True, verbose_name="mark")),
                ("criteria", scrm.core.fields.EncryptedJSONField(verbose_name="filters")),
                ("purpose", scrm.core.fields.EncryptedTextField(verbose_name="purpose")),
                ("is_unmasked", models.BooleanField(default=False, verbose_name="unmasked")),
                ("rows", models.PositiveIntegerField(default=0, verbose_name="rows")),
                (
                    "content",
                    scrm.core.fields.EncryptedBytesField(
                        blank=True, null=True, verbose_name="content"
                    ),
                ),
                ("sketch", models.BinaryField(default=b"", verbose_name="sketch of the rows")),
                ("job_id", models.UUIDField(blank=True, null=True, verbose_name="job")),
                ("taken_by", models.CharField(max_length=150, verbose_name="taken by")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
                ("ready_at", models.DateTimeField(blank=True, null=True, verbose_name="ready at")),
                (
                    "downloaded_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="first downloaded at"),
                ),
            ],
            options={
                "verbose_name": "customer file",
                "verbose_name_plural": "customer files",
            },
        ),
        migrations.CreateModel(
            name="RelationSearch",
            fields=[
                (
                    "relation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="customers.followrelation",
                    ),
                ),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32), size=None
                    ),
                ),
                ("pinyin", models.CharField(blank=True, max_length=16)),
                ("initials", models.CharField(blank=True, max_length=8)),
            ],
            options={
                "verbose_name": "search entry of a relation",
                "verbose_name_plural": "search entries of relations",
            },
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=scrm.core.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=32, verbose_name="name")),
                (
                    "role_code",
                    models.CharField(
                        blank=True, max_length=64, verbose_name="shared with the role"
                    ),
                ),
                ("query", models.CharField(blank=True, max_length=1000, verbose_name="filters")),
                ("is_default", models.BooleanField(default=False, verbose_name="opens first")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created at")),
            ],
            options={
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
            },
        ),
        migrations.CreateModel(
            name="SearchChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "contact_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(), size=None, verbose_name="customers"
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.Now(), verbose_name="changed at"
                    ),
                ),
            ],
            options={
                "verbose_name": "change for the search",
                "verbose_name_plural": "changes for the search",
            },
        ),
        migrations.AddField(
            model_name="crmmember",
            name="phone_last4",
            field=models.BinaryField(
                max_length=32, null=True, verbose_name="index of the last four digits"
            ),
        ),
        migrations.AddIndex(
            model_name="crmmember",
            index=models.Index(
                condition=models.Q(("phone_last4__isnull", False)),
                fields=["phone_last4"],
                name="customers_member_last4",
            ),
        ),
        migrations.AddIndex(
            model_name="contactsearch",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["keys"], name="customers_search_contact"
            ),
        ),
        migrations.AddIndex(
            model_name="contactsearch",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass("pinyin", name="varchar_pattern_ops"),
                name="customers_search_pinyin",
            ),
        ),
        migrations.AddIndex(
            model_name="contactsearch",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass("initials", name="varchar_pattern_ops"),
                name="customers_search_initials",
            ),
        ),
        migrations.AddField(
            model_name="customerexport",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="relationsearch",
            name="contact",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="customers.externalcontact",
            ),
        ),
        migrations.AddField(
            model_name="relationsearch",
            name="member",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="contacts.member",
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="customerexport",
            index=models.Index(fields=["created_by", "-created_at"], name="customers_export_mine"),
        ),
        migrations.AddIndex(
            model_name="customerexport",
            index=models.Index(
                condition=models.Q(("content__isnull", False)),
                fields=["ready_at"],
                name="customers_export_to_purge",
            ),
        ),
        migrations.AddConstraint(
            model_name="customerexport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("content__isnull", True), ("ready_at__isnull", False), _connector="OR"
                ),
                name="customers_export_content_when_ready",
            ),
        ),
        migrations.AddIndex(
            model_name="relationsearch",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["keys"], name="customers_search_relation"
            ),
        ),
        migrations.AddIndex(
            model_name="relationsearch",
            index=models.Index(
                fields=["contact"], include=("member",), name="customers_search_follower"
            ),
        ),
        migrations.AddIndex(
            model_name="relationsearch",
            index=models.Index(
                fields=["pinyin"],
                include=("member", "contact"),
                name="customers_search_followed",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="relationsearch",
            index=models.Index(
                fields=["initials"],
                include=("member", "contact"),
                name="customers_search_followed_i",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="savedview",
            index=models.Index(
                condition=models.Q(("role_code", ""), _negated=True),
                fields=["role_code"],
                name="customers_view_shared",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                fields=("owner", "name"), name="customers_view_named_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)),
                fields=("owner",),
                name="customers_view_one_default",
            ),
        ),
    ]
