"""Changing keys: every encrypted column, resumed after a kill, and a former key goes only when nothing needs it."""

import base64
import os
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, models, transaction
from django.utils.translation import override

from contacts.parameters.selectors import token_mac
from customers.crm.models import CrmMember
from customers.crm.rows import MemberRow
from customers.crm.selectors import members_search
from customers.crm.services import members_upsert
from customers.oneid.models import RecordKey
from customers.oneid.services import reconcile_pending
from customers.relations.models import ExternalContact, FollowRelation
from customers.relations.selectors import contacts_by_phone
from scrm.core.audit.models import AuditEntry
from scrm.core.audit.services import record
from scrm.core.audit.verifying import verify
from scrm.core.crypto import DecryptionError, blind_indexes
from scrm.core.data_map import own_models
from scrm.core.exceptions import Conflict
from scrm.core.jobs.models import JobRun
from scrm.core.keys import services
from scrm.core.keys.keyed import keyed_tables
from scrm.core.keys.sealed import reseal_batch, sealed_tables
from scrm.core.keys.selectors import (
    field_uses,
    fields_verdict,
    index_uses,
    indexes_verdict,
)
from scrm.core.scope import SYSTEM_SCOPE
from scrm.inbox.models import InboxEvent
from scrm.inbox.payload import unseal
from tests.factories.customers import ContactFactory, RelationFactory
from tests.factories.inbox import stored

pytestmark = pytest.mark.django_db
PHONE, OTHER = "+8613800001111", "+8613900002222"


def new_key() -> str:
    """Return a fresh key."""
    return base64.b64encode(os.urandom(32)).decode()


def member(number: str, **values: Any) -> MemberRow:
    """Return a row as the member system sends it."""
    return MemberRow(number, {"member_no": number, **values})


@pytest.fixture
def people() -> None:
    """Two members and a customer with a remark, reconciled."""
    members_upsert(
        [member("M1", phone=PHONE, phone_verified=True, name="王一"), member("M2", phone=OTHER)],
        source="api",
    )  # fmt: skip
    contact = ContactFactory(phone=PHONE, phone_index=blind_indexes("phone", PHONE)[0])
    relation = RelationFactory(contact=contact)
    relation.remark = "老王"
    relation.remark_phones = ["139 0000 2222"]
    relation.remark_phone_indexes = blind_indexes("phone", OTHER)
    relation.save()
    record(actor=None, action="job.cancel", target="job:1", after={"kind": "x"}, reason="because")
    while reconcile_pending() is not None:
        pass


def rotate(what: str) -> JobRun:
    """Run a change to its end."""
    services.rotate(what, actor=None)
    return JobRun.objects.filter(kind="keys.rotate", key=what).latest("created_at")


def found_by(phone: str) -> tuple[int, int]:
    """Return how many members and customers a phone finds."""
    members = members_search(CrmMember.objects.all(), phone).count()
    contacts = contacts_by_phone(SYSTEM_SCOPE, ExternalContact.objects.all(), phone).count()
    return members, contacts


def test_every_table_with_encrypted_fields_is_rewritten_and_the_old_key_is_then_useless(
    people: None, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    # Given rows under key 1, and a new key that writes
    old = settings.FIELD_KEYS
    settings.FIELD_KEYS = f"2:{new_key()},{old}"
    assert not fields_verdict().may_remove
    # When it is changed
    with django_capture_on_commit_callbacks(execute=True):
        job = rotate("fields")
    job.refresh_from_db()
    # Then nothing is under the former key, in no table, and the audit's chain still holds
    assert (job.state, job.failed) == ("done", 0)
    assert sum(use.former_count for use in field_uses()) == 0
    assert fields_verdict().may_remove
    assert verify().holds
    settings.FIELD_KEYS = settings.FIELD_KEYS.split(",")[0]
    assert CrmMember.objects.get(member_no="M1").phone == PHONE
    assert FollowRelation.objects.get().remark == "老王"
    assert AuditEntry.objects.filter(action="job.cancel").get().reason == "because"
    # And with the old key alone nothing opens
    settings.FIELD_KEYS = old
    with pytest.raises(DecryptionError):
        _ = CrmMember.objects.get(member_no="M1").phone


def test_the_audit_lets_only_a_change_of_key_touch_its_rows(people: None) -> None:
    # Given a row of the audit
    entry = AuditEntry.objects.filter(action="job.cancel").get()
    # When somebody changes what it says
    # Then the database refuses
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(action="job.restart")
    assert AuditEntry.objects.get(pk=entry.pk).action == "job.cancel"


def test_an_event_is_bound_to_its_digest_and_stays_readable(settings: Any, db: Any) -> None:
    # Given an event under key 1
    event = stored()
    xml = unseal(bytes(event.digest), bytes(event.payload))
    settings.FIELD_KEYS = f"2:{new_key()},{settings.FIELD_KEYS}"
    # When the key is changed batch by batch
    table = next(each for each in sealed_tables() if each.label == "inbox.InboxEvent")
    batch = reseal_batch(table, "", "2", 10)
    # Then it opens with the new key alone
    settings.FIELD_KEYS = settings.FIELD_KEYS.split(",")[0]
    assert batch is not None
    assert (batch.rewritten, batch.unreadable) == (1, 0)
    event = InboxEvent.objects.get()
    assert unseal(bytes(event.digest), bytes(event.payload)) == xml


def test_lookups_find_by_both_keys_while_the_index_key_changes(
    people: None, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    # Given printed codes signed for ever, and rows under the former key
    settings.PARAMETER_KEY = new_key()
    signed = token_mac(b"123456789012")
    old = settings.BLIND_INDEX_KEY
    keys_before = set(RecordKey.objects.filter(kind="phone").values_list("value", flat=True))
    settings.BLIND_INDEX_KEY = f"{new_key()},{old}"
    # Then everybody is found before, and a resent row is no news
    assert found_by(PHONE) == (1, 1)
    result = members_upsert([member("M2", phone=OTHER)], source="api")
    assert result.unchanged == 1
    assert not indexes_verdict().may_remove
    # When the key is changed
    with django_capture_on_commit_callbacks(execute=True):
        job = rotate("indexes")
    job.refresh_from_db()
    # Then all rows and the identity keys are under the new one, and the former one is not needed
    assert job.state == "done"
    assert all(not use.former for use in index_uses())
    settings.BLIND_INDEX_KEY = settings.BLIND_INDEX_KEY.split(",")[0]
    assert found_by(PHONE) == (1, 1)
    assert found_by("139 0000 2222") == (1, 1)
    after = set(RecordKey.objects.filter(kind="phone").values_list("value", flat=True))
    assert after == {blind_indexes("phone", PHONE)[0].hex()}
    assert not after & keys_before
    assert token_mac(b"123456789012") == signed
    # And the old key finds nobody
    settings.BLIND_INDEX_KEY = old
    assert found_by(PHONE) == (0, 0)


def test_nothing_is_changed_with_one_key(settings: Any, db: Any) -> None:
    # Given one key
    # When somebody wants to change it
    # Then it is refused, and no job is there
    for what in ("fields", "indexes"):
        with pytest.raises(Conflict):
            services.rotate(what, actor=None)
    assert not JobRun.objects.exists()


def test_check_refuses_while_rows_use_the_former_key(
    people: None, settings: Any, capsys: Any
) -> None:
    # Given rows under a former key
    settings.FIELD_KEYS = f"2:{new_key()},{settings.FIELD_KEYS}"
    # When IT asks whether it may go
    with override("en"), pytest.raises(SystemExit) as refused:
        call_command("keys", "check", "fields")
    # Then no, with a count for each table; after the change yes
    assert refused.value.code == 1
    assert "customers.CrmMember: 4 values still under key 1." in capsys.readouterr().out
    with override("en"):
        call_command("keys", "rotate", "fields")
        call_command("keys", "check", "fields")
    assert "may be taken away" in capsys.readouterr().out


def test_no_keyed_column_is_forgotten() -> None:
    # Given every column that holds keyed hashes by its name
    known = {(each.label, column) for each in keyed_tables() for column in each.columns}
    # Not under the blind-index key: hashes of something else, or of what is renewed by the next batch.
    others = {
        ("accounts.PartnerKey", "digest"),
        ("accounts.RecoveryCode", "digest"),
        ("core.StoredAnswer", "digest"),
        ("customers.Order", "digest"),
        ("customers.Tombstone", "digest"),
        ("inbox.InboxEvent", "digest"),
    }
    found = {
        (model._meta.label, field.name)
        for model in own_models()
        for field in model._meta.concrete_fields
        if field.name.endswith(("_index", "_indexes", "digest", "fingerprint", "_last4"))
        and (
            isinstance(field, models.BinaryField)
            or isinstance(getattr(field, "base_field", None), models.BinaryField)
        )
    }
    # Then each is rewritten by a change of the key, or named above
    assert found - known - others == set()
