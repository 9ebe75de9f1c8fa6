"""Links records by the database alone where that needs no thought: one at a time, or all of a batch at once.

One at a time is customers_oneid_link of migration 0008.

A new record that nobody shares a key with becomes a person; one that belongs to a single person without
conflict or decision joins it; one that stays where it is keeps its keys up to date. All else is SLOW, with
nothing written: it is looked at whole.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from customers.oneid.quarantine import limits
from scrm.core.ids import uuid7

# LINKED to a person, KEPT where it was, SAME: nothing noted, BUSY: another worker is at it.
LINKED, KEPT, SAME, SLOW, BUSY = "linked", "kept", "same", "slow", "busy"
# What records say, as customers.oneid.facts reads it: one statement and snapshot with what is written, so that a note
# on a change that came meanwhile is not forgotten.
SAID = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(kinds)s::text[], %(ids)s::uuid[], %(persons)s::uuid[]) a(record_kind, id, person)
), said AS MATERIALIZED (
    SELECT a.record_kind, a.id, k.kind, k.value, true AS strong
      FROM asked a JOIN customers_externalcontact c ON c.id = a.id,
           LATERAL (VALUES ('external_userid', c.external_userid), ('unionid', c.unionid),
                           ('phone', encode(c.phone_index, 'hex'))) k(kind, value)
     WHERE a.record_kind = 'contact' AND k.value <> ''
     UNION ALL
    SELECT DISTINCT a.record_kind, a.id, 'weak_phone', encode(each, 'hex'), false
      FROM asked a JOIN customers_followrelation f ON f.contact_id = a.id,
           unnest(f.remark_phone_indexes) each
     WHERE a.record_kind = 'contact'
     UNION ALL
    SELECT a.record_kind, a.id, k.kind, k.value, k.strong
      FROM asked a JOIN customers_crmmember m ON m.id = a.id,
           LATERAL (VALUES ('member_no', m.member_no, true), ('unionid', m.unionid, true),
                           ('external_userid', m.external_userid, true), ('id_card', m.id_card, true),
                           (CASE WHEN m.phone_verified THEN 'phone' ELSE 'weak_phone' END,
                            encode(m.phone_index, 'hex'), m.phone_verified)) k(kind, value, strong)
     WHERE a.record_kind = 'member' AND k.value <> ''
"""
# New records of whom nobody, in the table or among those asked for, holds a strong key.
LINK_ALONE = """
), alone AS MATERIALIZED (
    SELECT a.* FROM asked a
     WHERE a.id IN (SELECT s.id FROM said s WHERE s.strong)
       AND a.id NOT IN (
           SELECT unnest(array_agg(s.id)) FROM said s WHERE s.strong
            GROUP BY s.kind, s.value HAVING count(*) > 1)
       AND NOT EXISTS (SELECT FROM customers_personlink l WHERE l.record_id = a.id)
       AND NOT EXISTS (
           SELECT FROM said s JOIN customers_recordkey r ON r.kind = s.kind AND r.value = s.value
            WHERE s.id = a.id AND s.strong)
), persons AS (
    INSERT INTO customers_person (id, state, created_at) SELECT person, 'active', now() FROM alone
), links AS (
    INSERT INTO customers_personlink (record_kind, record_id, person_id, linked_at)
    SELECT record_kind, id, person, now() FROM alone
), keys AS (
    INSERT INTO customers_recordkey (record_kind, record_id, kind, value)
    SELECT s.record_kind, s.id, s.kind, s.value FROM said s WHERE s.id IN (SELECT id FROM alone)
), changes AS (
    INSERT INTO customers_identitychange (kind, value, changed_at)
    SELECT s.kind, s.value, now() FROM said s
     WHERE s.id IN (SELECT id FROM alone) AND s.kind IN ('unionid', 'external_userid')
     UNION ALL
    SELECT 'member', id::text, now() FROM alone WHERE record_kind = 'member'
), forgotten AS (
    DELETE FROM customers_recordchange c USING alone
     WHERE c.record_id = alone.id AND c.record_kind = alone.record_kind
)
SELECT record_kind, id FROM alone
"""
# New records that share keys with one person and with nobody else of the batch, where no rule is near.
LINK_JOINED = """
), strong AS MATERIALIZED (
    SELECT s.* FROM said s
     WHERE s.strong AND NOT EXISTS (SELECT FROM customers_personlink l WHERE l.record_id = s.id)
), held AS MATERIALIZED (
    SELECT s.id, s.kind, s.value, r.record_id, l.person_id
      FROM strong s JOIN customers_recordkey r ON r.kind = s.kind AND r.value = s.value
      LEFT JOIN customers_personlink l ON l.record_id = r.record_id
), one AS MATERIALIZED (
    SELECT id, (array_agg(person_id))[1] AS person_id FROM held
     WHERE id NOT IN (
           SELECT unnest(array_agg(s.id)) FROM strong s GROUP BY s.kind, s.value HAVING count(*) > 1)
     GROUP BY id HAVING count(DISTINCT person_id) = 1 AND bool_and(person_id IS NOT NULL)
), alike AS MATERIALIZED (
    SELECT person_id FROM one GROUP BY person_id HAVING count(*) > 1
), flock AS MATERIALIZED (
    SELECT o.id, l.record_id, l.record_kind
      FROM one o JOIN customers_personlink l ON l.person_id = o.person_id
     WHERE o.person_id NOT IN (SELECT person_id FROM alike)
), whole AS MATERIALIZED (
    SELECT id, array_agg(record_id) AS ids FROM flock GROUP BY id HAVING count(*) < %(records)s
), doubtful AS MATERIALIZED (
    SELECT id FROM held WHERE kind IN ('phone', 'id_card')
     GROUP BY id, kind, value HAVING count(*) >= %(degree)s
     UNION
    SELECT h.id FROM held h JOIN customers_sharedkey k ON k.kind = h.kind AND k.value = h.value
     UNION
    SELECT f.id FROM flock f JOIN customers_decision d ON d.left_id = f.record_id
     WHERE d.retracted_at IS NULL
     UNION
    SELECT f.id FROM flock f JOIN customers_decision d ON d.right_id = f.record_id
     WHERE d.retracted_at IS NULL
     UNION
    SELECT w.id FROM whole w JOIN customers_conflict c ON c.record_ids && w.ids AND c.state = 'open'
     UNION
    SELECT f.id FROM flock f
      JOIN customers_recordkey r ON r.record_id = f.record_id AND r.kind = 'unionid'
      JOIN strong s ON s.id = f.id AND s.kind = 'unionid' AND s.value <> r.value
     UNION
    SELECT f.id FROM flock f
      JOIN customers_crmmember mine ON mine.id = f.id AND mine.state = 'active'
      JOIN customers_crmmember theirs ON theirs.id = f.record_id AND theirs.state = 'active'
), joined AS MATERIALIZED (
    SELECT a.record_kind, a.id, o.person_id FROM asked a JOIN one o ON o.id = a.id
     WHERE a.id IN (SELECT id FROM whole) AND a.id NOT IN (SELECT id FROM doubtful)
), links AS (
    INSERT INTO customers_personlink (record_kind, record_id, person_id, linked_at)
    SELECT record_kind, id, person_id, now() FROM joined
), keys AS (
    INSERT INTO customers_recordkey (record_kind, record_id, kind, value)
    SELECT s.record_kind, s.id, s.kind, s.value FROM said s WHERE s.id IN (SELECT id FROM joined)
), log AS (
    INSERT INTO customers_mergelog (at, kind, person_id, record_ids, evidence, former, by_human)
    SELECT now(), 'merge', j.person_id, ARRAY[j.id], jsonb_agg(t.tie), '{}', false
      FROM joined j JOIN (
           SELECT h.id, jsonb_build_object('key', h.kind, 'records', to_jsonb(
                  array_agg(h.record_id::text) || h.id::text)) AS tie
             FROM held h GROUP BY h.id, h.kind, h.value) t ON t.id = j.id
     GROUP BY j.person_id, j.id
), changes AS (
    INSERT INTO customers_identitychange (kind, value, changed_at)
    SELECT s.kind, s.value, now() FROM said s
     WHERE s.id IN (SELECT id FROM joined) AND s.kind IN ('unionid', 'external_userid')
     UNION
    SELECT r.kind, r.value, now() FROM flock f JOIN customers_recordkey r ON r.record_id = f.record_id
     WHERE f.id IN (SELECT id FROM joined) AND r.kind IN ('unionid', 'external_userid')
     UNION
    SELECT 'member', f.record_id::text, now() FROM flock f
     WHERE f.id IN (SELECT id FROM joined) AND f.record_kind = 'member'
     UNION
    SELECT 'member', id::text, now() FROM joined WHERE record_kind = 'member'
), forgotten AS (
    DELETE FROM customers_recordchange c USING joined
     WHERE c.record_id = joined.id AND c.record_kind = joined.record_kind
)
SELECT record_kind, id FROM joined
"""
LINK_CONTACT = "select customers_oneid_link(%s, %s, %s, %s)"


def records_link(records: Sequence[tuple[str, UUID]]) -> set[tuple[str, UUID]]:
    """Link those of these records (kind, id) that are new and need no thought; return which these were.

    First who shares nothing, then who belongs to one person. The caller holds OneID's lock.
    """
    linked: set[tuple[str, UUID]] = set()
    most = limits()
    with connection.cursor() as cursor:
        # Compiling the statement takes longer than running it.
        cursor.execute("SET LOCAL jit = off")
        for statement in (SAID + LINK_ALONE, SAID + LINK_JOINED):
            asked = [record for record in records if record not in linked]
            values: dict[str, Any] = {
                "kinds": [kind for kind, _id in asked],
                "ids": [str(record_id) for _kind, record_id in asked],
                "persons": [str(uuid7()) for _record in asked],
                "degree": most.degree,
                "records": most.records,
            }
            cursor.execute(statement, values)
            linked.update((kind, record_id) for kind, record_id in cursor.fetchall())
    return linked


def contact_link(external_userid: str) -> str:
    """Link one customer in one statement, its own transaction unless the caller has one; return what became of it."""
    most = limits()
    with connection.cursor() as cursor:
        cursor.execute(LINK_CONTACT, [external_userid, str(uuid7()), most.degree, most.records])
        return str(cursor.fetchone()[0])
