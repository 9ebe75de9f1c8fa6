"""Payloads about the tree and the file: circles, orphans, depth, names, store codes, encodings."""

from tests.contacts.oa_sync.corpus.payloads import D, E, Payload, Row, rows
from tests.contacts.oa_sync.oa_files import employee


def node(code: str, parent: str, name: str = "", kind: str = "", store: str = "") -> Row:
    return (code, name or f"部{code}", parent, kind, store)


def circles() -> list[Payload]:
    found = []
    for n in (1, 2, 3, 5, 8):
        circle = [node(f"X{k}", f"X{(k + 1) % n}") for k in range(n)]
        found.append(
            Payload(
                f"a circle of {n}", circle, errors=rows(D, range(6, 6 + n), "parent_code cycle")
            )
        )
        found.append(
            Payload(
                f"a circle of {n} with somebody in it and below it",
                [*circle, node("Y", "X0")],
                [employee(1, "X0"), employee(2, "Y"), employee(3)],
                [
                    *rows(D, range(6, 6 + n), "parent_code cycle"),
                    f"{D} {6 + n} parent_code parent_refused",
                    *rows(E, (2, 3), "department_code department_refused"),
                ],
            )
        )
    return found  # fmt: skip


def orphans() -> list[Payload]:
    found = []
    for n in (1, 2, 4, 7):
        line = [node(f"X{k}", f"X{k - 1}" if k else "NIX") for k in range(n)]
        found.append(
            Payload(
                f"an orphan with {n - 1} below",
                line,
                [employee(1, f"X{n - 1}")],
                [
                    f"{D} 6 parent_code parent_unknown",
                    *rows(D, range(7, 6 + n), "parent_code parent_refused"),
                    f"{E} 2 department_code department_refused",
                ],
            )
        )
    found += [
        Payload(
            f"nobody has the department {code}",
            employees=[employee(1, code), employee(2)],
            errors=[f"{E} 2 department_code department_unknown"],
        )
        for code in ("D9", "d1", "人民路店", "0", "D1;D2")
    ]
    found += [
        Payload(f"the department written {code!r}", employees=[employee(1, code)])
        for code in ("Ｄ１", " D1 ", "D 1", "D1\u200b", "D1\u3000")
    ]
    return found


def depths() -> list[Payload]:
    found = []
    for last in (5, 14, 15, 16, 17, 20):
        line = [node(f"L{k}", f"L{k - 1}" if k > 2 else "C") for k in range(2, last + 1)]
        deep = range(20, 5 + last)
        found.append(
            Payload(f"a tree of {last} levels", line, errors=rows(D, deep, "parent_code too_deep"))
        )
    return found


def namesakes() -> list[Payload]:
    found = [
        Payload(
            f"{n} sisters of one name",
            [node(f"N{k}", "B1", "同名") for k in range(n)],
            errors=rows(D, range(6, 6 + n), "name sibling_name"),
        )
        for n in (2, 3, 6)
    ]
    found += [
        Payload(
            f"{first} and {second} are one name",
            [node("N1", "B1", first), node("N2", "B1", second)],
            errors=rows(D, (6, 7), "name sibling_name"),
        )
        for first, second in (("Shop", "SHOP"), (" 同名", "同名 "), ("同 名", "同  名"), ("同名", "同\u200b名"))
    ]  # fmt: skip
    found += [
        Payload("one name under two parents", [node("N1", "B1", "同名"), node("N2", "C", "同名")]),
        Payload("a child called like its parent", [node("N1", "B1", "同名"), node("N2", "N1", "同名")]),
        Payload(
            "below the company and beside it are one place",
            [node("N1", "C", "同名"), node("N2", "", "同名")],
            errors=rows(D, (6, 7), "name sibling_name"),
        ),
    ]  # fmt: skip
    return found


def codes() -> list[Payload]:
    found = [
        Payload(f"one department {n} times", [node("N1", "B1")] * n) for n in (2, 3)
    ]  # fmt: skip
    other = {
        "name": node("N1", "B1", "别名"),
        "parent": node("N1", "C"),
        "kind": node("N1", "B1", kind="分公司"),
    }
    found += [
        Payload(
            f"one code, another {what}",
            [node("N1", "B1"), row],
            errors=rows(D, (6, 7), "code duplicate"),
        )
        for what, row in other.items()
    ]
    found += [
        Payload(
            "a store code twice",
            [node("N1", "B1", kind="门店", store="S9"), node("N2", "B1", kind="门店", store="S9")],
            errors=rows(D, (6, 7), "store_code store_code_shared"),
        ),
        Payload(
            "a store code that is a branch's code",
            [node("N1", "B1", kind="门店", store="B1")],
            errors=[f"{D} 6 store_code store_code_shared"],
        ),
        Payload("a store without a store code", [node("N1", "B1", kind="门店")]),
        Payload("a store code on a plain department", [node("N1", "B1", store="S001")]),
    ]
    return found


ENCODINGS = ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le-bom", "xlsx")
NAMES = ("欧阳娜娜", "O'Brien", "古丽·买买提", "李,雷", '王"小"明', "Иван", "山田太郎")


def encodings() -> list[Payload]:
    found = []
    for encoding in ENCODINGS:
        names = [name for name in NAMES if encoding != "gbk" or _fits(name)]
        found.append(
            Payload(
                f"{encoding}: names of all kinds",
                employees=[employee(k, name=name) for k, name in enumerate(names, 1)],
                encoding=encoding,
            )
        )
        found.append(
            Payload(
                f"{encoding}: a blank phone and an unknown department",
                employees=[employee(1), employee(2, phone=""), employee(3, "D9")],
                errors=[f"{E} 3 phone phone_blank", f"{E} 4 department_code department_unknown"],
                encoding=encoding,
            )
        )
    return found


def _fits(name: str) -> bool:
    try:
        name.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True


THEMES = {
    "circles": circles(), "orphans": orphans(), "depths": depths(), "namesakes": namesakes(),
    "codes": codes(), "encodings": encodings(),
}  # fmt: skip
