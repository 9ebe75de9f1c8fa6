"""A large corp at once: members with rows, millions of relations without (drawn.py)."""

import random
from typing import Any

from wecom_sandbox.contacts import departments, members, names
from wecom_sandbox.controls import Body, control
from wecom_sandbox.customers import corp_tags, follows, relations
from wecom_sandbox.customers.drawn import META, USERID, customers_for
from wecom_sandbox.errors import NotPossibleError
from wecom_sandbox.sandbox import Sandbox

MEMBERS, RELATIONS = 2000, 3_000_000
MOST_MEMBERS, MOST_RELATIONS = 9_999, 10_000_000
_MEMBERS_A_SHOP = 5
_TAGS = {
    "会员等级": ("银卡", "金卡", "铂金", "黑钻"),
    "意向": ("高意向", "中意向", "低意向", "已成交"),
    "品类": ("沙发", "床垫", "餐桌", "全屋定制", "灯具"),
    "来源": ("门店", "小区", "直播", "老客介绍"),
}
_PAGE = 100


@control("POST", "seed_scale")
def seed_scale(sandbox: Sandbox, body: Body) -> Any:
    """Fill an empty corp with shops, members, tags and relations; raises nothing.

    Args:
        sandbox: the corp.
        body: ``members`` (2,000), ``relations`` (3,000,000), ``seed`` (1).

    Raises:
        NotPossibleError: the corp has members already.
    """
    fill(
        sandbox, int(body.get("members", MEMBERS)), int(body.get("relations", RELATIONS)),
        seed=int(body.get("seed", 1)),
    )  # fmt: skip
    return scale(sandbox, {})


def is_empty(sandbox: Sandbox) -> bool:
    """Whether the corp has nobody yet."""
    return not sandbox.store.value("SELECT 1 FROM members UNION SELECT 1 FROM relations")


def fill(sandbox: Sandbox, count: int, relations: int, *, seed: int) -> None:
    """Make the shops, members and tags, and note which relations to draw.

    Raises:
        ValueError: more than the ids can name.
        NotPossibleError: the corp has members already.
    """
    if not 1 <= count <= MOST_MEMBERS or not 0 <= relations <= MOST_RELATIONS:
        raise ValueError(
            f"members must be 1 to {MOST_MEMBERS:,} and relations 0 to {MOST_RELATIONS:,}"
        )
    if not is_empty(sandbox):
        raise NotPossibleError("the corp has members already; reset it first")
    store = sandbox.store
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose
    with store.transaction():
        shops = _make_shops(sandbox, -(-count // _MEMBERS_A_SHOP))
        _make_members(sandbox, dice, shops, count)
        wanted = {
            "seed": seed, "members": count, "relations": relations,
            "at": sandbox.clock.seconds(), "tags": _make_tags(sandbox),
        }  # fmt: skip
        store.set_meta(META, wanted)
        store.set_meta("people", max(sandbox.people.generated, customers_for(relations, count)))
        # New relations go on after the drawn ones.
        store.run("DELETE FROM sqlite_sequence WHERE name = 'relations'")
        store.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('relations', ?)", relations)
    sandbox.load_people()


@control("GET", "scale")
def scale(sandbox: Sandbox, body: Body) -> Any:
    """How large the corp is: members, drawn relations, how many of them have changed, people."""
    drawn = sandbox.store.drawn
    relations = drawn.relations if drawn is not None else 0
    kept = sandbox.store.value("SELECT COUNT(*) FROM relations WHERE id <= ?", relations)
    return {
        "members": sandbox.store.value("SELECT COUNT(*) FROM members"),
        "relations": relations,
        "changed": kept,
        "people": sandbox.people.count,
    }


@control("GET", "relations")
def standing(sandbox: Sandbox, body: Body) -> Any:
    """The standing relations of a member, drawn ones too: {userid, after, limit}; the ledger lists stored rows."""
    rows = follows.of_members(
        sandbox.store, [str(body["userid"])], follows.OPEN, after=int(body.get("after", 0)),
        limit=int(body.get("limit", _PAGE)),
    )  # fmt: skip
    return [relations.shown(sandbox, row) for row in rows]


def _make_shops(sandbox: Sandbox, count: int) -> list[int]:
    return [
        departments.create(
            sandbox.store, name=f"{number + 1:03d}号门店", parentid=departments.ROOT,
            department_id=None, order=0, name_en="",
        )
        for number in range(count)
    ]  # fmt: skip


def _make_members(sandbox: Sandbox, dice: random.Random, shops: list[int], count: int) -> None:
    for number in range(count):
        gender = dice.choice((1, 2))
        userid = USERID.format(number + 1)
        fields = members.MemberFields(
            name=names.real_name(dice, gender), mobile=f"1340000{number:04d}",
            departments=[shops[number // _MEMBERS_A_SHOP]],
            data={"gender": str(gender), "position": names.position(dice)},
        )  # fmt: skip
        members.create(sandbox.store, userid, fields, at=sandbox.clock.now())
        members.activate(sandbox.store, userid)


def _make_tags(sandbox: Sandbox) -> list[str]:
    store, at, app = sandbox.store, sandbox.clock.seconds(), corp_tags.CONSOLE
    found = []
    for group_name, tag_names in _TAGS.items():
        group = corp_tags.group_for(store, "", group_name, 0, app=app, at=at)
        found += [corp_tags.add_tag(store, group, name, 0, app=app, at=at) for name in tag_names]
    return found
