"""Shops and members at once, for tests and a look round: nothing is raised."""

import random
from typing import Any

from wecom_sandbox.contacts import departments, members, names
from wecom_sandbox.controls import Body, control
from wecom_sandbox.sandbox import Sandbox


@control("POST", "seed_org")
def seed_org(sandbox: Sandbox, body: Body) -> Any:
    """Fill the corp with shops and members, for tests and a look round; raises nothing.

    Args:
        sandbox: the corp.
        body: ``departments`` (5), ``members`` (10), ``activate`` (true), ``seed`` (1).

    Returns: department ids and userids.
    """
    dice = random.Random(int(body.get("seed", 1)))  # noqa: S311 - repeatable on purpose
    store = sandbox.store
    with store.transaction():
        shops = [
            departments.create(
                store, name=f"{number + 1:02d}号门店", parentid=departments.ROOT, department_id=None,
                order=0, name_en="",
            )
            for number in range(int(body.get("departments", 5)))
        ]  # fmt: skip
        userids = []
        for number in range(int(body.get("members", 10))):
            gender = dice.choice((1, 2))
            userid = f"guide{number + 1:04d}"
            fields = members.MemberFields(
                name=names.real_name(dice, gender), mobile=f"1330000{number:04d}",
                departments=[shops[number % len(shops)] if shops else departments.ROOT],
                data={"gender": str(gender), "position": names.position(dice)},
            )  # fmt: skip
            members.create(store, userid, fields, at=sandbox.clock.now())
            if body.get("activate", True):
                members.activate(store, userid)
            userids.append(userid)
    return {"departments": shops, "userids": userids}
