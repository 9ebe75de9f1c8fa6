"""A plain dump of the database names no phone: 1,000 planted through every public door, in raw, hex and base64."""

import base64
import csv
import io
import subprocess
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from attribution.touches.models import Touch
from contacts.directory.services import member_written
from contacts.directory.services.written import AccountWritten
from customers.intake.services import file_create, file_start
from customers.profile.models import FollowUpNote
from customers.relations.bulk import page_store
from customers.relations.models import ExternalContact
from customers.relations.services import phone_verified
from scrm.accounts.services import partner_key_create
from scrm.core.outbox import services as outbox
from scrm.wecom import types as wecom
from tests.factories.customers import MemberFactory, follow, read_contact
from tests.factories.inbox import stored

pytestmark = pytest.mark.django_db(transaction=True)
PLANTED = 1000


class Planter:
    """Gives out phones nobody else has, and remembers them."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.given: list[str] = []

    def take(self, many: int) -> list[str]:
        """Return so many national numbers."""
        found = [f"137{next(self._numbers) * 7919 % 100_000_000:08d}" for _each in range(many)]
        self.given += found
        return found


def by_api(client: Client, phones: list[str]) -> None:
    """Send members through the partner API."""
    bearer = partner_key_create(name="crm", scopes=("members.write",), actor=None)[1]
    rows = [
        {"member_no": f"P{n}", "phone": phone, "name": "王一"} for n, phone in enumerate(phones)
    ]
    headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": "dump-members"}
    answer = client.post(
        "/api/v1/members/batch", {"members": rows}, content_type="application/json", headers=headers
    )
    assert answer.status_code == 200, answer.content
    assert answer.json()["created"] == len(phones)


def by_file(phones: list[str]) -> None:
    """Upload a member file."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["member_no", "phone", "name"])
    rows.writerows([f"F{n}", phone, "李二"] for n, phone in enumerate(phones))
    content = text.getvalue().encode()
    upload = file_create(kind="members", filename="members.csv", content=content, actor=None)
    file_start(upload, actor=None)


def by_wecom(phones: list[str]) -> None:
    """Let WeCom list remarks with phones, in the remark and in its phones."""
    guide = MemberFactory()
    rows = tuple(
        wecom.ExternalContactRow(
            read_contact(f"wmDump{n}"),
            follow(guide.userid, remark=f"客户 {phone}", remark_mobiles=(phone,), description=f"打 {phone}"),
        )
        for n, phone in enumerate(phones)
    )  # fmt: skip
    page_store(wecom.ExternalContactPage(rows, "", timezone.now()))


def by_authorisation(phones: list[str]) -> None:
    """Let customers give their phone through WeChat."""
    for number, phone in enumerate(phones):
        phone_verified(f"wmDump{number}", phone)


def by_mall(client: Client, phones: list[str]) -> None:
    """Send what customers did in the mall, with phones where a careless partner puts them."""
    bearer = partner_key_create(name="mall", scopes=("events.write",), actor=None)[1]
    now = timezone.now().isoformat()
    events = [
        {
            "event_id": f"dump-{number}", "kind": "page_view", "occurred_at": now, "surface": "mall",
            "visitor_id": f"v{number}", "url": f"https://mall.example/u/{phone}/orders?mobile={phone}",
            "details": {"mobile": phone, "number": int(phone), "list": [f"+86 {phone}"], phone: "x"},
        }
        for number, phone in enumerate(phones)
    ]  # fmt: skip
    headers = {"Authorization": f"Bearer {bearer}", "Idempotency-Key": "dump-events"}
    answer = client.post(
        "/api/v1/events/batch", {"events": events}, content_type="application/json", headers=headers
    )
    assert answer.status_code == 200, answer.content
    assert Touch.objects.filter(event_id__startswith="dump-").count() == len(phones)


def by_people(phones: list[str]) -> None:
    """Let a guide note phones, an event carry them, a message wait with them, the OA hire somebody."""
    a_quarter = len(phones) // 4
    contact = ExternalContact.objects.first()
    for phone in phones[:a_quarter]:
        FollowUpNote.objects.create(contact=contact, text=f"call {phone}")
    for phone in phones[a_quarter : 2 * a_quarter]:
        stored(Remark=phone)
    for phone in phones[2 * a_quarter : 3 * a_quarter]:
        outbox.put(kind="remark", key=f"dump:{phones.index(phone)}", payload={"remark": phone}, not_before=timezone.now() + timedelta(days=1))  # fmt: skip
    for number, phone in enumerate(phones[3 * a_quarter :]):
        member_written(
            AccountWritten(f"dump{number}", "员工", f"+86{phone}", "", "", 1, "", f"J{number}"),
            at=timezone.now(),
            created=True,
        )


def dump() -> Iterator[str]:
    """Yield the database as text: pg_dump's of the server's own version, else every table by COPY."""
    settings = connection.settings_dict
    url = f"postgres://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    try:
        done = subprocess.run(
            ["pg_dump", "--data-only", url], capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            yield done.stdout
            return
    except FileNotFoundError:
        pass
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            text = io.StringIO()
            cursor.copy_expert(f'COPY "{name}" TO STDOUT', text)
            yield text.getvalue()


def spellings(phones: Iterable[str]) -> set[str]:
    """Return each phone raw, in hex and in base64, whatever stands before it."""
    found = set()
    for phone in phones:
        raw = phone.encode()
        found |= {phone, raw.hex(), f"{phone[:3]} {phone[3:7]} {phone[7:]}"}
        # Base64 of the middle of a text: three ways, by where it begins; ends depend on the neighbours.
        found |= {
            base64.b64encode(b"x" * lead + raw).decode()[4 if lead else 0 : -4] for lead in range(3)
        }
    return found


@pytest.fixture
def mall() -> Iterator[None]:
    """Take the events away afterwards: their table is not Django's, so no flush empties it."""
    yield
    Touch.objects.all().delete()


@pytest.mark.usefixtures("mall")
def test_a_plain_dump_names_none_of_a_thousand_phones(client: Client) -> None:
    # Given a thousand phones through every door
    planter = Planter()
    by_api(client, planter.take(300))
    by_mall(client, planter.take(100))
    by_file(planter.take(200))
    by_wecom(planter.take(200))
    by_authorisation(planter.take(100))
    by_people(planter.take(100))
    assert len(set(planter.given)) == PLANTED
    # When the database is dumped as text
    text = "".join(dump())
    assert "wmDump0" in text
    # Then none of them is in it, in any spelling
    assert [each for each in spellings(planter.given) if each in text] == []
