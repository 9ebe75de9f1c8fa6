"""Payloads about single cells: blanks, lengths, signs, words, dates, phones, job numbers."""

from tests.contacts.oa_sync.corpus.payloads import Payload, department, one

BLANKS = {
    "nothing": "",
    "a blank": " ",
    "a wide blank": "\u3000",
    "a zero-width blank": "\u200b",
    "a no-break blank": "\xa0",
}
EMPLOYEE_BLANKS = {
    "job_number": "job_number blank",
    "name": "name blank",
    "phone": "phone phone_blank",
    "department_code": "department_code blank",
}
OPTIONAL = ("gender", "post", "leader_job_number", "state", "effective_on")


def blanks() -> list[Payload]:
    found = [
        one(f"{field} is {words}", code, **{field: blank})
        for field, code in EMPLOYEE_BLANKS.items()
        for words, blank in BLANKS.items()
    ]
    found += [one(f"{field} may be empty", **{field: ""}) for field in OPTIONAL]
    found += [
        department(
            f"a department's code is {words}", (blank, "新店", "B1", "门店", ""), "code blank"
        )
        for words, blank in BLANKS.items()
    ]
    found += [
        department(f"a department's name is {words}", ("D3", blank, "B1", "门店", ""), "name blank")
        for words, blank in BLANKS.items()
    ]
    return found


def lengths() -> list[Payload]:
    long = "too_long"
    return [
        *[one(f"a name of {n}", *([f"name {long}"] if n > 64 else []), name="李" * n) for n in (1, 2, 63, 64, 65, 300)],
        *[one(f"a post of {n}", *([f"post {long}"] if n > 128 else []), post="导" * n) for n in (1, 127, 128, 129, 400)],
        *[one(f"a job number of {n}", *([f"job_number {long}"] if n > 64 else []), job_number="e" * n) for n in (1, 63, 64, 65)],
        *[
            department(f"a department's name of {n}", ("D3", "店" * n, "B1", "", ""), *([f"name {long}"] if n > 64 else []))
            for n in (1, 64, 65, 200)
        ],
        *[
            department(f"a department's code of {n}", ("D" * n, "新店", "B1", "", ""), *([f"code {long}"] if n > 64 else []))
            for n in (64, 65, 100)
        ],
    ]  # fmt: skip


FORBIDDEN = '\\:*?"<>|'
WIDE = "＼：＊？“＜＞｜"
ALLOWED = "()（）-_/·&、【】#%@!+=,.;'"


def signs() -> list[Payload]:
    found = []
    for char in FORBIDDEN:
        for place, name in (
            ("before", f"{char}店"),
            ("inside", f"新{char}店"),
            ("behind", f"店{char}"),
        ):
            found.append(
                department(f"{char} {place} a name", ("D3", name, "B1", "", ""), "name illegal_characters")
            )  # fmt: skip
    found += [
        department(f"{char} may stand in a name", ("D3", f"新{char}店", "B1", "", ""))
        for char in WIDE + ALLOWED
    ]
    return found


GOOD_WORDS = {
    "gender": ("男", "女", "Male", "FEMALE", "m", "f", "1", "2", ""),
    "state": ("在职", "Active", "employed", "1", "正式", "试用", "试用期", "实习", "probation", "intern", ""),
}  # fmt: skip
BAD_WORDS = {
    "gender": ("X", "未知", "3", "先生", "女士", "-"),
    "state": ("休假", "停薪留职", "2", "onleave", "调动", "?", "在 岗"),
}
KINDS = ("公司", "大区", "分公司", "经销商", "部门", "Region", "BRANCH", "dept", "dealer", "")
BAD_KINDS = ("仓库", "office", "3", "门 户", "?")


def words() -> list[Payload]:
    found = [
        one(f"{field} says {word or 'nothing'}", **{field: word})
        for field, good in GOOD_WORDS.items()
        for word in good
    ]
    found += [
        one(f"{field} says {word}", f"{field} unknown_word", **{field: word})
        for field, bad in BAD_WORDS.items()
        for word in bad
    ]
    found += [
        department(f"kind says {kind or 'nothing'}", ("D3", "新的", "B1", kind, ""))
        for kind in KINDS
    ]
    found += [
        department(f"kind says {kind}", ("D3", "新的", "B1", kind, ""), "kind unknown_word")
        for kind in BAD_KINDS
    ]
    return found  # fmt: skip


GOOD_DAYS = ("2026-03-01", "2026/3/1", "2026.03.01", "20260301", "2024-02-29", "２０２６－０３－０１",
             "2026-03-01 08:30:00", "2026-03-01T08:30:00+08:00", "1999-12-31")  # fmt: skip
BAD_DAYS = ("明天", "2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "03/01/2026", "1.3.2026", "46082",
            "2026年3月1日", "2026-3", "待定", "0000-00-00", "2026-03-01a")  # fmt: skip


def days() -> list[Payload]:
    found = [one(f"a day: {day}", effective_on=day) for day in GOOD_DAYS]
    found += [
        one(f"no day: {day}", "effective_on not_a_date", effective_on=day) for day in BAD_DAYS
    ]
    return found  # fmt: skip


GOOD_PHONES = ("13800138000", "138 0013 8000", "138-0013-8000", "+8613800138000", "+86 138 0013 8000", "8613800138000",
               "008613800138000", "１３８００１３８０００", "\u202d13800138000\u202c", "19900138000", "手机13800138000", "+85291234567",
               "+886912345678", "+14155552671", "+6581234567")  # fmt: skip
BAD_PHONES = ("1380013800", "138001380000", "12800138000", "没有", "1.38E+10", "138****8000", "021-5555", "0", "-",
              "13800138000/13900139000", "+", "00000000000")  # fmt: skip


def phones() -> list[Payload]:
    found = [one(f"a phone: {phone}", phone=phone) for phone in GOOD_PHONES]
    found += [one(f"no phone: {phone}", "phone phone_invalid", phone=phone) for phone in BAD_PHONES]
    return found


GOOD_NUMBERS = (
    "10001",
    "E1",
    "00017",
    "a.b_c-d@e",
    "Ｅ１０",
    "E 1 0",
    "张3",
    "#77",
    "(88)",
    "x" * 60,
    "\u200b123",
)
BAD_NUMBERS = ("工号", "####", "——", "。", "()", "--", "..")


def job_numbers() -> list[Payload]:
    found = [one(f"a job number: {number}", job_number=number) for number in GOOD_NUMBERS]
    found += [
        one(f"no account from: {number}", "job_number no_userid", job_number=number)
        for number in BAD_NUMBERS
    ]
    return found


THEMES = {
    "blanks": blanks(), "lengths": lengths(), "signs": signs(), "words": words(), "days": days(),
    "phones": phones(), "job_numbers": job_numbers(),
}  # fmt: skip
