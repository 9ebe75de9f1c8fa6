"""Organisation and OA rows for tests."""

import factory
from factory.django import DjangoModelFactory

from contacts.directory.grams import name_grams
from contacts.directory.models import Department, Employee, Member
from contacts.org.models import OrgUnit


class DepartmentFactory(DjangoModelFactory[Department]):
    """A department below WeCom's root."""

    class Meta:
        model = Department

    department_id = factory.Sequence(lambda n: 100 + n)
    name = factory.Sequence(lambda n: f"部门{n}")
    parent_department_id = 1


class EmployeeFactory(DjangoModelFactory[Employee]):
    """An employee of the OA."""

    class Meta:
        model = Employee

    job_number = factory.Sequence(lambda n: f"E{n:05d}")
    name = factory.Sequence(lambda n: f"员工{n}")


class MemberFactory(DjangoModelFactory[Member]):
    """An active account with customer contact switched on."""

    class Meta:
        model = Member

    userid = factory.Sequence(lambda n: f"member{n}")
    name = factory.Sequence(lambda n: f"成员{n}")
    name_grams = factory.LazyAttribute(lambda o: name_grams(o.name))
    status = Member.Status.ACTIVE
    can_follow = True


class StoreFactory(DjangoModelFactory[OrgUnit]):
    """A store that stands alone; give `parent` and `path` to place it."""

    class Meta:
        model = OrgUnit

    kind = OrgUnit.Kind.STORE
    code = factory.Sequence(lambda n: f"S{n:04d}")
    name = factory.Sequence(lambda n: f"门店{n}")
    path = factory.Sequence(lambda n: f"/9{n:06d}/")
