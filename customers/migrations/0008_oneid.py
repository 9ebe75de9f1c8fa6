"""Evidence, quarantine and the audit of persons; a record is linked in one call."""

from typing import ClassVar

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import scrm.core.ids

# What needs no thought is done by one call: a new customer that nobody shares a key with, or one that belongs to
# one person without conflict or decision. Plans are kept by the session and must not be made for tables that
# were still small: no scans; and no compiling, which scans without an index would set off. Everything else is
# answered 'slow' with nothing written, and looked at whole. The rules are those of partition.py, and tests hold
# the two against each other.
FORWARD = """
CREATE FUNCTION customers_oneid_link(
    p_external text, p_person uuid, p_degree integer, p_records integer
) RETURNS text LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
DECLARE
    p_id uuid;
    notes bigint[];
    k text[];
    v text[];
    weak text[];
    unionid text;
    phone text;
    own uuid;
    sharers uuid[];
    holders uuid[];
    people uuid[];
    linked integer;
    tie jsonb := '[]';
    word text;
    quiet text[] := '{}';
    flock uuid[] := '{}';
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('customers.oneid', 7)) THEN RETURN 'busy'; END IF;
    -- One snapshot for what the record says and for the notes on its changes.
    SELECT c.id, c.unionid, encode(c.phone_index, 'hex'),
           ARRAY(SELECT n.id FROM customers_recordchange n
                  WHERE n.record_id = c.id AND n.record_kind = 'contact'),
           ARRAY(SELECT DISTINCT encode(each, 'hex')
                   FROM customers_followrelation f, unnest(f.remark_phone_indexes) each
                  WHERE f.contact_id = c.id AND f.remark_phone_indexes <> '{}'),
           (SELECT l.person_id FROM customers_personlink l WHERE l.record_id = c.id)
      INTO p_id, unionid, phone, notes, weak, own
      FROM customers_externalcontact c WHERE c.external_userid = p_external;
    IF p_id IS NULL OR notes = '{}' THEN RETURN 'same'; END IF;
    k := ARRAY['external_userid'];
    v := ARRAY[p_external];
    IF unionid <> '' THEN k := k || 'unionid'::text; v := v || unionid; END IF;
    IF phone IS NOT NULL THEN k := k || 'phone'::text; v := v || phone; END IF;

    IF own IS NOT NULL AND EXISTS (
        SELECT FROM customers_recordkey r
         WHERE r.record_id = p_id AND r.kind <> 'weak_phone' AND NOT EXISTS (
               SELECT FROM unnest(k, v) n(kind, value) WHERE n.kind = r.kind AND n.value = r.value))
    THEN RETURN 'slow'; END IF;

    -- One probe a key: joined to a list of them, a plan may walk the table instead.
    FOR i IN 1 .. cardinality(k) LOOP
        SELECT array_agg(r.record_id) INTO sharers FROM customers_recordkey r
         WHERE r.kind = k[i] AND r.value = v[i] AND r.record_id <> p_id;
        IF sharers IS NULL THEN CONTINUE; END IF;
        IF k[i] = 'phone' THEN
            word := NULL;
            SELECT s.state INTO word FROM customers_sharedkey s WHERE s.kind = k[i] AND s.value = v[i];
            IF word = 'open' AND own IS NULL AND cardinality(sharers) > p_degree THEN
                -- In quarantine already: it ties nobody, one more record holds it.
                quiet := quiet || v[i];
                CONTINUE;
            END IF;
            IF word IS NOT NULL OR cardinality(sharers) >= p_degree THEN RETURN 'slow'; END IF;
        END IF;
        holders := holders || sharers;
        tie := tie || jsonb_build_object('key', k[i], 'records', to_jsonb(ARRAY(
            SELECT each::text FROM unnest(sharers || p_id) each ORDER BY each)));
    END LOOP;

    IF holders IS NOT NULL OR own IS NOT NULL THEN
        IF holders IS NOT NULL THEN
            SELECT array_agg(DISTINCT l.person_id), count(*) INTO people, linked
              FROM customers_personlink l WHERE l.record_id = ANY (holders);
            IF linked < (SELECT count(DISTINCT each) FROM unnest(holders) each)
               OR cardinality(people) > 1 OR own <> people[1] THEN RETURN 'slow'; END IF;
        END IF;
        SELECT array_agg(l.record_id) INTO flock FROM customers_personlink l
         WHERE l.person_id = coalesce(own, people[1]) AND l.record_id <> p_id;
        flock := coalesce(flock, '{}');
        IF cardinality(flock) >= p_records
           OR EXISTS (SELECT FROM customers_decision d
                       WHERE d.retracted_at IS NULL AND d.left_id = ANY (flock || p_id))
           OR EXISTS (SELECT FROM customers_decision d
                       WHERE d.retracted_at IS NULL AND d.right_id = ANY (flock || p_id))
           OR EXISTS (SELECT FROM customers_conflict c
                       WHERE c.state = 'open' AND c.record_ids && (flock || p_id))
        THEN RETURN 'slow'; END IF;
        IF unionid <> '' AND EXISTS (
            SELECT FROM customers_recordkey r
             WHERE r.record_id = ANY (flock) AND r.kind = 'unionid' AND r.value <> unionid)
        THEN RETURN 'slow'; END IF;
    END IF;

    IF quiet <> '{}' THEN
        UPDATE customers_sharedkey s SET records = s.records + 1
         WHERE s.kind = 'phone' AND s.value = ANY (quiet);
    END IF;
    IF own IS NULL AND people IS NULL THEN
        WITH person AS (
            INSERT INTO customers_person (id, state, created_at) VALUES (p_person, 'active', now())
        ), link AS (
            INSERT INTO customers_personlink (record_kind, record_id, person_id, linked_at)
            VALUES ('contact', p_id, p_person, now())
        ), keys AS (
            INSERT INTO customers_recordkey (record_kind, record_id, kind, value)
            SELECT 'contact', p_id, n.kind, n.value FROM unnest(k, v) n(kind, value)
             UNION ALL
            SELECT 'contact', p_id, 'weak_phone', each FROM unnest(weak) each
        ), forgotten AS (
            DELETE FROM customers_recordchange c WHERE c.id = ANY (notes)
        )
        INSERT INTO customers_identitychange (kind, value, changed_at)
        SELECT n.kind, n.value, now() FROM unnest(k, v) n(kind, value) WHERE n.kind <> 'phone';
        RETURN 'linked';
    END IF;

    IF own IS NULL THEN
        INSERT INTO customers_mergelog (at, kind, person_id, record_ids, evidence, former, by_human)
        VALUES (now(), 'merge', people[1], ARRAY[p_id], tie, '{}', false);
        INSERT INTO customers_personlink (record_kind, record_id, person_id, linked_at)
        VALUES ('contact', p_id, people[1], now());
    ELSE
        DELETE FROM customers_recordkey r
         WHERE r.record_id = p_id AND r.kind = 'weak_phone' AND r.value <> ALL (weak);
    END IF;
    INSERT INTO customers_recordkey (record_kind, record_id, kind, value)
    SELECT 'contact', p_id, n.kind, n.value FROM unnest(k, v) n(kind, value)
     UNION ALL
    SELECT 'contact', p_id, 'weak_phone', each FROM unnest(weak) each
        ON CONFLICT (record_id, kind, value) DO NOTHING;
    INSERT INTO customers_identitychange (kind, value, changed_at)
    SELECT n.kind, n.value, now() FROM unnest(k, v) n(kind, value) WHERE n.kind <> 'phone';
    IF flock <> '{}' THEN
        INSERT INTO customers_identitychange (kind, value, changed_at)
        SELECT DISTINCT r.kind, r.value, now() FROM customers_recordkey r
         WHERE r.record_id = ANY (flock) AND r.kind IN ('unionid', 'external_userid')
           AND NOT (r.value = ANY (v))
         UNION ALL
        SELECT 'member', l.record_id::text, now() FROM customers_personlink l
         WHERE l.record_id = ANY (flock) AND l.record_kind = 'member';
    END IF;
    DELETE FROM customers_recordchange c WHERE c.id = ANY (notes);
    IF own IS NOT NULL THEN RETURN 'kept'; END IF;
    RETURN 'linked';
END
$$;
"""
BACKWARD = "DROP FUNCTION customers_oneid_link(text, uuid, integer, integer)"
KEY_KINDS = [
    ("unionid", "unionid"),
    ("external_userid", "external userid"),
    ("member_no", "member number"),
    ("phone", "verified phone"),
    ("id_card", "ID card"),
    ("weak_phone", "unverified phone"),
]


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("customers", "0007_sync"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="crmmember",
            name="id_card",
            field=models.CharField(blank=True, default="", max_length=64, verbose_name="ID card (hash)"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="recordkey",
            name="since",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), verbose_name="since"
            ),
        ),
        migrations.AddField(
            model_name="mergelog",
            name="job_id",
            field=models.UUIDField(blank=True, null=True, verbose_name="job"),
        ),
        migrations.AlterField(
            model_name="conflict",
            name="key_kind",
            field=models.CharField(choices=KEY_KINDS, max_length=16, verbose_name="contested key"),
        ),
        migrations.AlterField(
            model_name="conflict",
            name="rule",
            field=models.CharField(
                choices=[
                    ("two_unionids", "two unionids"),
                    ("two_members", "two active CRM members"),
                    ("kept_apart", "kept apart by a person"),
                    ("too_large", "more records than one person has"),
                ],
                max_length=16,
                verbose_name="rule",
            ),
        ),
        migrations.AlterField(
            model_name="recordkey",
            name="kind",
            field=models.CharField(choices=KEY_KINDS, max_length=16, verbose_name="kind"),
        ),
        migrations.CreateModel(
            name="SharedKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=scrm.core.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=KEY_KINDS, max_length=16, verbose_name="kind"),
                ),
                ("value", models.CharField(max_length=64, verbose_name="value")),
                ("records", models.PositiveIntegerField(verbose_name="records")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "waits for a decision"),
                            ("ignored", "shared: ties nobody, for ever"),
                            ("allowed", "one person: may tie its records"),
                            ("gone", "no longer there"),
                        ],
                        default="open",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("opened_at", models.DateTimeField(auto_now_add=True, verbose_name="opened at")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decision time"),
                ),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "shared identifier",
                "verbose_name_plural": "shared identifiers",
                "indexes": [
                    models.Index(
                        fields=["state", "-opened_at", "-id"], name="customers_sharedkey_queue"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "value"), name="customers_sharedkey_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at", None), ("state__in", ["open", "gone"])),
                            models.Q(
                                ("decided_at__isnull", False),
                                ("state__in", ["ignored", "allowed"]),
                            ),
                            _connector="OR",
                        ),
                        name="customers_sharedkey_decided_has_time",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
