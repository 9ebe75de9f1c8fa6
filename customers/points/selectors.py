"""Reads of points; an account is seen by whoever sees a group its customer is or was in."""

from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from customers.groups.models import GroupMember
from customers.groups.selectors import stays_visible_to
from customers.points import ledger
from customers.points.models import PointsAccount, PointsEntry, Redemption, Reward
from customers.relations.showing import mask_name
from scrm.core.scope import Scope

BOOKS = (PointsAccount.Kind.ISSUED, PointsAccount.Kind.SPENT, PointsAccount.Kind.EXPIRED, PointsAccount.Kind.ADJUSTED)  # fmt: skip


def accounts_visible_to(scope: Scope) -> QuerySet[PointsAccount]:
    """Return the customers' accounts a scope may see."""
    rows = PointsAccount.objects.filter(kind=PointsAccount.Kind.CUSTOMER)
    if scope.everything:
        return rows
    stays = stays_visible_to(scope).filter(
        unionid=OuterRef("unionid"), kind=GroupMember.Kind.CUSTOMER
    )
    return rows.filter(~Q(unionid=""), Exists(stays))


def entries_visible_to(scope: Scope) -> QuerySet[PointsEntry]:
    """Return the customers' side of every movement in scope, with the movement."""
    rows = PointsEntry.objects.filter(account__kind=PointsAccount.Kind.CUSTOMER)
    if not scope.everything:
        rows = rows.filter(account__in=accounts_visible_to(scope).values("pk"))
    return rows.select_related("transaction__actor", "account")


def redemptions_visible_to(scope: Scope) -> QuerySet[Redemption]:
    """Return the redemptions of the accounts in scope."""
    rows = Redemption.objects.select_related("reward", "account", "handed_by", "store")
    if scope.everything:
        return rows
    return rows.filter(account__in=accounts_visible_to(scope).values("pk"))


def rewards_counted() -> QuerySet[Any]:
    """Return the rewards with how many were promised and handed out; rewards are no personal data."""
    state = Redemption.State
    return Reward.objects.annotate(
        held=Count("redemptions", filter=Q(redemptions__state=state.HELD)),
        given=Count("redemptions", filter=Q(redemptions__state=state.FULFILLED)),
    )


def books() -> list[tuple[str, int]]:
    """Return our books with what each holds, in words."""
    found = ledger.given_and_used(BOOKS)
    words = dict(PointsAccount.Kind.choices)
    return [(str(words[kind]), found.get(kind, 0)) for kind in BOOKS]


def shown_name(scope: Scope, account: PointsAccount) -> str:
    """Return whose account it is, as the scope sees names."""
    name = mask_name(account.name) if scope.masked("name") else account.name
    return name or f"#{account.pk}"


def redemption_by_code(code: str) -> Redemption | None:
    """Return what a code stands for."""
    rows = Redemption.objects.select_related("reward", "account")
    return rows.filter(code=code).first() if code else None


def history_of(account: PointsAccount, most: int = 20) -> list[PointsEntry]:
    """Return a customer's newest movements."""
    rows = PointsEntry.objects.filter(account=account).select_related("transaction")
    return list(rows.order_by("-id")[:most])


def redemptions_of(account: PointsAccount, most: int = 10) -> list[Redemption]:
    """Return what a customer redeemed, the newest first."""
    return list(account.redemptions.select_related("reward").order_by("-id")[:most])
