"""Attachments of group welcomes; the note of a movement of points may forget a person, and nothing else may change."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

# A reason somebody typed may name a customer. Forgetting them takes the name out of it: the note alone, and only in
# a transaction that says so.
FORWARD = """
CREATE OR REPLACE FUNCTION customers_points_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('scrm.forget', true) = 'on'
       AND (to_jsonb(NEW) - 'note') IS NOT DISTINCT FROM (to_jsonb(OLD) - 'note')
       AND to_jsonb(NEW) ? 'note' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'movements of points are never changed or deleted' USING ERRCODE = 'insufficient_privilege';
END $$;
"""
BACKWARD = """
CREATE OR REPLACE FUNCTION customers_points_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'movements of points are never changed or deleted' USING ERRCODE = 'insufficient_privilege';
END $$;
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("customers", "0014_inheritance")]

    operations: ClassVar = [
        migrations.RemoveConstraint(model_name="groupwelcome", name="customers_groupwelcome_link"),
        migrations.AddField(
            model_name="groupwelcome",
            name="appid",
            field=models.CharField(blank=True, max_length=32, verbose_name="mini program's id"),
        ),
        migrations.AddField(
            model_name="groupwelcome",
            name="page",
            field=models.CharField(
                blank=True, max_length=512, verbose_name="page of the mini program"
            ),
        ),
        migrations.AlterField(
            model_name="groupwelcome",
            name="kind",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "text only"),
                    ("image", "picture"),
                    ("link", "link"),
                    ("miniprogram", "mini program"),
                    ("video", "video"),
                    ("file", "document"),
                ],
                max_length=12,
                verbose_name="attachment",
            ),
        ),
        migrations.AlterField(
            model_name="groupwelcome",
            name="link_title",
            field=models.CharField(
                blank=True, max_length=60, verbose_name="title of the link or card"
            ),
        ),
        migrations.AddConstraint(
            model_name="groupwelcome",
            constraint=models.CheckConstraint(
                condition=~Q(kind="link") | ~Q(link_url=""), name="customers_groupwelcome_link"
            ),
        ),
        migrations.AddConstraint(
            model_name="groupwelcome",
            constraint=models.CheckConstraint(
                condition=~Q(kind="miniprogram") | ~Q(appid="") & ~Q(page=""),
                name="customers_groupwelcome_program",
            ),
        ),
        migrations.CreateModel(
            name="GroupWelcomeFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=5, verbose_name="kind")),
                ("name", models.CharField(max_length=120, verbose_name="file name")),
                ("content_type", models.CharField(max_length=100, verbose_name="content type")),
                ("content", models.BinaryField(verbose_name="content")),
                (
                    "welcome",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="file",
                        to="customers.groupwelcome",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of a group welcome",
                "verbose_name_plural": "files of group welcomes",
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
