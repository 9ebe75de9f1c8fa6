"""Keeps what units were called, where they stood and whether they were open, by days."""

from django.db import connection
from django.utils import timezone

# What happens twice on one day counts once, as it ended.
SAME_DAY_SQL = """
update contacts_unitterm t
   set code = u.code, name = u.name, kind = u.kind, status = u.status, parent_id = u.parent_id
  from contacts_orgunit u
 where u.id = t.unit_id and t.ended_on is null and t.began_on >= %(today)s
   and (t.code, t.name, t.kind, t.status, t.parent_id) is distinct from (u.code, u.name, u.kind, u.status, u.parent_id)
"""
END_SQL = """
update contacts_unitterm t set ended_on = %(today)s
  from contacts_orgunit u
 where u.id = t.unit_id and t.ended_on is null
   and (t.code, t.name, t.kind, t.status, t.parent_id) is distinct from (u.code, u.name, u.kind, u.status, u.parent_id)
"""
BEGIN_SQL = """
insert into contacts_unitterm (unit_id, code, name, kind, status, parent_id, began_on)
select u.id, u.code, u.name, u.kind, u.status, u.parent_id, %(today)s
  from contacts_orgunit u
 where not exists (select 1 from contacts_unitterm t where t.unit_id = u.id and t.ended_on is null)
"""


def terms_note() -> None:
    """Bring the histories up to what units are now; three statements for any number, none of which writes twice."""
    values = {"today": timezone.localdate()}
    with connection.cursor() as cursor:
        for sql in (SAME_DAY_SQL, END_SQL, BEGIN_SQL):
            cursor.execute(sql, values)
