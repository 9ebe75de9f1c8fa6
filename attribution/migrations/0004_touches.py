"""The table of touches, partitioned by month, and the function that makes its partitions."""

import scrm.core.ids
from django.db import migrations, models

FORWARD = """
CREATE TABLE attribution_touch (
    id uuid NOT NULL,
    event_id varchar(80) NOT NULL CHECK (event_id <> ''),
    kind varchar(13) NOT NULL,
    occurred_at timestamptz NOT NULL,
    surface varchar(64) NOT NULL CHECK (surface <> ''),
    member_id bigint,
    store_id bigint,
    parameter_id bigint,
    reason varchar(8) NOT NULL DEFAULT '' CHECK (reason IN ('', 'missing', 'tampered', 'expired')),
    unionid varchar(64) NOT NULL DEFAULT '',
    external_userid varchar(64) NOT NULL DEFAULT '',
    visitor_id varchar(64) NOT NULL DEFAULT '',
    path varchar(200) NOT NULL DEFAULT '',
    payload jsonb NOT NULL DEFAULT '{}',
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (event_id, occurred_at),
    CHECK (reason NOT IN ('tampered', 'expired') OR member_id IS NULL),
    CHECK (reason NOT IN ('missing', 'tampered') OR parameter_id IS NULL)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX attribution_touch_newest ON attribution_touch (occurred_at DESC, id DESC);
CREATE INDEX attribution_touch_member ON attribution_touch (member_id, occurred_at DESC) WHERE member_id IS NOT NULL;
CREATE INDEX attribution_touch_unionid ON attribution_touch (unionid, occurred_at) WHERE unionid <> '';
CREATE INDEX attribution_touch_external ON attribution_touch (external_userid, occurred_at) WHERE external_userid <> '';
CREATE TABLE attribution_touch_default PARTITION OF attribution_touch DEFAULT;

-- Makes the partition of the month that holds `moment`; rows that fell into the default one move over.
CREATE FUNCTION attribution_touch_month(moment timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    low timestamptz := date_trunc('month', moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    high timestamptz := (date_trunc('month', moment AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    part text := 'attribution_touch_' || to_char(moment AT TIME ZONE 'UTC', 'YYYYMM');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('attribution_touch_month'));
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE attribution_touch INCLUDING ALL)', part);
    EXECUTE format('WITH moved AS (DELETE FROM attribution_touch_default WHERE occurred_at >= %L AND occurred_at < %L RETURNING *) '
                   'INSERT INTO %I SELECT * FROM moved', low, high, part);
    EXECUTE format('ALTER TABLE attribution_touch ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, low, high);
    RETURN true;
END $$;
SELECT attribution_touch_month(now()), attribution_touch_month(now() + interval '1 month');
"""
BACKWARD = """
DROP FUNCTION attribution_touch_month(timestamptz);
DROP TABLE attribution_touch;
"""


class Migration(migrations.Migration):
    dependencies = [("attribution", "0003_entries")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.CreateModel(
            name="Touch",
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
                ("event_id", models.CharField(max_length=80, verbose_name="event id")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("page_view", "page opened"),
                            ("product_view", "product looked at"),
                            ("cart", "put into the cart"),
                            ("share", "passed on"),
                            ("result_view", "order result page opened"),
                            ("entry_click", "entry clicked"),
                            ("leadin_view", "lead-in page opened"),
                            ("add_click", "add button clicked"),
                            ("material_view", "material viewed"),
                            ("add", "guide added"),
                        ],
                        max_length=13,
                        verbose_name="kind",
                    ),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="when")),
                ("surface", models.CharField(max_length=64, verbose_name="surface")),
                ("member_id", models.BigIntegerField(null=True, verbose_name="guide")),
                ("store_id", models.BigIntegerField(null=True, verbose_name="store")),
                ("parameter_id", models.BigIntegerField(null=True, verbose_name="parameter")),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "a parameter that holds"),
                            ("missing", "no parameter"),
                            ("tampered", "parameter tampered with or unknown"),
                            ("expired", "parameter expired"),
                        ],
                        max_length=8,
                        verbose_name="parameter",
                    ),
                ),
                ("unionid", models.CharField(blank=True, max_length=64, verbose_name="unionid")),
                (
                    "external_userid",
                    models.CharField(blank=True, max_length=64, verbose_name="external userid"),
                ),
                ("visitor_id", models.CharField(blank=True, max_length=64, verbose_name="visitor")),
                ("path", models.CharField(blank=True, max_length=200, verbose_name="page path")),
                ("payload", models.JSONField(blank=True, default=dict, verbose_name="details")),
                (
                    "recorded_at",
                    models.DateTimeField(auto_now_add=True, verbose_name="recorded at"),
                ),
            ],
            options={
                "verbose_name": "touch",
                "verbose_name_plural": "touches",
                "db_table": "attribution_touch",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="GatherMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=16, unique=True, verbose_name="source")),
                ("until", models.DateTimeField(verbose_name="read until")),
            ],
            options={
                "verbose_name": "reading mark",
                "verbose_name_plural": "reading marks",
            },
        ),
    ]
