"""People for OneID's rows: members and three contacts for each, made inside PostgreSQL; imported once Django stands.

1 % of the ID cards are on two members, 0.3 % of the customers gave a store's phone, and 2 % have somebody
else's phone in a remark.
"""

import io
import time
from collections.abc import Iterator

import psutil
from django.db import connection, transaction

from contacts.directory.models import Member
from customers.crm.models import CrmMember
from customers.oneid.models import Person, PersonLink, RecordKey
from customers.oneid.rebuild import SLICE
from customers.relations.models import ExternalContact

MEMBERS = """
INSERT INTO customers_crmmember (id, member_no, name, phone, phone_index, phone_verified, unionid, external_userid,
                                 level, store_code, state, source, digest, created_at, updated_at, id_card)
SELECT ('00000000-0000-7000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, 'M' || n, '', '',
       sha256(convert_to('phone' || n, 'UTF8')), n %% 20 <> 0,
       CASE WHEN n %% 5 < 3 THEN 'oPeople_of_the_bench_' || n ELSE '' END, '', '', '',
       CASE WHEN n %% 33 = 0 THEN 'closed' ELSE 'active' END, 'api', '', now(), now(),
       CASE WHEN n %% 3 = 0 THEN encode(sha256(convert_to(
            'card' || CASE WHEN n %% 100 = 0 THEN n - 3 ELSE n END, 'UTF8')), 'hex') ELSE '' END
  FROM generate_series(%(start)s, %(end)s) n
"""
CONTACTS = """
INSERT INTO customers_externalcontact (id, external_userid, name, avatar, type, gender, unionid, corp_name,
                                       phone, phone_index, created_at)
SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'wmBench_of_OneID_' || n, '', '', 1, 0,
       CASE WHEN n <= %(members)s AND n %% 5 < 4 THEN 'oPeople_of_the_bench_' || n
            WHEN n %% 7 = 0 THEN 'oPeople_of_the_bench_' || (n / 3)
            WHEN n %% 5 < 2 THEN 'oStrangers_of_the_bench_' || n ELSE '' END, '', '',
       CASE WHEN n %% 333 = 0 THEN sha256(convert_to('store' || n %% 50, 'UTF8'))
            WHEN n %% 10 = 1 THEN sha256(convert_to('phone' || n, 'UTF8')) END, now()
  FROM generate_series(%(start)s, %(end)s) n
"""
REMARKS = """
INSERT INTO customers_followrelation (id, member_id, contact_id, status, remark, remark_phones, remark_phone_indexes,
                                      remark_corp_name, description, state, add_way, created_time, tag_ids, lost_by)
SELECT ('00000000-0000-7000-b000-' || lpad(to_hex(n), 12, '0'))::uuid, %(guide)s,
       ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'active', '', '',
       ARRAY[sha256(convert_to('phone' || (n * 7) %% %(members)s, 'UTF8'))], '', '', '', 0, now(), '{}', ''
  FROM generate_series(50, %(end)s, 50) n
"""
NOTES = """
INSERT INTO customers_recordchange (record_kind, record_id, changed_at)
SELECT kind, id, now() FROM (
    SELECT 'contact' AS kind, id FROM customers_externalcontact UNION ALL SELECT 'member', id FROM customers_crmmember
) made ORDER BY md5(id::text)
"""
# The edges as OneID would have stored them: for rows that are about edges alone.
KEYS = """
INSERT INTO customers_recordkey (record_kind, record_id, kind, value)
SELECT 'contact', c.id, k.kind, k.value FROM customers_externalcontact c,
       LATERAL (VALUES ('external_userid', c.external_userid), ('unionid', c.unionid),
                       ('phone', encode(c.phone_index, 'hex'))) k(kind, value) WHERE k.value <> ''
 UNION ALL
SELECT 'member', m.id, k.kind, k.value FROM customers_crmmember m,
       LATERAL (VALUES ('member_no', m.member_no), ('unionid', m.unionid), ('id_card', m.id_card),
                       (CASE WHEN m.phone_verified THEN 'phone' ELSE 'weak_phone' END,
                        encode(m.phone_index, 'hex'))) k(kind, value) WHERE k.value <> ''
"""
FLOOR = "CREATE TABLE bench_floor (LIKE customers_recordkey INCLUDING ALL)"
INSERT = "INSERT INTO bench_floor (record_kind, record_id, kind, value) VALUES ('contact', %s, 'unionid', %s)"


def cpu_seconds() -> float:
    """Return the CPU of this process and of its PostgreSQL backend."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        (pid,) = cursor.fetchone()
    times = psutil.Process(pid).cpu_times()
    return time.process_time() + times.user + times.system


def people_make(members: int) -> None:
    """Make so many members and three times the contacts."""
    with connection.cursor() as cursor:
        # One backend's CPU is counted, and millions of rows take longer than a page may.
        cursor.execute("SET max_parallel_workers_per_gather = 0")
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(MEMBERS, {"start": 1, "end": members, "members": members})
        cursor.execute(CONTACTS, {"start": 1, "end": 3 * members, "members": members})
        guide = Member.objects.create(userid="bench", name="Bench")
        cursor.execute(REMARKS, {"guide": guide.pk, "end": 3 * members, "members": members})
        cursor.execute("ANALYZE customers_crmmember")
        cursor.execute("ANALYZE customers_externalcontact")


def execute(statement: str) -> None:
    """Run one statement of this module."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def text_slices(table: str, statement: str) -> Iterator[io.BytesIO]:
    """Return a COPY as text for the peers, sliced as ours is."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
        (end,) = cursor.fetchone()
        for start in range(0, end, SLICE):
            rows = io.BytesIO()
            cursor.copy_expert(statement.format(start=start, end=start + SLICE), rows)
            rows.seek(0)
            yield rows


def active_members() -> set[str]:
    """Return the ids of members that are not closed, as text."""
    pks = CrmMember.objects.filter(state=CrmMember.State.ACTIVE).values_list("pk", flat=True)
    return {str(pk) for pk in pks}


def analyze() -> None:
    """Let the planner know what was filled."""
    for table in ("recordkey", "personlink", "recordchange", "identitychange", "mergelog"):
        execute(f"VACUUM ANALYZE customers_{table}")


def insert_alone(number: int) -> None:
    """Commit a single row: the floor of the online row."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [f"00000000-0000-7000-a000-{number:012x}", f"floor{number}"])


def contact_naive(contact_id: object) -> None:
    """Find the person of a customer as one would write it first: the reference of the backfill row."""
    with transaction.atomic():
        contact = ExternalContact.objects.get(pk=contact_id)
        phone = bytes(contact.phone_index).hex() if contact.phone_index else ""
        said = {
            "external_userid": contact.external_userid,
            "unionid": contact.unionid,
            "phone": phone,
        }
        people: list[Person] = []
        for kind, value in said.items():
            if not value:
                continue
            RecordKey.objects.get_or_create(
                record_id=contact.pk, kind=kind, value=value, defaults={"record_kind": "contact"}
            )
            for key in RecordKey.objects.filter(kind=kind, value=value):
                link = (
                    PersonLink.objects.select_related("person")
                    .filter(record_id=key.record_id)
                    .first()
                )
                if link and link.person not in people:
                    people.append(link.person)
        person = people[0] if people else Person.objects.create()
        PersonLink.objects.get_or_create(
            record_id=contact.pk, defaults={"record_kind": "contact", "person": person}
        )
        for other in people[1:]:
            PersonLink.objects.filter(person=other).update(person=person)
