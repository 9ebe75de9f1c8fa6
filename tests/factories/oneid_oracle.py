"""The rule of OneID once more, in sets and on purpose without any of the product's own partitioning."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from uuid import UUID

from customers.crm.models import CrmMember
from customers.oneid.models import Decision, PersonLink, SharedKey
from customers.relations.models import ExternalContact

Group = frozenset[UUID]
LEVELS = ("unionid of contacts", "unionid", "external_userid", "member_no", "id_card", "phone")


@dataclass(frozen=True)
class Said:
    """What one record says about itself."""

    id: UUID
    kind: str
    keys: dict[str, str]
    is_active: bool


def all_said(since: datetime | None = None) -> list[Said]:
    """Read every record, or those made since a moment."""
    born = {"created_at__gte": since} if since else {}
    found = [
        Said(
            row.pk,
            "contact",
            {
                "external_userid": row.external_userid,
                "unionid": row.unionid,
                "phone": bytes(row.phone_index or b"").hex(),
            },
            is_active=False,
        )
        for row in ExternalContact.objects.filter(**born)
    ]
    for row in CrmMember.objects.filter(**born):
        phone = bytes(row.phone_index or b"").hex() if row.phone_verified else ""
        keys = {
            "member_no": row.member_no,
            "unionid": row.unionid,
            "external_userid": row.external_userid,
            "id_card": row.id_card,
            "phone": phone,
        }
        found.append(Said(row.pk, "member", keys, row.state == "active"))
    return found


def merged(sets: Iterable[frozenset[object]]) -> list[set[object]]:
    """Merge sets that share anything, over and over."""
    found: list[set[object]] = []
    for each in sets:
        together = set(each)
        apart = []
        for other in found:
            if other & together:
                together |= other
            else:
                apart.append(other)
        found = [*apart, together]
    return found


def expected(since: datetime | None = None, degree: int = 5, most: int = 30) -> set[Group]:
    """Return who is one person, from what records (made since a moment) and humans say now."""
    said = {each.id: each for each in all_said(since)}
    words = Decision.objects.filter(retracted_at=None)
    pairs = {
        verdict: {
            frozenset((row.left_id, row.right_id))
            for row in words
            if row.verdict == verdict and {row.left_id, row.right_id} <= said.keys()
        }
        for verdict in ("together", "apart")
    }
    groups = merged([*(frozenset([each]) for each in said), *pairs["together"]])
    alias = {record: number for number, group in enumerate(groups) for record in group}
    quiet = _quiet(said.values(), degree)
    for level in LEVELS:
        groups = _applied(level, groups, said, pairs["apart"], alias, quiet, most)
    return {frozenset(group) for group in groups}  # type: ignore[arg-type]


def _quiet(said: Iterable[Said], degree: int) -> set[tuple[str, str]]:
    counts: dict[tuple[str, str], int] = {}
    for each in said:
        for kind in ("phone", "id_card"):
            if each.keys.get(kind):
                key = (kind, each.keys[kind])
                counts[key] = counts.get(key, 0) + 1
    words = {(row.kind, row.value): row.state for row in SharedKey.objects.all()}
    crowded = {key for key, count in counts.items() if count > degree}
    ignored = {key for key, state in words.items() if state == "ignored"}
    return {key for key in crowded | ignored if words.get(key) != "allowed"}


def _applied(level, groups, said, apart, alias, quiet, most):  # type: ignore[no-untyped-def]
    kind = level.split()[0]
    holders: dict[str, list[UUID]] = {}
    for each in said.values():
        value = each.keys.get(kind, "")
        if value and (kind, value) not in quiet and (" " not in level or each.kind == "contact"):
            holders.setdefault(value, []).append(each.id)
    ties = []
    for ids in holders.values():
        near = [frozenset(pair) for pair in combinations(ids, 2) if frozenset(pair) not in apart]
        ties += merged([*(frozenset([each]) for each in ids), *near])
    home = {record: number for number, group in enumerate(groups) for record in group}
    wanted = merged(
        [*(frozenset([number]) for number in range(len(groups))),
         *(frozenset(home[each] for each in tie) for tie in ties)]
    )  # fmt: skip
    result = []
    for numbers in wanted:
        whole = set().union(*(groups[number] for number in numbers))
        if len(numbers) == 1 or _allowed(whole, said, apart, alias, most):
            result.append(whole)
        else:
            result += [groups[number] for number in numbers]
    return result


def _allowed(whole, said, apart, alias, most):  # type: ignore[no-untyped-def]
    if any(pair <= whole for pair in apart):
        return False
    # Unionids that a human put on one person count as one.
    names = merged(
        [frozenset(said[each].keys["unionid"] for each in group if said[each].keys.get("unionid"))
         for group in _by_alias(said, alias).values()]
    )  # fmt: skip
    unionids = {said[each].keys.get("unionid") for each in whole} - {"", None}
    if sum(bool(unionids & one) for one in names) > 1:
        return False
    active = {alias[each] for each in whole if said[each].is_active}
    return len(active) <= 1 and len({alias[each] for each in whole}) <= most


def _by_alias(said, alias):  # type: ignore[no-untyped-def]
    found: dict[int, list[UUID]] = {}
    for each in said:
        found.setdefault(alias[each], []).append(each)
    return found


def stored(since: datetime | None = None) -> set[Group]:
    """Return the partition as stored, of records made since a moment."""
    found: dict[UUID, set[UUID]] = {}
    links = PersonLink.objects.all()
    if since:
        links = links.filter(record_id__in=[each.id for each in all_said(since)])
    for link in links:
        found.setdefault(link.person_id, set()).add(link.record_id)
    return {frozenset(ids) for ids in found.values()}
