"""The table of views, partitioned by month, and the function that makes its partitions."""

from django.db import migrations

FORWARD = """
CREATE TABLE materials_view (
    id uuid NOT NULL,
    opened_at timestamptz NOT NULL,
    send_id bigint NOT NULL,
    material_id bigint NOT NULL,
    member_id bigint NOT NULL,
    visitor varchar(32) NOT NULL,
    session uuid,
    counted boolean NOT NULL DEFAULT false,
    reason varchar(6) NOT NULL DEFAULT '',
    who varchar(10) NOT NULL DEFAULT 'anonymous' CHECK (who IN ('identified', 'inferred', 'anonymous')),
    external_userid varchar(64) NOT NULL DEFAULT '',
    unionid varchar(64) NOT NULL DEFAULT '',
    seconds integer NOT NULL DEFAULT 0 CHECK (seconds >= 0),
    beat_at timestamptz,
    PRIMARY KEY (id, opened_at),
    CHECK (NOT counted OR reason = '')
) PARTITION BY RANGE (opened_at);
CREATE INDEX materials_view_material ON materials_view (material_id, opened_at);
CREATE INDEX materials_view_member ON materials_view (member_id, opened_at) WHERE counted;
CREATE INDEX materials_view_visitor ON materials_view (visitor, material_id, opened_at) WHERE counted;
CREATE TABLE materials_view_default PARTITION OF materials_view DEFAULT;

-- Makes the partition of the month that holds `moment`; rows that fell into the default one move over.
CREATE FUNCTION materials_view_month(moment timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    low timestamptz := date_trunc('month', moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    high timestamptz := (date_trunc('month', moment AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    part text := 'materials_view_' || to_char(moment AT TIME ZONE 'UTC', 'YYYYMM');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('materials_view_month'));
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE materials_view INCLUDING ALL)', part);
    EXECUTE format('WITH moved AS (DELETE FROM materials_view_default WHERE opened_at >= %L AND opened_at < %L RETURNING *) '
                   'INSERT INTO %I SELECT * FROM moved', low, high, part);
    EXECUTE format('ALTER TABLE materials_view ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, low, high);
    RETURN true;
END $$;
SELECT materials_view_month(now()), materials_view_month(now() + interval '1 month');
"""
BACKWARD = """
DROP FUNCTION materials_view_month(timestamptz);
DROP TABLE materials_view;
"""


class Migration(migrations.Migration):
    dependencies = [("materials", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
