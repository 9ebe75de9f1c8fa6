"""Counts the unique people of each step in PostgreSQL; a recount in plain Python in the tests must equal it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from attribution.entries.models import Entry
from attribution.entries.rates import Counts
from contacts.org.selectors import stores_visible_to
from customers.profile.counting import names_left_out
from scrm.core.scope import Scope


@dataclass
class Counted:
    """The counts of a time. `without_entry` counts people who saw a result page that showed none."""

    total: Counts = field(default_factory=Counts)
    by_hook: dict[str, Counts] = field(default_factory=dict)
    by_entry: dict[int, Counts] = field(default_factory=dict)
    by_store: dict[int, Counts] = field(default_factory=dict)
    without_entry: int = 0


# Who is who: an identity is the one person OneID has for it; a contact OneID has not looked at is known by its
# unionid; a device seen with exactly one person is that person also where it did not say so. Devices are
# recognised over all visits of the time, whichever entry they belong to. Colleagues and test contacts are nobody.
_PEOPLE = """
WITH visit AS MATERIALIZED (
    SELECT DISTINCT kind, entry_id, store_id, unionid, external_userid, visitor_id
    FROM attribution_entryvisit
    WHERE occurred_at >= %(start)s AND occurred_at < %(end)s
      AND (%(everywhere)s OR store_id = ANY(%(stores)s))
), added AS MATERIALIZED (
    SELECT DISTINCT here.entry_id, here.store_id, episode.external_userid
    FROM attribution_addepisode episode
    JOIN attribution_entrystore here ON here.live_code_id = episode.live_code_id
    WHERE episode.started_at >= %(start)s AND episode.started_at < %(end)s
      AND (%(everywhere)s OR here.store_id = ANY(%(stores)s))
), contact AS MATERIALIZED (
    SELECT external_userid FROM visit WHERE external_userid <> ''
    UNION SELECT external_userid FROM added
), union_of AS MATERIALIZED (
    SELECT contact.external_userid, known.unionid
    FROM contact JOIN customers_externalcontact known USING (external_userid)
    WHERE known.unionid <> ''
), by_union AS MATERIALIZED (
    SELECT key.value AS unionid, min(link.person_id::text) AS person
    FROM (SELECT unionid FROM visit WHERE unionid <> '' UNION SELECT unionid FROM union_of) asked
    JOIN customers_recordkey key ON key.kind = 'unionid' AND key.value = asked.unionid
    JOIN customers_personlink link USING (record_id)
    GROUP BY key.value HAVING min(link.person_id::text) = max(link.person_id::text)
), by_contact AS MATERIALIZED (
    SELECT key.value AS external_userid, min(link.person_id::text) AS person
    FROM contact
    JOIN customers_recordkey key ON key.kind = 'external_userid' AND key.value = contact.external_userid
    JOIN customers_personlink link USING (record_id)
    GROUP BY key.value HAVING min(link.person_id::text) = max(link.person_id::text)
), named AS MATERIALIZED (
    SELECT contact.external_userid,
           coalesce(by_contact.person, by_union.person, 'u:' || union_of.unionid,
                    'x:' || contact.external_userid) AS person
    FROM contact
    LEFT JOIN by_contact USING (external_userid)
    LEFT JOIN union_of USING (external_userid)
    LEFT JOIN by_union ON by_union.unionid = union_of.unionid
), said AS MATERIALIZED (
    SELECT visit.kind, visit.entry_id, visit.store_id, visit.visitor_id,
           CASE WHEN visit.unionid <> '' THEN coalesce(by_union.person, 'u:' || visit.unionid)
                ELSE named.person END AS person
    FROM visit
    LEFT JOIN by_union ON by_union.unionid = visit.unionid
    LEFT JOIN named ON named.external_userid = visit.external_userid
), owner AS MATERIALIZED (
    SELECT visitor_id, min(person) AS person FROM said
    WHERE person IS NOT NULL AND visitor_id <> ''
    GROUP BY visitor_id HAVING min(person) = max(person)
), outsider AS MATERIALIZED (
    SELECT person FROM named WHERE external_userid = ANY(%(left_out)s)
    UNION SELECT coalesce(by_union.person, 'u:' || gone.unionid)
    FROM unnest(%(left_out_unions)s::text[]) AS gone (unionid) LEFT JOIN by_union USING (unionid)
), step AS MATERIALIZED (
    SELECT CASE said.kind WHEN 'result_view' THEN 1 WHEN 'entry_click' THEN 2 WHEN 'leadin_view' THEN 4
                          WHEN 'add_click' THEN 8 ELSE 0 END AS bit,
           said.entry_id, said.store_id,
           hashtextextended(coalesce(said.person, owner.person, 'v:' || said.visitor_id), 0) AS person
    FROM said LEFT JOIN owner ON said.person IS NULL AND owner.visitor_id = said.visitor_id
    WHERE coalesce(said.person, owner.person, '') NOT IN (SELECT person FROM outsider)
    UNION ALL
    SELECT 16, added.entry_id, added.store_id, hashtextextended(named.person, 0)
    FROM added JOIN named USING (external_userid)
    WHERE named.person NOT IN (SELECT person FROM outsider)
)
"""
# A person is a number of 64 bits here: two of a million meet with a chance of 1 : 30 million.
_COUNTS = """, placed AS MATERIALIZED (
    SELECT person, entry_id, store_id, bit_or(bit) AS bits FROM step
    WHERE entry_id IS NOT NULL AND (%(entry)s::bigint IS NULL OR entry_id = %(entry)s)
    GROUP BY person, entry_id, store_id
), of_entry AS MATERIALIZED (
    SELECT person, entry_id, bit_or(bits) AS bits FROM placed GROUP BY person, entry_id
), of_hook AS MATERIALIZED (
    SELECT person, entry.hook, bit_or(bits) AS bits
    FROM of_entry JOIN attribution_entry entry ON entry.id = entry_id GROUP BY person, entry.hook
), somebody AS (
    SELECT 'total' AS level, '' AS key, bit_or(bits) AS bits FROM of_hook GROUP BY person
    UNION ALL SELECT 'hook', hook, bits FROM of_hook
    UNION ALL SELECT 'entry', entry_id::text, bits FROM of_entry
    UNION ALL (
        SELECT 'store', store_id::text, bit_or(bits) FROM placed
        WHERE store_id IS NOT NULL GROUP BY person, store_id
    )
)
SELECT level, key, count(*) FILTER (WHERE bits & 1 > 0), count(*) FILTER (WHERE bits & 2 > 0),
       count(*) FILTER (WHERE bits & 4 > 0), count(*) FILTER (WHERE bits & 8 > 0),
       count(*) FILTER (WHERE bits & 16 > 0), count(*) FILTER (WHERE bits & 20 = 20)
FROM somebody GROUP BY level, key
UNION ALL
SELECT 'without', '', count(DISTINCT person), 0, 0, 0, 0, 0 FROM step WHERE entry_id IS NULL
"""


def people_counted(
    scope: Scope, start: datetime, end: datetime, *, entry: Entry | None = None
) -> Counted:
    """Return how many people took each step from `start` to before `end`, within the scope."""
    stores = [] if scope.everything else list(stores_visible_to(scope).values_list("pk", flat=True))
    found = Counted()
    left_out = names_left_out()
    for level, key, *numbers in _rows(
        {
            "start": start,
            "end": end,
            "everywhere": scope.everything,
            "stores": stores,
            "entry": entry.pk if entry else None,
            "left_out": sorted(left_out.external_userids),
            "left_out_unions": sorted(left_out.unionids),
        }
    ):
        _put(found, level, key, numbers)
    return found


def _rows(values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        # Compiling the statement takes longer than running it; its hashes of a quarter fit into memory.
        cursor.execute("SET LOCAL jit = off")
        # Merge joins would sort every visit by text.
        cursor.execute("SET LOCAL enable_mergejoin = off")
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(_PEOPLE + _COUNTS, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.execute("SET LOCAL work_mem TO DEFAULT")
        cursor.execute("SET LOCAL enable_mergejoin TO DEFAULT")
        cursor.execute("SET LOCAL jit TO DEFAULT")
    return rows


def _put(found: Counted, level: str, key: str, numbers: Sequence[int]) -> None:
    if level == "without":
        found.without_entry = numbers[0]
        return
    counts = Counts(*numbers)
    if level == "total":
        found.total = counts
    elif level == "hook":
        found.by_hook[key] = counts
    elif level == "entry":
        found.by_entry[int(key)] = counts
    else:
        found.by_store[int(key)] = counts
