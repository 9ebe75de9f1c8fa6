"""Payloads about rows that disturb each other: duplicates, shared phones, leaders, leavers."""

from tests.contacts.oa_sync.corpus.payloads import E, Payload, rows
from tests.contacts.oa_sync.oa_files import EMPLOYEE_FIELDS, employee, phone_of

OTHER = {"name": "别名", "gender": "男", "phone": "13911112222", "post": "店长", "department_code": "D2",
         "state": "试用", "effective_on": "2026-02-02"}  # fmt: skip


def duplicates() -> list[Payload]:
    found = [
        Payload(f"one row {n} times", employees=[employee(1)] * n, passed=1) for n in (2, 3, 5)
    ]
    found += [
        Payload(
            f"one job number, another {field}",
            employees=[employee(1), employee(1, **{field: value})],
            errors=rows(E, (2, 3), "job_number duplicate"),
        )
        for field, value in OTHER.items()
    ]
    found += [
        Payload(
            f"one job number on {n} rows, far apart",
            employees=[part for k in range(n) for part in (employee(1, name=f"名{k}"), employee(10 + k))],
            errors=rows(E, range(2, 2 + 2 * n, 2), "job_number duplicate"),
        )
        for n in (2, 3, 4)
    ]  # fmt: skip
    return found


CLASHES = (
    ("E0001", "e0001"),
    ("E0001", "E0001 号"),
    ("#A1", "a1"),
    ("(A1)", "A1"),
    ("张A1", "李A1"),
    ("_A1", "A1"),
)


def clashes() -> list[Payload]:
    return [
        Payload(
            f"{first} and {second} are one account",
            employees=[employee(1, job_number=first), employee(2, job_number=second)],
            errors=rows(E, (2, 3), "job_number userid_clash"),
        )
        for first, second in CLASHES
    ]


SPELLINGS = (
    "138 0000 0001",
    "+8613800000001",
    "1380000-0001",
    "１３８００００００１"[:11],
    "8613800000001",
)


def shared_phones() -> list[Payload]:
    found = [
        Payload(
            f"{n} employees with one phone",
            employees=[employee(k, phone=phone_of(1)) for k in range(1, n + 1)],
            errors=rows(E, range(2, 2 + n), "phone phone_shared"),
        )
        for n in (2, 3, 5, 8)
    ]
    found += [
        Payload(
            f"one phone, also written {spelling}",
            employees=[employee(1, phone="13800000001"), employee(2, phone=spelling)],
            errors=rows(E, (2, 3), "phone phone_shared"),
        )
        for spelling in SPELLINGS
        if len("".join(filter(str.isalnum, spelling))) >= 11
    ]
    found.append(
        Payload(
            "a leaver's phone goes to a new one",
            employees=[employee(1, state="离职"), employee(2, phone=phone_of(1))],
        )
    )
    return found


def leaders() -> list[Payload]:
    found = [
        Payload(
            f"a line of {n} leaders",
            employees=[employee(k, leader_job_number=f"E{k + 1:04d}" if k < n else "") for k in range(1, n + 1)],
        )
        for n in (2, 3, 10)
    ]  # fmt: skip
    found += [
        Payload(
            f"a circle of {n} leaders is cut once",
            employees=[employee(k, leader_job_number=f"E{k % n + 1:04d}") for k in range(1, n + 1)],
            errors=[f"{E} 2 leader_job_number leader_circle"],
        )
        for n in (1, 2, 3, 6)
    ]
    found += [
        Payload(
            f"the leader {unknown} is nobody",
            employees=[employee(1, leader_job_number=unknown)],
            errors=[f"{E} 2 leader_job_number leader_unknown"],
        )
        for unknown in ("E9999", "无", "0", "张总")
    ]
    found += [
        Payload(
            "a leader whose own row is refused leads on",
            employees=[employee(1, phone=""), employee(2, leader_job_number="E0001")],
            errors=[f"{E} 2 phone phone_blank"],
        ),
        Payload(
            "a leader who left",
            employees=[employee(1, state="离职"), employee(2, leader_job_number="E0001")],
        ),
    ]
    return found


def leavers() -> list[Payload]:
    found = [
        Payload(
            f"a leaver without {field}", employees=[employee(1, **{"state": "离职", field: ""})]
        )
        for field in EMPLOYEE_FIELDS
        if field not in ("job_number", "state")
    ]
    found += [
        Payload(
            f"a leaver with a wrong {field}",
            employees=[employee(1, **{"state": "离职", field: "??"})],
        )
        for field in ("gender", "phone", "department_code", "leader_job_number")
    ]
    found += [
        Payload(f"left, in the OA's words {word}", employees=[employee(1, state=word, phone="")])
        for word in ("离职", "已离职", "退休", "Left", "resigned", "terminated", "0")
    ]
    found += [
        Payload(
            "a leaver needs a job number",
            employees=[employee(1, state="离职", job_number="")],
            errors=[f"{E} 2 job_number blank"],
        ),
        Payload(
            "a leaver's day has to be one",
            employees=[employee(1, state="离职", effective_on="上周")],
            errors=[f"{E} 2 effective_on not_a_date"],
        ),
    ]
    return found


def several() -> list[Payload]:
    found = []
    for blank in ("name", "department_code"):
        for bad, value, code in (("phone", "x", "phone_invalid"), ("gender", "?", "unknown_word"),
                                 ("effective_on", "?", "not_a_date"), ("post", "导" * 129, "too_long")):  # fmt: skip
            found.append(
                Payload(
                    f"{blank} blank and {bad} wrong",
                    employees=[employee(1), employee(2, **{blank: "", bad: value})],
                    errors=[f"{E} 3 {blank} blank", f"{E} 3 {bad} {code}"],
                )
            )
    return found


THEMES = {
    "duplicates": duplicates(), "clashes": clashes(), "shared_phones": shared_phones(),
    "leaders": leaders(), "leavers": leavers(), "several": several(),
}  # fmt: skip
