"""A company of a million people to search in: what `benchmarks.search` measures in a process of its own."""

import json
import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from statistics import median
from typing import Any
from uuid import UUID

from benchmarks.database import backend_seconds

GUIDES, STORE = 400, 8
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤"
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文华建国红玉梅春海燕志新云飞雪琳佳宇欣怡子涵梓萱一诺雨浩然思远晨曦嘉琪俊熙博文美玲凤荣小东阳婷婷慧雯倩颖莉萍鑫鹏波斌辉凯旭林峰"
NOTES = ("VIP", "朝阳店", "妈妈", "大码", "生日五月", "转介绍", "企业团购")
EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
BATCH = 20_000
ROUNDS = 20
# Every third customer has a second guide; every other one a remark.
SECOND, REMARKED = 3, 2
NAMES, REMARKS = 60_000, 20_000


def child(people: int) -> dict[str, Any]:
    """Fill the tables, then search; returns seconds of the backend's CPU by search."""
    import django

    django.setup()
    from django.db import connection

    from customers.lists.models import ContactSearch, RelationSearch

    guides, dice = _company(), random.Random(20261121)
    # Names and remarks repeat in life as well; what is found by them is worked out once.
    world = World(
        dice,
        guides,
        [_name(dice) for _each in range(NAMES)],
        [f"{_name(dice)} {dice.choice(NOTES)}" for _each in range(REMARKS)],
    )
    indexes = [
        (model, index) for model in (ContactSearch, RelationSearch) for index in model._meta.indexes
    ]
    with connection.cursor() as cursor:
        # The indexes of a million people are made at once; the searches have the product's own limit again.
        cursor.execute("SET statement_timeout = 0")
    with connection.schema_editor() as editor:
        for model, index in indexes:
            editor.remove_index(model, index)
    samples = [world.load(begin, min(BATCH, people - begin)) for begin in range(0, people, BATCH)]
    with connection.schema_editor() as editor:
        for model, index in indexes:
            editor.add_index(model, index)
    _settle()
    with connection.cursor() as cursor:
        cursor.execute("RESET statement_timeout")
    return {"people": people, "figures": _measure(samples[len(samples) // 2], guides)}


def _name(dice: random.Random) -> str:
    return dice.choice(SURNAMES) + "".join(dice.choices(GIVEN, k=dice.choice((1, 2, 2))))


def _company() -> list[int]:
    """Return the guides: fifty stores of eight in one branch, and another branch beside it."""
    from contacts.directory.models import Member

    rows = [
        Member(
            userid=f"bench{number}", name=f"Guide {number}", status=1, can_follow=True,
            org_path=f"/1/{2 + number % 10}/{100 + number // STORE}/",
        )
        for number in range(GUIDES)
    ]  # fmt: skip
    Member.objects.bulk_create(rows)
    return list(Member.objects.order_by("pk").values_list("pk", flat=True))


class World:
    """Customers with relations, remarks and search entries, the same ones in every run."""

    def __init__(
        self, dice: random.Random, guides: list[int], names: list[str], remarks: list[str]
    ) -> None:
        from customers.lists.keys import nickname_keys, pinyin_beginnings, remark_keys

        self._dice, self._guides, self._names, self._remarks = dice, guides, names, remarks
        self._name_keys = cache(nickname_keys)
        self._typed = cache(pinyin_beginnings)
        self._remark_keys = cache(lambda remark: remark_keys(remark, ()))
        self._tables: dict[str, list[Any]] = {}

    def load(self, begin: int, count: int) -> dict[str, str]:
        """Write so many customers; return how one of them is searched for."""
        from django.db import connection, transaction

        from scrm.core.copy import copy_rows

        self._tables = {table: [] for table in COLUMNS}
        sample: dict[str, str] = {}
        for number in range(begin, begin + count):
            sample = self._customer(number) or sample
        with transaction.atomic(), connection.cursor() as cursor:
            for table, columns in COLUMNS.items():
                copy_rows(cursor, f"customers_{table}", columns, self._tables[table])
        return sample

    def _customer(self, number: int) -> dict[str, str]:
        from customers.lists.keys import follower_key
        from scrm.core.ids import uuid7

        contact_id, name, phone = (
            uuid7(),
            self._dice.choice(self._names),
            f"138{self._dice.randrange(10**8):08d}",
        )
        mine = self._dice.sample(self._guides, 2 if number % SECOND == 0 else 1)
        keys = self._name_keys(name) | {follower_key(pk) for pk in mine}
        self._tables["externalcontact"].append(_contact(contact_id, number, name))
        self._tables["contactsearch"].append((contact_id, sorted(keys), *self._typed(name)))
        relations = [uuid7() for _each in mine]
        remarked = number % REMARKED == 0
        remark, found_by = self._remark(mine[0], phone) if remarked else ("", [])
        for relation_id, member_id in zip(relations, mine, strict=True):
            shown = phone if remarked and relation_id == relations[0] else ""
            self._tables["followrelation"].append(
                _relation(relation_id, member_id, contact_id, shown)
            )
            keys_of = found_by if relation_id == relations[0] else []
            self._tables["relationsearch"].append(
                (relation_id, contact_id, member_id, keys_of, *self._typed(name))
            )
        if not remarked:
            return {}
        return {"name": name, "remark": remark.split()[0], "phone": phone, "external": f"wm{number:030d}",
                "member": str(mine[0])}  # fmt: skip

    def _remark(self, member_id: int, phone: str) -> tuple[str, list[str]]:
        """Return a remark and what it is found by."""
        from customers.lists.keys import follower_key, last_four_key

        remark = self._dice.choice(self._remarks)
        keys = self._remark_keys(remark) | {last_four_key(phone[-4:]), follower_key(member_id)}
        return remark, sorted(keys)


COLUMNS = {
    "externalcontact": ("id", "external_userid", "name", "avatar", "type", "gender", "unionid", "corp_name",
                        "phone", "created_at"),
    "followrelation": ("id", "member_id", "contact_id", "status", "remark", "remark_phones", "remark_phone_indexes",
                       "remark_corp_name", "description", "state", "add_way", "created_time", "tag_ids", "lost_by"),
    "contactsearch": ("contact_id", "keys", "pinyin", "initials"),
    "relationsearch": ("relation_id", "contact_id", "member_id", "keys", "pinyin", "initials"),
}  # fmt: skip


def _contact(contact_id: UUID, number: int, name: str) -> tuple[Any, ...]:
    # The remarks' own ciphertext is not searched: empty bytes stand for it.
    return (contact_id, f"wm{number:030d}", name, "", 1, 0, f"u{number}", "", b"", EPOCH)


def _relation(relation_id: UUID, member_id: int, contact_id: UUID, phone: str) -> tuple[Any, ...]:
    from scrm.core.crypto import blind_index

    indexes = [f"\\x{blind_index('phone', f'+86{phone}').hex()}"] if phone else []
    return (
        relation_id,
        member_id,
        contact_id,
        "active",
        b"",
        b"",
        indexes,
        b"",
        b"",
        "",
        1,
        EPOCH,
        [],
        "",
    )


def _settle() -> None:
    """Let PostgreSQL know its tables, as autovacuum does."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in ("externalcontact", "followrelation", "contactsearch", "relationsearch"):
            cursor.execute(f"VACUUM ANALYZE customers_{table}")


def _scopes(guides: list[int], own: int) -> Iterator[tuple[str, Any]]:
    from contacts.directory.models import Member
    from scrm.core.scope import SYSTEM_SCOPE, Scope

    member = Member.objects.get(pk=own)

    def limited(paths: tuple[str, ...], *, own_only: bool) -> Scope:
        return Scope(
            1,
            frozenset(),
            frozenset({"crm.view"}),
            False,
            paths,
            member.userid,
            own_only,
            frozenset(),
        )

    yield "all", SYSTEM_SCOPE
    yield "branch", limited((member.org_path.rsplit("/", 2)[0] + "/",), own_only=False)
    yield "store", limited((member.org_path,), own_only=False)
    yield "own", limited((), own_only=True)


def _measure(sample: dict[str, str], guides: list[int]) -> list[dict[str, Any]]:
    from customers.lists.finding import first_hits, wanted

    texts = {
        "phone": sample["phone"],
        "last_four": sample["phone"][-4:],
        "nickname": sample["name"],
        "common": "王伟",
        "remark": sample["remark"],
        "pinyin": "wangwei",
        "unfinished": "zh",
        "initials": "lx",
        "number": sample["external"],
    }
    figures = []
    for scope_name, scope in _scopes(guides, int(sample["member"])):
        for kind, text in texts.items():
            asked = wanted(text)
            hits = first_hits(scope, asked, 6)
            if kind not in ("common", "unfinished", "initials", "pinyin") and not hits:
                raise AssertionError(f"{kind} of {sample} is not found by {scope_name}")
            spent = _search_seconds(lambda: first_hits(scope, asked, 6))  # noqa: B023
            figures.append(
                {"scope": scope_name, "kind": kind, "ms": spent * 1000, "hits": len(hits)}
            )
    return figures


def _search_seconds(search: Callable[[], object]) -> float:
    """Return the CPU seconds of our PostgreSQL backend a search: the median of some rounds, as others work here too."""
    spent = []
    for _round in range(ROUNDS):
        before = backend_seconds()
        search()
        spent.append(backend_seconds() - before)
    return median(spent)


if __name__ == "__main__":
    print(json.dumps(child(int(sys.argv[1]))))
