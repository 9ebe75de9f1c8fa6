"""What the roster's tests share: days, phones, rows, and a decided person."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from contacts.directory.models import Member
from contacts.org.models import OrgUnit
from contacts.roster.models import RosterPerson
from scrm.core.crypto import blind_index

HEADERS = ("姓名", "手机号", "岗位", "门店编码", "担保人", "到期日", "期望账号")


def day(days: int) -> str:
    """Return the day so many days from today."""
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def phone_of(number: int) -> str:
    """Return a phone nobody else has."""
    return f"1390000{number:04d}"


def cells(number: int = 1, **other: str) -> dict[str, str]:
    """Return a good person for store S1, sponsored by guide Li; `other` replaces single cells."""
    return {
        "name": f"编外{number}", "phone": phone_of(number), "post": "导购", "store_code": "S1",
        "sponsor": "guide_li", "expires_on": day(90), "userid": "", **other,
    }  # fmt: skip


def row(number: int = 1, **other: str) -> list[str]:
    """Return the same as a row of a file."""
    return list(cells(number, **other).values())


def on_roster(store: OrgUnit, sponsor: Member, number: int = 1, **other: Any) -> RosterPerson:
    """Return a person who waits; `other` sets single fields."""
    phone = f"+86{phone_of(number)}"
    person = RosterPerson(
        name=f"编外{number}", phone=phone, phone_index=blind_index("phone", phone), store=store, sponsor=sponsor,
        expires_on=timezone.localdate() + timedelta(days=90), channel="console",
    )  # fmt: skip
    for name, value in other.items():
        setattr(person, name, value)
    person.save()
    return person
