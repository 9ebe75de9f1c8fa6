"""Orders in the ledger, as attribution.sales leaves them there, without a rule having to find a guide."""

from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from attribution.sales.business import day_began
from attribution.sales.models import Credit, CreditLine, RuleSet
from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from tests.factories.customers import OrderFactory


def sold(member: Member | None, store: OrgUnit | None, amount: str, day: date) -> Credit:
    """Put one credited order (to nobody without a member) on a business day."""
    noon = day_began(day) + timedelta(hours=12)
    rules, _made = RuleSet.objects.get_or_create(version=1, defaults={"rules": []})
    credit = Credit.objects.create(
        order=OrderFactory(amount=Decimal(amount), paid_at=noon),
        member=member, store=store, rule="store_owner" if member else "", reason="" if member else "nobody",
        ruleset=rules, paid_at=noon, business_day=day, amount=Decimal(amount), refunded=Decimal(0),
        decided_at=timezone.now(),
    )  # fmt: skip
    post(credit, "sale", amount, day)
    return credit


def post(credit: Credit, kind: str, amount: str, day: date) -> None:
    """Append a line for the credit's guide."""
    CreditLine.objects.create(
        order=credit.order, member=credit.member, store=credit.store, kind=kind, amount=Decimal(amount),
        source="R1" if kind == "refund" else "", occurred_at=day_began(day) + timedelta(hours=13),
        business_day=day, posted_at=timezone.now(),
    )  # fmt: skip
