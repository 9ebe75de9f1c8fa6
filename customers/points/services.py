"""Rewards, redemptions and adjustments: what moves points besides check-ins."""

import secrets
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from contacts.directory.models import Member
from contacts.org.selectors import store_of
from customers.points import ledger
from customers.points.models import (
    PointsAccount,
    PointsRule,
    PointsTransaction,
    Redemption,
    Reward,
)
from scrm.core.audit import services as audit
from scrm.core.exceptions import Conflict, NotFound, ValidationFailed

# No letters and digits that are read for one another; 10 of these are 50 bits.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_LENGTH = 10
LAPSE_AT_ONCE = 500
Kind, State = PointsTransaction.Kind, Redemption.State


def redeem(account: PointsAccount, reward_id: int, *, key: str) -> Redemption:
    """Promise one piece of a reward to a customer for its points; the same key again gives the same redemption.

    Stock first, then points: whoever waits, waits in this order. Raises NotFound for no such reward, Conflict when
    it is closed or gone, the customer has had enough of it, or has too few points.
    """
    known = _by_key(account, key)
    if known is not None:
        return known
    try:
        with transaction.atomic():
            return _redeem(account, reward_id, key)
    except (Conflict, IntegrityError):
        # The second tap of two at once.
        known = _by_key(account, key)
        if known is None:
            raise
        return known


def _by_key(account: PointsAccount, key: str) -> Redemption | None:
    return Redemption.objects.filter(account=account, key=key).select_related("reward").first()


def _redeem(account: PointsAccount, reward_id: int, key: str) -> Redemption:
    now = timezone.now()
    taken = Reward.objects.filter(pk=reward_id, is_open=True, left__gt=0).update(left=F("left") - 1)
    reward = Reward.objects.filter(pk=reward_id).first()
    if reward is None:
        raise NotFound(_("This reward does not exist."))
    if not taken:
        raise Conflict(
            _("All pieces are gone.") if reward.is_open else _("This reward is closed."),
            code="reward_gone",
        )
    PointsAccount.objects.select_for_update().get(pk=account.pk)
    had = Redemption.objects.filter(
        account=account, reward=reward, state__in=[State.HELD, State.FULFILLED]
    ).count()
    if had >= reward.per_customer:
        raise Conflict(
            _("You have this already; at most %(most)d for each customer.")
            % {"most": reward.per_customer},
            code="enough_of_it",
        )
    spent = ledger.move(
        key=f"redeem:{account.pk}:{key}", kind=Kind.REDEEM, account=account,
        against=PointsAccount.Kind.SPENT, points=-reward.cost, note=reward.name, at=now,
    )  # fmt: skip
    return Redemption.objects.create(
        account=account, reward=reward, key=key, cost=reward.cost, code=_new_code(), spent=spent,
        made_at=now, until=now + timedelta(days=reward.pickup_days),
    )  # fmt: skip


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))


def plain_code(typed: str) -> str:
    """Return a code as it is kept, whatever spaces, dashes or small letters somebody typed."""
    return "".join(sign for sign in typed.upper() if sign.isalnum())[:12]


@transaction.atomic
def fulfil(redemption_id: Any, *, member: Member, actor: Any) -> Redemption:
    """Hand a piece out in the member's store. Raises Conflict when that happened already, or it is over."""
    rows = Redemption.objects.select_for_update(of=("self",)).select_related("reward")
    found = rows.get(pk=redemption_id)
    if found.state != State.HELD:
        raise Conflict(
            _("This code is used up: %(state)s.") % {"state": found.get_state_display()},
            code="code_used",
        )
    now = timezone.now()
    if found.until < now:
        raise Conflict(_("The time to pick it up is over."), code="code_late")
    found.state, found.settled_at, found.handed_by = State.FULFILLED, now, member
    found.store = store_of(member)
    found.save(update_fields=["state", "settled_at", "handed_by", "store"])
    audit.record(
        actor=actor, action="points.fulfil", target=f"redemption:{found.pk}",
        after={"reward": found.reward.name, "userid": member.userid},
    )  # fmt: skip
    return found


@transaction.atomic
def cancel(redemption_id: Any, *, reason: str, actor: Any) -> Redemption:
    """Give the points back and the piece to the stock. Raises ValidationFailed, Conflict when it is over."""
    if not reason.strip():
        raise ValidationFailed(_("Say why it is cancelled."), field="reason")
    rows = Redemption.objects.select_for_update(of=("self",)).select_related("reward")
    found = rows.get(pk=redemption_id)
    _give_back(found, State.CANCELLED, reason.strip(), actor)
    audit.record(
        actor=actor, action="points.cancel", target=f"redemption:{found.pk}", reason=reason.strip(),
        before={"reward": found.reward.name, "points": found.cost},
    )  # fmt: skip
    return found


def _give_back(found: Redemption, state: str, reason: str, actor: Any) -> None:
    if found.state != State.HELD:
        raise Conflict(
            _("It is %(state)s and cannot be cancelled.") % {"state": found.get_state_display()}
        )
    Reward.objects.filter(pk=found.reward_id).update(left=F("left") + 1)
    found.refunded = ledger.move(
        key=f"refund:{found.pk}", kind=Kind.REFUND, account=found.account,
        against=PointsAccount.Kind.SPENT, points=found.cost, note=found.reward.name, actor=actor,
    )  # fmt: skip
    found.state, found.settled_at, found.reason = state, timezone.now(), reason
    found.save(update_fields=["state", "settled_at", "reason", "refunded"])


def lapse_due() -> int:
    """Give back the points of what nobody picked up in time; how many."""
    due = Redemption.objects.filter(state=State.HELD, until__lt=timezone.now())
    done = 0
    for pk in due.order_by("until").values_list("pk", flat=True)[:LAPSE_AT_ONCE]:
        with transaction.atomic():
            rows = Redemption.objects.select_for_update(skip_locked=True, of=("self",))
            found = rows.select_related("reward").filter(pk=pk, state=State.HELD).first()
            if found is not None:
                _give_back(found, State.LAPSED, "", None)
                done += 1
    return done


# --- rewards, rule, adjustments ------------------------------------------------------------------------------


@transaction.atomic
def reward_save(reward: Reward | None, values: dict[str, Any], *, actor: Any) -> Reward:
    """Make or change a reward. Pieces promised stay promised: the stock never goes below them."""
    if reward is None:
        made = Reward(**values, left=values["stock"])
        before = None
    else:
        made = Reward.objects.select_for_update().get(pk=reward.pk)
        promised = made.stock - made.left
        if values["stock"] < promised:
            raise ValidationFailed(
                _("%(count)d pieces are promised or handed out already.") % {"count": promised},
                field="stock",
            )
        before = _told(made)
        for name, value in values.items():
            setattr(made, name, value)
        made.left = values["stock"] - promised
    made.save()
    audit.record(
        actor=actor, action="points.reward_save", target=f"reward:{made.pk}",
        before=before, after=_told(made),
    )  # fmt: skip
    return made


def _told(reward: Reward) -> dict[str, Any]:
    names = ("name", "kind", "cost", "stock", "per_customer", "pickup_days", "is_open")
    return {name: getattr(reward, name) for name in names}


@transaction.atomic
def rule_set(days: int, *, actor: Any) -> None:
    """Say how many days points last; 0 is for ever."""
    before = PointsRule.objects.filter(pk=1).values_list("days", flat=True).first() or 0
    PointsRule.objects.update_or_create(pk=1, defaults={"days": days})
    audit.record(
        actor=actor, action="points.rule", target="points_rule:1",
        before={"days": before}, after={"days": days},
    )  # fmt: skip


def rule_days() -> int:
    """Return how many days points last, 0 for ever."""
    return PointsRule.objects.filter(pk=1).values_list("days", flat=True).first() or 0


def adjust(account: PointsAccount, points: int, *, key: str, reason: str, actor: Any) -> None:
    """Give or take points by a person's decision, in the caller's transaction; raises Conflict as `move`."""
    ledger.move(
        key=key, kind=Kind.ADJUST, account=account, against=PointsAccount.Kind.ADJUSTED,
        points=points, note=reason[:200], actor=actor,
    )  # fmt: skip
    audit.record(
        actor=actor, action="points.adjust", target=f"points_account:{account.pk}",
        after={"points": points}, reason=reason,
    )  # fmt: skip


def open_rewards() -> QuerySet[Reward]:
    """Return what customers may choose, the cheapest first."""
    return Reward.objects.filter(is_open=True).order_by("cost", "pk")
