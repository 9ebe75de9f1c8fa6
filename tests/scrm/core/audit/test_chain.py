"""The audit: rows with the act, a chain over them, and the first bad row named."""

import io
import json
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import time_machine
from django.core.management import call_command
from django.db import InternalError, ProgrammingError, connection, transaction
from django.utils.translation import override
from pytest_django import Settings

from scrm.core.audit import sealing
from scrm.core.audit.models import AuditEntry, AuditHead
from scrm.core.audit.services import record
from scrm.core.audit.verifying import verify
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def anchors(settings: Settings, tmp_path: Path) -> Path:
    """Keep the anchors of a test in its own folder."""
    settings.VAR_DIR = tmp_path
    return tmp_path / sealing.ANCHOR_FILE


def acts(count: int) -> list[AuditEntry]:
    return [
        record(
            actor=None, action="tag.create", target=f"tag:{number}", after={"name": f"名 {number}"}
        )
        for number in range(count)
    ]


class _Tampering:
    """What somebody with the database's superuser can do: write past the trigger."""

    def __enter__(self) -> Any:
        self.cursor = connection.cursor()
        self.cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.cursor.execute(
            "ALTER TABLE core_auditentry DISABLE TRIGGER core_auditentry_append_only"
        )
        return self.cursor

    def __exit__(self, *error: object) -> None:
        self.cursor.execute(
            "ALTER TABLE core_auditentry ENABLE TRIGGER core_auditentry_append_only"
        )
        self.cursor.close()


def test_an_act_is_recorded_with_who_what_and_why_and_its_content_is_encrypted() -> None:
    actor = UserFactory.create(username="hq")

    entry = record(
        actor=actor,
        action="phone.reveal",
        target="crm_member:7",
        before={"a": 1},
        after={"a": 2},
        reason="回访",
        ip="10.0.0.9",
    )

    read = AuditEntry.objects.get(pk=entry.pk)
    assert (read.actor, read.actor_name, read.action, read.target) == (
        actor,
        "hq",
        "phone.reveal",
        "crm_member:7",
    )
    assert (read.before, read.after, read.reason, read.ip) == (
        {"a": 1},
        {"a": 2},
        "回访",
        "10.0.0.9",
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT reason, before FROM core_auditentry")
        assert all(
            b"\xe5\x9b\x9e" not in bytes(raw) and bytes(raw)[:1] == b"\x01"
            for raw in cursor.fetchone()
        )


def test_no_act_without_its_row_and_no_row_without_its_act() -> None:
    def act() -> None:
        with transaction.atomic():
            record(actor=None, action="a.b", target="c:1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()

    assert AuditEntry.objects.count() == 0


def test_sealed_rows_form_one_chain_over_several_rounds() -> None:
    acts(3)
    assert sealing.seal_all() == 3
    acts(2)
    assert sealing.seal_all() == 2
    assert sealing.seal_all() == 0

    assert list(AuditEntry.objects.order_by("seq").values_list("seq", "target")) == [
        (1, "tag:0"), (2, "tag:1"), (3, "tag:2"), (4, "tag:0"), (5, "tag:1"),
    ]  # fmt: skip
    verdict = verify()
    assert (verdict.holds, verdict.checked, verdict.waiting) == (True, 5, 0)


def test_batches_continue_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 4)
    acts(11)

    assert sealing.seal_all() == 11
    assert verify().checked == 11


def test_unsealed_rows_are_verified_too() -> None:
    acts(2)
    sealing.seal_all()
    entry = acts(1)[0]
    assert (verify().holds, verify().waiting) == (True, 1)

    with _Tampering() as cursor:
        cursor.execute("UPDATE core_auditentry SET target = 'tag:9' WHERE id = %s", [entry.pk])

    verdict = verify()
    assert (verdict.holds, verdict.bad, verdict.checked) == (False, str(entry.pk), 2)


CONTENT = ["action", "target", "actor_name", "ip", "request_id"]
RAW = ["before", "after", "reason", "row_mac", "seal"]


@pytest.mark.parametrize("column", CONTENT)
def test_a_changed_text_is_found_at_its_row(column: str) -> None:
    entries = acts(5)
    sealing.seal_all()

    with _Tampering() as cursor:
        cursor.execute(
            f"UPDATE core_auditentry SET {column} = {column} || 'x' WHERE id = %s", [entries[2].pk]
        )

    with override("en"):
        verdict = verify()
    assert (verdict.bad, verdict.checked) == (f"#3 {entries[2].pk}", 2)
    assert verdict.reason == "its content was changed"


@pytest.mark.parametrize("column", RAW)
@pytest.mark.parametrize("position", [0, 9, 31])
def test_one_changed_byte_is_found_at_its_row(column: str, position: int) -> None:
    entries = [
        record(
            actor=None,
            action="a.b",
            target="c:1",
            before={"k": 1},
            after={"k": 2},
            reason="because",
        )
        for _n in "12345"
    ]
    sealing.seal_all()

    with _Tampering() as cursor:
        cursor.execute(
            f"UPDATE core_auditentry SET {column} = set_byte({column}, %s, get_byte({column}, %s) # 1) WHERE id = %s",
            [position, position, entries[3].pk],
        )

    verdict = verify()
    assert (verdict.holds, verdict.bad, verdict.checked) == (False, f"#4 {entries[3].pk}", 3)


def test_a_changed_time_or_actor_is_found() -> None:
    entries = acts(3)
    sealing.seal_all()

    with _Tampering() as cursor:
        cursor.execute(
            "UPDATE core_auditentry SET at = at + interval '1 microsecond' WHERE id = %s",
            [entries[1].pk],
        )

    assert verify().bad == f"#2 {entries[1].pk}"


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_deleted_row_is_named(number: int) -> None:
    acts(5)
    sealing.seal_all()

    with _Tampering() as cursor:
        cursor.execute("DELETE FROM core_auditentry WHERE seq = %s", [number])

    with override("en"):
        verdict = verify()
    assert verdict.bad.startswith(f"#{number}")
    assert (verdict.checked, verdict.reason) == (number - 1, f"row #{number} is missing")


def test_reordered_rows_are_found_at_the_first() -> None:
    entries = acts(5)
    sealing.seal_all()

    with _Tampering() as cursor:
        cursor.execute("UPDATE core_auditentry SET seq = seq + 100 WHERE seq IN (2, 4)")
        cursor.execute(
            "UPDATE core_auditentry SET seq = CASE seq WHEN 102 THEN 4 ELSE 2 END WHERE seq > 100"
        )

    with override("en"):
        verdict = verify()
    assert (verdict.bad, verdict.reason) == (
        f"#2 {entries[3].pk}",
        "its place in the chain was changed",
    )


def test_a_tail_cut_off_together_with_the_head_is_found_by_the_anchor() -> None:
    acts(3)
    sealing.seal_all()
    old = AuditHead.objects.get()
    with time_machine.travel("2031-01-01"):
        acts(2)
        sealing.seal_all()

    with _Tampering() as cursor:
        cursor.execute("DELETE FROM core_auditentry WHERE seq > 3")
    AuditHead.objects.filter(id=1).update(seq=3, seal=old.seal, mac=old.mac)

    assert (verify().holds, verify().bad) == (False, "#4")


def test_a_forged_head_is_found() -> None:
    acts(2)
    sealing.seal_all()

    AuditHead.objects.filter(id=1).update(seq=0)

    assert verify().holds is False


def test_the_anchor_is_written_once_a_day_and_a_change_of_it_is_found(anchors: Path) -> None:
    with time_machine.travel("2026-11-20 02:00Z"):
        acts(2)
        sealing.seal_all()
        acts(1)
        sealing.seal_all()
    with time_machine.travel("2026-11-21 02:00Z"):
        acts(1)
        sealing.seal_all()

    lines = [json.loads(line) for line in anchors.read_text().splitlines()]
    assert [(line["day"], line["seq"]) for line in lines] == [("2026-11-20", 2), ("2026-11-21", 4)]
    assert verify().holds

    lines[0]["day"] = "2026-11-19"
    anchors.write_text("\n".join(json.dumps(line) for line in lines))
    assert (verify().holds, verify().checked) == (False, 1)


def test_another_key_verifies_nothing(settings: Settings) -> None:
    acts(1)
    sealing.seal_all()

    settings.AUDIT_KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="

    assert verify().checked == 0
    assert not verify().holds


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_auditentry SET target = 'x'",
        "UPDATE core_auditentry SET seal = NULL, seq = NULL",
        "UPDATE core_auditentry SET seq = 99",
        "DELETE FROM core_auditentry",
    ],
)
def test_the_database_refuses_to_change_a_sealed_row(statement: str) -> None:
    acts(1)
    sealing.seal_all()

    with (
        pytest.raises((ProgrammingError, InternalError), match="audit rows are never"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert verify().checked == 1


@pytest.mark.parametrize(
    "statement",
    ["UPDATE core_auditentry SET target = 'x', seq = 1, seal = 'x'", "DELETE FROM core_auditentry"],
)
def test_the_database_refuses_to_change_a_waiting_row(statement: str) -> None:
    acts(1)

    with (
        pytest.raises((ProgrammingError, InternalError), match="audit rows are never"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert AuditEntry.objects.get().target == "tag:0"


@pytest.mark.django_db(transaction=True)
def test_rows_that_commit_out_of_order_are_all_sealed() -> None:
    database = connection.settings_dict
    slow = psycopg2.connect(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        dbname=database["NAME"],
        password=database["PASSWORD"],
    )
    early = AuditEntry(action="slow.act", target="x:1", reason="", row_mac=b"")
    # The slow transaction takes its number and writes first, and commits last.
    from scrm.core.audit.services import row_mac

    early.row_mac = row_mac(early)
    reason: Any = AuditEntry._meta.get_field("reason")
    with slow.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_auditentry (id, at, actor_name, action, target, reason, ip, request_id, row_mac)"
            " VALUES (%s, %s, '', %s, %s, %s, '', '', %s)",
            [
                str(early.pk),
                early.at,
                early.action,
                early.target,
                psycopg2.Binary(reason.seal(early.pk, "")),
                psycopg2.Binary(early.row_mac),
            ],
        )
    later = record(actor=None, action="fast.act", target="x:2")

    assert sealing.seal_all() == 1
    slow.commit()
    slow.close()
    assert sealing.seal_all() == 1

    assert list(AuditEntry.objects.order_by("seq").values_list("pk", flat=True)) == [
        later.pk,
        early.pk,
    ]
    assert verify().checked == 2


def test_the_command_says_what_it_found_and_exits_accordingly() -> None:
    acts(2)
    sealing.seal_all()
    out = io.StringIO()
    with override("en"):
        call_command("verify_audit", stdout=out)
    assert out.getvalue() == "The audit holds: 2 rows sealed, 0 waiting.\n"

    with _Tampering() as cursor:
        cursor.execute("DELETE FROM core_auditentry WHERE seq = 2")
    out = io.StringIO()
    with override("en"), pytest.raises(SystemExit) as caught:
        call_command("verify_audit", stdout=out)
    assert caught.value.code == 2
    assert out.getvalue() == "First bad row: #2: row #2 is missing. 1 rows before it hold.\n"
