"""The LDAP source against a real LDAP server: units, people, their parents and leaders."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from contacts.oa_sync.department_checks import check_departments
from contacts.oa_sync.employee_checks import check_employees
from contacts.oa_sync.sources.ldap import LdapFeed, LdapSettings, as_text
from contacts.oa_sync.sources.mapping import FieldMapping, MappedSource
from scrm.core.exceptions import ExternalFailure, ValidationFailed
from tests.contacts.oa_sync.sources.directory_server import DirectoryServer

PASSWORD = "reader-secret"
BASE = "dc=meiyi,dc=test"


def entry(dn: str, **values: str) -> str:
    """Return an entry of an LDIF; text that is not ASCII in base64."""

    def line(name: str, value: str) -> str:
        if value.isascii():
            return f"{name}: {value}"
        return f"{name}:: {base64.b64encode(value.encode()).decode()}"

    lines = [line("dn", dn)]
    for name, value in values.items():
        lines += [line(name, each) for each in value.split("|")]
    return "\n".join(lines)


TREE = [
    entry(BASE, objectClass="dcObject", dc="meiyi"),
    entry(f"cn=reader,{BASE}", objectClass="person", cn="reader", sn="reader", userPassword=PASSWORD),
    entry(f"ou=shops,{BASE}", objectClass="organizationalUnit", ou="shops", description="华东分公司"),
    entry(f"ou=d1,ou=shops,{BASE}", objectClass="organizationalUnit", ou="d1", description="人民路店"),
    entry(
        f"uid=e1,ou=d1,ou=shops,{BASE}", objectClass="inetOrgPerson", uid="e1", cn="李雷", sn="li",
        employeeNumber="E1", mobile="13800138001|13900139001", title="店长", userAccountControl="512",
        givenName="王　伟",
    ),
    entry(
        f"uid=e2,ou=d1,ou=shops,{BASE}", objectClass="inetOrgPerson", uid="e2", cn="韩梅梅", sn="han",
        employeeNumber="E2", mobile="13800138002", title="导购", userAccountControl="514",
        manager=f"UID=e1, ou=d1,ou=shops,{BASE}", givenName="Store\u00a0Guide",
    ),
]  # fmt: skip
MAPPING = FieldMapping(
    {
        "departments": {"code": "ou", "name": "description", "parent_code": "parent.ou"},
        "employees": {
            "job_number": "employeeNumber", "name": "cn", "phone": "mobile[0]", "post": "title",
            "department_code": "parent.ou", "leader_job_number": "leader.employeeNumber", "state": "enabled",
        },
    }
)  # fmt: skip


ABROAD = "ldap://abroad.example.com/ou=abroad,dc=meiyi,dc=test"
# What Active Directory names beside the root of every domain.
ZONES = [
    "ldap://DomainDnsZones.meiyi.test/DC=DomainDnsZones,DC=meiyi,DC=test",
    "ldap://ForestDnsZones.meiyi.test/DC=ForestDnsZones,DC=meiyi,DC=test",
    "ldap://meiyi.test/CN=Configuration,DC=meiyi,DC=test",
]


@pytest.fixture(scope="module")
def server() -> Iterator[DirectoryServer]:
    sent_on = {BASE: [ABROAD, *ZONES], f"ou=d1,ou=shops,{BASE}": ZONES}
    made = DirectoryServer(("\n\n".join(TREE) + "\n\n").encode(), sent_on)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def known(server: DirectoryServer, settings: Any) -> LdapSettings:
    settings.OA_HOSTS = [server.origin]
    return LdapSettings(
        origin=server.origin,
        bind_dn=f"cn=reader,{BASE}",
        bases={"departments": f"ou=shops,{BASE}", "employees": f"ou=shops,{BASE}"},
        filters={
            "departments": "(objectClass=organizationalUnit)",
            "employees": "(objectClass=inetOrgPerson)",
        },
        secret=PASSWORD,
    )


def test_units_and_people_become_rows(known: LdapSettings) -> None:
    # when
    source = MappedSource(LdapFeed(known), MAPPING)
    departments = [dict(row.values) for row in source.departments()]
    employees = {row.text("job_number"): dict(row.values) for row in source.employees()}

    # then
    assert sorted(departments, key=lambda row: row["code"]) == [
        {"code": "d1", "name": "人民路店", "parent_code": "shops"},
        {"code": "shops", "name": "华东分公司", "parent_code": ""},
    ]
    assert employees == {
        "E1": {
            "job_number": "E1", "name": "李雷", "phone": "13800138001", "post": "店长",
            "department_code": "d1", "leader_job_number": "", "state": "1",
        },
        "E2": {
            "job_number": "E2", "name": "韩梅梅", "phone": "13800138002", "post": "导购",
            "department_code": "d1", "leader_job_number": "E1", "state": "0",
        },
    }  # fmt: skip


def test_what_a_directory_says_passes_the_checks(known: LdapSettings) -> None:
    # given
    source = MappedSource(LdapFeed(known), MAPPING)

    # when
    departments = check_departments(source.departments())
    employees = check_employees(source.employees(), departments, lambda *_facts: True)

    # then
    assert [each.code for each in departments.problems + employees.problems] == []
    assert {row.job_number: row.left for row in employees.passed.values()} == {
        "E1": False,
        "E2": True,
    }


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_are_asked_for_until_the_directory_has_no_more(
    known: LdapSettings, server: DirectoryServer, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    # given a directory that gives so many entries at once, and two people
    monkeypatch.setattr("contacts.oa_sync.sources.ldap.PAGE", size)
    begun = len(server.asked)

    # when
    people = {record.data["uid"] for record in LdapFeed(known).records("employees")}

    # then both searches, for units and for people, went on to their last page
    assert people == {"e1", "e2"}
    each = [(size, begin) for begin in range(0, 2, size)]
    assert server.asked[begun:] == each * 2


def test_a_part_on_another_server_makes_the_reading_incomplete(known: LdapSettings) -> None:
    # given people are looked for from the root, of which one unit lies elsewhere
    bases = {"departments": f"ou=shops,{BASE}", "employees": BASE}

    # then those on the other server do not count as gone
    with pytest.raises(ExternalFailure, match=r"another server \(ldap://abroad") as failure:
        list(LdapFeed(replace(known, bases=bases)).records("employees"))
    assert failure.value.code == "oa_incomplete"


def test_the_technical_parts_of_active_directory_are_left_alone(known: LdapSettings) -> None:
    # given
    bases = {"departments": f"ou=shops,{BASE}", "employees": f"ou=d1,ou=shops,{BASE}"}

    # then
    found = LdapFeed(replace(known, bases=bases)).records("employees")
    assert {record.data["uid"] for record in found} == {"e1", "e2"}


def test_names_are_read_as_they_are_written(known: LdapSettings) -> None:
    # given names with a full-width and with a non-breaking blank
    people = {record.data["uid"]: record.data for record in LdapFeed(known).records("employees")}

    # then
    assert [people["e1"]["givenName"], people["e2"]["givenName"]] == ["王　伟", "Store\u00a0Guide"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("南京路1号\r\n二楼".encode(), "南京路1号\r\n二楼"),
        ("a\u200bb".encode(), "a\u200bb"),
        (b"\x01\x05\x00\x15", "01050015"),
        (b"\xff\xfe", "fffe"),
        (b"", ""),
    ],
)
def test_only_what_is_no_text_becomes_hex(value: bytes, expected: str) -> None:
    assert as_text(value) == expected


def test_a_preview_stops_early(known: LdapSettings) -> None:
    assert len(list(LdapFeed(known).records("employees", limit=1))) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secret": "wrong"}, "invalidCredentials"),
        ({"bind_dn": f"cn=nobody,{BASE}"}, "invalidCredentials"),
        ({"bases": {"departments": "ou=none,dc=x", "employees": BASE}}, "noSuchObject"),
        ({"filters": {"departments": "(((", "employees": "(a=b)"}}, "cannot be read"),
        ({"starttls": True}, "cannot be read"),
    ],
)
def test_what_the_directory_refuses_is_said(
    known: LdapSettings, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ExternalFailure, match=words) as failure:
        list(LdapFeed(replace(known, **changes)).records("departments"))
    assert PASSWORD not in failure.value.message


def test_a_directory_that_is_not_there_is_said(known: LdapSettings, settings: Any) -> None:
    # given
    settings.OA_HOSTS = ["ldap://127.0.0.1:9"]

    # then
    with pytest.raises(ExternalFailure, match="cannot be read"):
        list(LdapFeed(replace(known, origin="ldap://127.0.0.1:9")).records("employees"))


def test_a_host_that_it_did_not_allow_is_not_asked(known: LdapSettings, settings: Any) -> None:
    # given
    settings.OA_HOSTS = ["ldaps://ad.example.com"]

    # then
    with pytest.raises(ValidationFailed, match="SCRM_OA_HOSTS"):
        list(LdapFeed(known).records("employees"))
