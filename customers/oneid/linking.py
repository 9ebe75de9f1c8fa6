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
# One statement and one snapshot for all: a note on a change that came meanwhile is not forgotten. A batch is often a
# backfill, and no plan may rest on statistics of tables that were empty a moment ago, nor on how many rows a step
# makes: each step has one row a record and carries what the next one needs, and tables are probed by index for one
# record at a time (a LATERAL with an aggregate, a LIMIT or OFFSET 0, which is never turned into a join). Joining the
# steps to each other, or scanning the tables, makes a record the dearer the more there are.
LINK_RECORDS = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(kinds)s::text[], %(ids)s::uuid[], %(persons)s::uuid[]) a(record_kind, id, person)
), said AS MATERIALIZED ( -- what records say, as customers.oneid.facts reads it: strong keys (or ''), and weak phones
    SELECT a.record_kind, a.id, a.person, c.unionid, false AS is_active,
           ARRAY['external_userid', 'unionid', 'phone'] AS kinds,
           ARRAY[c.external_userid, c.unionid, encode(c.phone_index, 'hex')] AS said,
           ARRAY(SELECT DISTINCT encode(each, 'hex')
                   FROM customers_followrelation f, unnest(f.remark_phone_indexes) each
                  WHERE f.contact_id = c.id) AS weak
      FROM asked a JOIN customers_externalcontact c ON c.id = a.id
     WHERE a.record_kind = 'contact'
     UNION ALL
    SELECT a.record_kind, a.id, a.person, m.unionid, m.state = 'active',
           ARRAY['external_userid', 'unionid', 'phone', 'member_no', 'id_card'],
           ARRAY[m.external_userid, m.unionid, CASE WHEN m.phone_verified THEN p.phone ELSE '' END,
                 m.member_no, m.id_card],
           CASE WHEN m.phone_verified OR p.phone IS NULL THEN '{}' ELSE ARRAY[p.phone] END
      FROM asked a JOIN customers_crmmember m ON m.id = a.id, encode(m.phone_index, 'hex') p(phone)
     WHERE a.record_kind = 'member'
), found AS MATERIALIZED ( -- new records that share nothing with each other, and the persons who hold their keys
    SELECT s.*, h.persons
      FROM said s CROSS JOIN LATERAL (
           SELECT array_agg(DISTINCT r.person_id) AS persons
             FROM unnest(s.kinds, s.said) k(kind, value) CROSS JOIN LATERAL (
                  SELECT (SELECT l.person_id FROM customers_personlink l WHERE l.record_id = r.record_id)
                    FROM customers_recordkey r WHERE r.kind = k.kind AND r.value = k.value
                   LIMIT %(records)s) r -- a person who holds so many is not joined
            WHERE k.value <> '') h
     WHERE NOT EXISTS (SELECT FROM customers_personlink l WHERE l.record_id = s.id)
       AND s.id NOT IN (
           SELECT unnest(array_agg(s.id)) FROM said s, unnest(s.kinds, s.said) k(kind, value)
            WHERE k.value <> '' GROUP BY k.kind, k.value HAVING count(*) > 1)
), one AS MATERIALIZED ( -- one person holds their keys, and nobody else of the batch belongs to that person
    SELECT * FROM (
        SELECT f.*, f.persons[1] AS person_id, count(*) OVER (PARTITION BY f.persons) AS alike
          FROM found f WHERE cardinality(f.persons) = 1 AND f.persons[1] IS NOT NULL) f
     WHERE alike = 1
), judged AS MATERIALIZED ( -- the records of that person, and whether any rule is near
    SELECT o.*, w.flock, w.members,
           w.doubtful OR cardinality(w.flock) >= %(records)s OR EXISTS (
               SELECT FROM unnest(o.kinds, o.said) k(kind, value)
                WHERE k.kind IN ('phone', 'id_card') AND k.value <> ''
                  AND (EXISTS (SELECT FROM customers_sharedkey q WHERE q.kind = k.kind AND q.value = k.value)
                       OR (SELECT count(*) FROM customers_recordkey r
                            WHERE r.kind = k.kind AND r.value = k.value) >= %(degree)s)) AS is_doubtful
      FROM one o CROSS JOIN LATERAL (
           SELECT array_agg(l.record_id) AS flock,
                  array_agg(l.record_id) FILTER (WHERE l.record_kind = 'member') AS members,
                  bool_or(
                      l.record_id IN (SELECT unnest(c.record_ids) FROM customers_conflict c WHERE c.state = 'open')
                   OR EXISTS (SELECT FROM customers_decision d
                               WHERE d.left_id = l.record_id AND d.retracted_at IS NULL)
                   OR EXISTS (SELECT FROM customers_decision d
                               WHERE d.right_id = l.record_id AND d.retracted_at IS NULL)
                   OR o.unionid <> '' AND EXISTS (
                          SELECT FROM customers_recordkey r
                           WHERE r.record_id = l.record_id AND r.kind = 'unionid' AND r.value <> o.unionid)
                   OR o.is_active AND l.record_kind = 'member' AND EXISTS (
                          SELECT FROM customers_crmmember m WHERE m.id = l.record_id AND m.state = 'active')
                  ) AS doubtful
             FROM customers_personlink l WHERE l.person_id = o.person_id) w
), linked AS MATERIALIZED ( -- alone (a new person, no flock), or joined to a person
    SELECT record_kind, id, kinds, said, weak, person AS person_id, NULL::uuid[] AS flock, NULL::uuid[] AS members
      FROM found WHERE persons IS NULL
     UNION ALL
    SELECT record_kind, id, kinds, said, weak, person_id, flock, members FROM judged WHERE NOT is_doubtful
), persons AS (
    INSERT INTO customers_person (id, state, created_at)
    SELECT person_id, 'active', now() FROM linked WHERE flock IS NULL
), links AS (
    INSERT INTO customers_personlink (record_kind, record_id, person_id, linked_at)
    SELECT record_kind, id, person_id, now() FROM linked
), keys AS (
    INSERT INTO customers_recordkey (record_kind, record_id, kind, value)
    SELECT l.record_kind, l.id, k.kind, k.value FROM linked l, unnest(l.kinds, l.said) k(kind, value)
     WHERE k.value <> ''
     UNION ALL
    SELECT l.record_kind, l.id, 'weak_phone', each FROM linked l, unnest(l.weak) each
), log AS (
    INSERT INTO customers_mergelog (at, kind, person_id, record_ids, evidence, former, by_human)
    SELECT now(), 'merge', l.person_id, ARRAY[l.id], ties.evidence, '{}', false
      FROM linked l CROSS JOIN LATERAL (
           SELECT jsonb_agg(jsonb_build_object('key', k.kind, 'records', to_jsonb(h.ids || l.id::text))) AS evidence
             FROM unnest(l.kinds, l.said) k(kind, value) CROSS JOIN LATERAL (
                  SELECT array_agg(r.record_id::text) AS ids FROM customers_recordkey r
                   WHERE r.kind = k.kind AND r.value = k.value) h
            WHERE k.value <> '' AND h.ids IS NOT NULL) ties
     WHERE l.flock IS NOT NULL
), changes AS (
    INSERT INTO customers_identitychange (kind, value, changed_at)
    SELECT k.kind, k.value, now() FROM linked l, unnest(l.kinds, l.said) k(kind, value)
     WHERE k.kind IN ('unionid', 'external_userid') AND k.value <> ''
     UNION
    SELECT r.kind, r.value, now() FROM linked l, unnest(l.flock) each CROSS JOIN LATERAL (
           SELECT r.kind, r.value FROM customers_recordkey r
            WHERE r.record_id = each AND r.kind IN ('unionid', 'external_userid') LIMIT %(records)s) r
     UNION
    SELECT 'member', each::text, now() FROM linked l, unnest(l.members) each
     UNION
    SELECT 'member', id::text, now() FROM linked WHERE record_kind = 'member'
), forgotten AS (
    DELETE FROM customers_recordchange WHERE id = ANY (ARRAY(
        SELECT c.id FROM linked l CROSS JOIN LATERAL (
               SELECT c.id FROM customers_recordchange c
                WHERE c.record_id = l.id AND c.record_kind = l.record_kind OFFSET 0) c))
)
SELECT record_kind, id FROM linked
"""
LINK_CONTACT = "select customers_oneid_link(%s, %s, %s, %s)"


def records_link(records: Sequence[tuple[str, UUID]]) -> set[tuple[str, UUID]]:
    """Link those of these records (kind, id) that are new and need no thought; return which these were.

    The caller holds OneID's lock.
    """
    most = limits()
    values: dict[str, Any] = {
        "kinds": [kind for kind, _id in records],
        "ids": [str(record_id) for _kind, record_id in records],
        "persons": [str(uuid7()) for _record in records],
        "degree": most.degree,
        "records": most.records,
    }
    with connection.cursor() as cursor:
        cursor.execute(LINK_RECORDS, values)
        return set(cursor.fetchall())


def contact_link(external_userid: str) -> str:
    """Link one customer in one statement, its own transaction unless the caller has one; return what became of it."""
    most = limits()
    with connection.cursor() as cursor:
        cursor.execute(LINK_CONTACT, [external_userid, str(uuid7()), most.degree, most.records])
        return str(cursor.fetchone()[0])
