"""The ledger of points: every movement has two sides, is written once by its key, and is never changed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.points.models import PointsAccount, PointsEntry, PointsTransaction
from scrm.core.exceptions import Conflict

Kind = PointsAccount.Kind
ACCOUNTS_A_TIME = 500


def book(kind: str) -> PointsAccount:
    """Return one of our books, made when it is first needed."""
    found = PointsAccount.objects.filter(kind=kind).first()
    if found is None:
        PointsAccount.objects.bulk_create([PointsAccount(kind=kind)], ignore_conflicts=True)
        found = PointsAccount.objects.get(kind=kind)
    return found


def account_of(unionid: str, *, external_userid: str = "", name: str = "") -> PointsAccount:
    """Return a customer's account by what WeChat calls them, made when they first need one.

    Raises ValueError without a unionid: points hang on an identity, never on a guess.
    """
    if not unionid:
        raise ValueError("a customer's points need a unionid")
    fresh = PointsAccount(unionid=unionid, external_userid=external_userid, name=name[:128])
    PointsAccount.objects.bulk_create([fresh], ignore_conflicts=True)
    account = PointsAccount.objects.get(unionid=unionid)
    told = {
        field: value
        for field, value in (("external_userid", external_userid), ("name", name[:128]))
        if value and getattr(account, field) != value
    }
    if told:
        PointsAccount.objects.filter(pk=account.pk).update(**told)
        account.refresh_from_db()
    return account


def move(
    *,
    key: str,
    kind: str,
    account: PointsAccount,
    against: str,
    points: int,
    note: str = "",
    actor: Any = None,
    at: datetime | None = None,
) -> PointsTransaction:
    """Write one movement: `points` to the customer (negative: from), the same from the book `against`.

    Raises Conflict when the customer has too few, and when the key was used before.
    """
    counter = book(against)
    try:
        with transaction.atomic():
            movement = PointsTransaction.objects.create(
                key=key, kind=kind, note=note, actor=actor, made_at=at or timezone.now()
            )
            PointsEntry.objects.bulk_create(
                [
                    PointsEntry(transaction=movement, account=account, amount=points),
                    PointsEntry(transaction=movement, account=counter, amount=-points),
                ]
            )
    except IntegrityError as error:
        if "customers_pointsaccount_not_negative" in str(error):
            raise Conflict(_("There are not enough points."), code="too_few_points") from None
        if PointsTransaction.objects.filter(key=key).exists():
            raise Conflict(_("This was done already."), code="done_already") from None
        raise
    return movement


# --- expiry --------------------------------------------------------------------------------------------------


def expire(days: int, now: datetime) -> int:
    """Take back what was earned more than `days` ago and not used since, the oldest first; how many accounts.

    Used points are taken from the oldest. A day is done once: the key names account and day.
    """
    before = now - timedelta(days=days)
    mark, done, after = timezone.localdate(now).isoformat(), 0, 0
    while rows := _due(before, after):
        for pk, points in rows:
            if points > 0:
                done += _expire_one(pk, mark, before)
        after = rows[-1][0]
    return done


# What was earned before, less everything that ever went; a refund is as old as what it gives back.
TOO_OLD = """
SELECT account.id,
       coalesce(sum(entry.amount) FILTER (WHERE entry.amount > 0 AND moved.made_at < %s
                                            AND moved.kind <> 'refund'), 0)
     + coalesce(sum(entry.amount) FILTER (WHERE entry.amount < 0 OR moved.kind = 'refund'), 0)
FROM customers_pointsaccount AS account
JOIN customers_pointsentry AS entry ON entry.account_id = account.id
JOIN customers_pointstransaction AS moved ON moved.id = entry.transaction_id
WHERE account.kind = 'customer' AND account.balance > 0 AND account.id > %s AND account.id <= %s
GROUP BY account.id ORDER BY account.id LIMIT %s
"""
NO_END = 2**63 - 1


def _due(before: datetime, after: int, most: int = NO_END) -> list[tuple[int, int]]:
    """Return accounts (ids above `after`, at most `most`) and what of theirs is too old."""
    with connection.cursor() as cursor:
        cursor.execute(TOO_OLD, [before, after, most, ACCOUNTS_A_TIME])
        return [(int(pk), int(points)) for pk, points in cursor.fetchall()]


def _expire_one(pk: int, mark: str, before: datetime) -> int:
    """Take back what of one account is too old; counted again behind its lock, for somebody may redeem meanwhile."""
    with transaction.atomic():
        account = PointsAccount.objects.select_for_update().get(pk=pk)
        points = dict(_due(before, pk - 1, pk)).get(pk, 0)
        take = min(points, account.balance)
        if take <= 0:
            return 0
        try:
            move(
                key=f"expire:{pk}:{mark}", kind=PointsTransaction.Kind.EXPIRE, account=account,
                against=Kind.EXPIRED, points=-take, note=timezone.localdate(before).isoformat(),
            )  # fmt: skip
        except Conflict:
            return 0
    return 1


# --- proof ---------------------------------------------------------------------------------------------------


def faults() -> list[str]:
    """Return what does not add up: nothing, as long as the database's triggers stand."""
    found = []
    total = PointsEntry.objects.aggregate(n=Sum("amount", default=0))["n"]
    if total:
        found.append(_("All entries together sum to %(points)d instead of 0.") % {"points": total})
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account.id FROM customers_pointsaccount AS account
            LEFT JOIN customers_pointsentry AS entry ON entry.account_id = account.id
            WHERE account.kind = 'customer'
            GROUP BY account.id HAVING account.balance <> coalesce(sum(entry.amount), 0) LIMIT 20
            """
        )
        found += [
            _("Account %(pk)d does not hold what its entries sum to.") % {"pk": pk}
            for (pk,) in cursor.fetchall()
        ]
    return found


def given_and_used(kinds: Iterable[str]) -> dict[str, int]:
    """Return what each of our books holds, as a positive number of points."""
    rows = (
        PointsEntry.objects.filter(account__kind__in=list(kinds))
        .order_by()
        .values("account__kind")
        .annotate(n=Sum("amount"))
    )
    return {row["account__kind"]: abs(row["n"]) for row in rows}
