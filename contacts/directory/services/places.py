"""Where departments and members stand in the organisation tree."""

from collections.abc import Mapping

from django.db import connection, transaction

# The nearest unit above: walks down from the top and hands each department its parent's path.
DEPARTMENT_PLACES_SQL = """
with recursive placed(department_id, path, level) as (
  select d.department_id, d.unit_path::text, 1 from contacts_department d
   where d.deleted_at is null and not exists (
     select 1 from contacts_department p
      where p.department_id = d.parent_department_id and p.deleted_at is null)
  union all
  select c.department_id, coalesce(nullif(c.unit_path, ''), placed.path)::text, level + 1
    from contacts_department c join placed on c.parent_department_id = placed.department_id
   where c.deleted_at is null and level < 32 and c.department_id <> placed.department_id)
update contacts_department d set org_path = placed.path
  from placed
 where placed.department_id = d.department_id and d.org_path is distinct from placed.path
"""

MEMBER_PLACES_SQL = """
update contacts_member m set org_path = place.path
  from (select m.id, coalesce(nullif(m.store_path, ''), d.org_path, '') as path
          from contacts_member m
          left join contacts_department d
            on d.department_id = coalesce(m.main_department_id, m.department_ids[1])
         where %(member_id)s is null or m.id = %(member_id)s) as place
 where place.id = m.id and m.org_path is distinct from place.path
"""

PATHS_SQL = """
update {table} row set {column} = given.path
  from (select unnest(%s::bigint[]) as id, unnest(%s::text[]) as path) as given
 where given.id = row.id and row.{column} is distinct from given.path
"""


def places_refresh(member_id: int | None = None) -> None:
    """Recompute the places of all departments and members, or of one member; writes only changes."""
    with transaction.atomic(), connection.cursor() as cursor:
        if member_id is not None:
            cursor.execute(MEMBER_PLACES_SQL, {"member_id": member_id})
            return
        # Right after thousands were written their number is not known yet, and each would be looked for in all.
        cursor.execute("set local enable_nestloop = off")
        cursor.execute(DEPARTMENT_PLACES_SQL)
        cursor.execute(MEMBER_PLACES_SQL, {"member_id": None})
        cursor.execute("set local enable_nestloop = default")


def unit_paths_set(paths: Mapping[int, str]) -> None:
    """Set the unit's path of departments, by row id; followed by `places_refresh`."""
    _paths_set("contacts_department", "unit_path", paths)


def store_paths_set(paths: Mapping[int, str]) -> None:
    """Set the store's path of members, by row id; followed by `places_refresh`."""
    _paths_set("contacts_member", "store_path", paths)


def _paths_set(table: str, column: str, paths: Mapping[int, str]) -> None:
    with connection.cursor() as cursor:
        sql = PATHS_SQL.format(table=table, column=column)
        cursor.execute(sql, [list(paths.keys()), list(paths.values())])
