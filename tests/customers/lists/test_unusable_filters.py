"""Filters that cannot be used any more find nobody: left out, they would find everybody."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from contacts.directory.models import Member
from customers.fields import services as fields
from customers.fields.models import FieldDefinition
from customers.fields.services import FieldWish
from customers.lists.models import CustomerExport, SavedView
from scrm.accounts.models import User
from scrm.core.audit.models import AuditEntry
from scrm.core.exceptions import Conflict
from scrm.core.jobs.models import JobRun
from scrm.core.outbox.models import OutboxMessage
from tests.cast import PASSWORD
from tests.factories.customers import ContactFactory, RelationFactory, TagFactory
from tests.factories.segments import active_rule, every, leaf, segment_of

pytestmark = pytest.mark.django_db
LIST = "/console/customers/"
FIELDS = "/console/customer-fields/"


@pytest.fixture
def pets() -> FieldDefinition:
    """A field of yes and no, which a guide's customers may have."""
    wish = FieldWish("Has pets", "serve", "customer", ("hq_ops",))
    return fields.field_create(
        actor=None, key="pets", type="yes_no", data_class="behaviour", record="contact", wish=wish
    )


@pytest.fixture
def hq(client: Client, hq_ops: User, guide_li: Member) -> Client:
    """Headquarters in English, of a company with two customers."""
    for name in ("one", "two"):
        RelationFactory(member=guide_li, contact=ContactFactory(name=name))
    client.cookies["django_language"] = "en"
    assert client.login(username="hq", password=PASSWORD)
    return client


def shown(page: Any) -> list[str]:
    return re.findall(r'/console/customers/[0-9a-f-]{36}/">([^<]+)</a>', page.content.decode())


def test_a_view_on_a_field_that_is_off_finds_nobody_and_says_why(
    hq: Client, hq_ops: User, pets: FieldDefinition
) -> None:
    # given a view whose field is switched off
    view = SavedView.objects.create(name="pets", owner=hq_ops, query="f_pets=yes")
    fields.field_retire(pets, actor=hq_ops)

    # when it is opened
    page = hq.get(LIST, {"view": view.pk, "f_pets": "yes"})

    # then nobody is listed, nor offered to be chosen
    text = page.content.decode()
    assert (page.status_code, shown(page)) == (200, [])
    assert "a customer field that is switched off: Has pets" in text
    assert "These filters cannot be used" in text
    assert 'id="bulk-form"' not in text
    # and once it is on again, the view means what it meant
    fields.field_restore(pets, actor=hq_ops)
    assert "These filters cannot be used" not in hq.get(LIST, {"f_pets": "yes"}).content.decode()


@pytest.mark.parametrize(
    "query",
    [{"f_nothing": "yes"}, {"status": "asleep"}, {"tag": "et404"}, {"added_from": "yesterday"}],
)
def test_what_no_filter_can_take_finds_nobody_and_nothing_is_done_with_it(
    hq: Client, query: dict[str, str]
) -> None:
    TagFactory(tag_id="et1")
    posted = {"all": "1", "query": urlencode(query)}

    # when it is asked for, or acted on
    page = hq.get(LIST, query)
    tagged = hq.post(f"{LIST}tag/", posted | {"act": "start", "add": ["et1"]})
    exported = hq.post(f"{LIST}export/", posted | {"purpose": "a campaign"})
    kept = hq.post(f"{LIST}views/", {"name": "kept", "query": posted["query"]})

    # then nobody is found, and nothing begun
    assert (page.status_code, shown(page)) == (200, [])
    assert "These filters cannot be used" in page.content.decode()
    assert [each.status_code for each in (tagged, exported, kept)] == [302, 302, 302]
    begun = (JobRun, OutboxMessage, CustomerExport, SavedView)
    assert [model.objects.count() for model in begun] == [0, 0, 0, 0]


def test_switching_a_field_off_says_what_asks_for_it_and_can_be_taken_back(
    hq: Client, hq_ops: User, outsider: User, pets: FieldDefinition
) -> None:
    # given two views, a segment and a rule that ask for it, and one of each that does not
    for name, query in (("a", "f_pets=yes"), ("b", "status=lost&f_pets=no"), ("c", "f_petshop=1")):
        SavedView.objects.create(name=name, owner=hq_ops, query=query)
    condition = every(leaf("field:pets", "is", True))
    segment_of(condition), segment_of(every(leaf("friend", "is", True)))
    active_rule(condition, "et1")

    # when somebody wants to switch it off
    asked = hq.get(f"{FIELDS}{pets.pk}/retire/").content.decode()

    # then they are told first, and nothing is done
    uses = re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", asked)
    assert uses == [("Saved views of the customer list", "2"), ("Segments", "1"), ("Tag rules", "1")]  # fmt: skip
    pets.refresh_from_db()
    assert pets.retired_at is None
    # and it goes off, and on again, by hand and audited
    assert hq.post(f"{FIELDS}{pets.pk}/retire/").status_code == 302
    assert "Ask for it again" in hq.get(f"{FIELDS}{pets.pk}/").content.decode()
    hq.login(username="outsider", password=PASSWORD)
    assert hq.post(f"{FIELDS}{pets.pk}/restore/").status_code == 403
    pets.refresh_from_db()
    assert pets.retired_at is not None
    hq.login(username="hq", password=PASSWORD)
    assert hq.post(f"{FIELDS}{pets.pk}/restore/").status_code == 302
    pets.refresh_from_db()
    assert pets.retired_at is None
    acts = AuditEntry.objects.filter(target="field:pets").order_by("pk")
    assert [act.action for act in acts] == ["fields.create", "fields.retire", "fields.restore"]


def test_no_field_comes_back_beyond_the_most_there_may_be(
    pets: FieldDefinition, hq_ops: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields.field_retire(pets, actor=hq_ops)
    monkeypatch.setattr(fields, "MOST_FIELDS", 0)

    with pytest.raises(Conflict):
        fields.field_restore(pets, actor=hq_ops)
    pets.refresh_from_db()
    assert pets.retired_at is not None
