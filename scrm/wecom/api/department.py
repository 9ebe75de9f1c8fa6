"""Departments of the address book (docs 90205–90208, 95350, 95351)."""

from scrm.wecom.api.base import Area, filled, now
from scrm.wecom.reading import items, number, table
from scrm.wecom.types import Department, Departments


class DepartmentApi(Area):
    """Writes need the address-book secret and go one after the other (WeCom refuses parallel ones)."""

    def create(
        self,
        name: str,
        parent_id: int = 1,
        *,
        department_id: int | None = None,
        order: int | None = None,
        name_en: str | None = None,
    ) -> int:
        """Create a department and return its id; 60008 when a sibling has the name (doc 90205)."""
        body = filled(name=name, parentid=parent_id, id=department_id, order=order, name_en=name_en)
        return number(self._write("department/create", body), "id")

    def update(
        self,
        department_id: int,
        *,
        name: str | None = None,
        parent_id: int | None = None,
        order: int | None = None,
        name_en: str | None = None,
    ) -> None:
        """Change the given fields of a department (doc 90206)."""
        self._write(
            "department/update",
            filled(id=department_id, name=name, parentid=parent_id, order=order, name_en=name_en),
        )

    def delete(self, department_id: int) -> None:
        """Delete an empty department; 60005 with members, 60006 with children (doc 90207)."""
        self._write_get("department/delete", id=department_id)

    def list(self, department_id: int | None = None) -> Departments:
        """Return the visible departments below one, itself included; all of them by default (doc 90208)."""
        started = now()
        data = self._read("department/list", id=department_id)
        return Departments(
            tuple(Department.read(row) for row in items(data, "department")), started
        )

    def simplelist(self, department_id: int | None = None) -> Departments:
        """Return ids, parents and order without names; much faster on a big tree (doc 95350)."""
        started = now()
        data = self._read("department/simplelist", id=department_id)
        return Departments(
            tuple(Department.read(row) for row in items(data, "department_id")), started
        )

    def get(self, department_id: int) -> Department:
        """Return one department (doc 95351)."""
        return Department.read(table(self._read("department/get", id=department_id), "department"))
