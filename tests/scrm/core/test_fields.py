"""Encrypted fields: what the database holds, who can open it, how keys change."""

from typing import Any

import pytest
from django.core.exceptions import FieldError
from django.db import connection, transaction
from pytest_django import Settings

from scrm.core.alerts.models import AlertChannel
from scrm.core.audit.models import AuditEntry
from scrm.core.crypto import DecryptionError, blind_index
from scrm.core.fields import Sealed
from scrm.core.jobs.models import JobRun
from tests.factories.core import AlertChannelFactory, JobRunFactory

pytestmark = pytest.mark.django_db

URL = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=群-secret"
KEY_A = "a:" + "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
KEY_B = "b:" + "QkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkI="


def stored(channel: AlertChannel) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT url FROM core_alertchannel WHERE id = %s", [channel.pk])
        return bytes(cursor.fetchone()[0])


def store(channel: AlertChannel, raw: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_alertchannel SET url = %s WHERE id = %s", [raw, channel.pk])


def test_a_value_comes_back_and_the_database_holds_only_ciphertext() -> None:
    channel = AlertChannelFactory.create(url=URL)

    raw = stored(channel)

    assert AlertChannel.objects.get(pk=channel.pk).url == URL
    assert raw[:3] == b"\x01\x011"
    assert len(raw) == 3 + 12 + len(URL.encode()) + 16
    assert b"webhook" not in raw


def test_ciphertext_moved_to_another_row_does_not_open() -> None:
    one, two = AlertChannelFactory.create(url=URL), AlertChannelFactory.create(url=URL)

    store(two, stored(one))

    with pytest.raises(DecryptionError):
        _ = AlertChannel.objects.get(pk=two.pk).url
    assert AlertChannel.objects.get(pk=one.pk).url == URL


def test_ciphertext_moved_to_another_column_does_not_open() -> None:
    before, after = (AuditEntry._meta.get_field(name) for name in ("before", "after"))
    pk = AuditEntry().pk

    sealed = before.seal(pk, {"name": "x"})

    assert before.open(pk, sealed) == {"name": "x"}
    with pytest.raises(DecryptionError):
        after.open(pk, sealed)


@pytest.mark.parametrize("position", [0, 1, 2, 3, 14, 15, -1])
def test_one_changed_byte_is_noticed(position: int) -> None:
    channel = AlertChannelFactory.create(url=URL)
    raw = bytearray(stored(channel))
    raw[position] ^= 1

    store(channel, bytes(raw))

    with pytest.raises(DecryptionError):
        _ = AlertChannel.objects.get(pk=channel.pk).url


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\x01\x011", b"https://plain"])
def test_what_is_no_ciphertext_is_an_error_of_its_own(raw: bytes) -> None:
    channel = AlertChannelFactory.create(url=URL)

    store(channel, raw)

    with pytest.raises(DecryptionError):
        _ = AlertChannel.objects.get(pk=channel.pk).url


def test_old_keys_read_and_the_first_key_writes(settings: Settings) -> None:
    settings.FIELD_KEYS = KEY_A
    channel = AlertChannelFactory.create(url=URL)

    settings.FIELD_KEYS = f"{KEY_B},{KEY_A}"
    read = AlertChannel.objects.get(pk=channel.pk)
    assert read.url == URL
    assert stored(channel)[:3] == b"\x01\x01a"

    read.url = "new"
    read.save()
    assert stored(channel)[:3] == b"\x01\x01b"

    settings.FIELD_KEYS = KEY_B
    assert AlertChannel.objects.get(pk=channel.pk).url == "new"


def test_without_its_key_a_value_does_not_open(settings: Settings) -> None:
    settings.FIELD_KEYS = KEY_A
    channel = AlertChannelFactory.create(url=URL)

    settings.FIELD_KEYS = KEY_B

    with pytest.raises(DecryptionError, match="No key a"):
        _ = AlertChannel.objects.get(pk=channel.pk).url


def test_saving_an_unread_or_unchanged_value_keeps_its_ciphertext() -> None:
    channel = AlertChannelFactory.create(url=URL)
    raw = stored(channel)

    unread = AlertChannel.objects.get(pk=channel.pk)
    unread.name = "renamed"
    unread.save()
    read = AlertChannel.objects.get(pk=channel.pk)
    assert read.url == URL
    read.save()

    assert stored(channel) == raw


def test_plain_values_cannot_be_written_or_searched_past_the_instance() -> None:
    channel = AlertChannelFactory.create(url=URL)

    with pytest.raises(TypeError, match="url is encrypted"), transaction.atomic():
        AlertChannel.objects.update(url="x")
    with pytest.raises(TypeError, match="url is encrypted"), transaction.atomic():
        AlertChannel.objects.bulk_update([channel], ["url"])
    with pytest.raises(FieldError, match="blind index"):
        AlertChannel.objects.filter(url="x")

    assert AlertChannel.objects.get(pk=channel.pk).url == URL
    assert AlertChannel.objects.filter(url__isnull=False).count() == 1


def test_sealed_values_can_be_written_by_update() -> None:
    channel = AlertChannelFactory.create(url=URL)
    field: Any = AlertChannel._meta.get_field("url")

    AlertChannel.objects.filter(pk=channel.pk).update(url=field.seal(channel.pk, "new"))

    assert AlertChannel.objects.get(pk=channel.pk).url == "new"


def test_bulk_create_seals_each_row_for_itself() -> None:
    made = AlertChannel.objects.bulk_create(
        AlertChannel(name=f"n{i}", url=f"url {i}") for i in range(3)
    )

    assert [AlertChannel.objects.get(pk=row.pk).url for row in made] == ["url 0", "url 1", "url 2"]
    assert [row.url for row in made] == ["url 0", "url 1", "url 2"]


def test_values_gives_ciphertext_and_deferred_fields_load_when_read() -> None:
    channel = AlertChannelFactory.create(url=URL)

    value = AlertChannel.objects.values_list("url", flat=True).get()
    deferred = AlertChannel.objects.defer("url").get()

    assert isinstance(value, Sealed)
    assert bytes(value) == stored(channel)
    assert deferred.get_deferred_fields() == {"url"}
    assert deferred.url == URL


def test_refresh_reads_the_new_value() -> None:
    channel = AlertChannelFactory.create(url=URL)
    other = AlertChannel.objects.get(pk=channel.pk)
    other.url = "new"
    other.save()

    channel.refresh_from_db()

    assert channel.url == "new"


def test_bytes_and_null() -> None:
    job = JobRunFactory.create()
    assert JobRun.objects.get(pk=job.pk).error_file is None

    job.error_file = b"PK\x03\x04"
    job.save()
    assert JobRun.objects.get(pk=job.pk).error_file == b"PK\x03\x04"


def test_json_changed_in_place_is_saved_and_comes_back_equal() -> None:
    entry = AuditEntry(before={"名": [1, None, {"a": True}]}, reason="")
    field: Any = AuditEntry._meta.get_field("before")

    first = field.pre_save(entry, add=True)
    entry.before["名"].append(2)
    second = field.pre_save(entry, add=False)

    assert field.open(entry.pk, first) == {"名": [1, None, {"a": True}]}
    assert field.open(entry.pk, second) == {"名": [1, None, {"a": True}, 2]}


def test_text_fields_take_only_text() -> None:
    with pytest.raises(TypeError, match="url takes text, not int"):
        AlertChannelFactory.create(url=5)


def test_a_blind_index_is_stable_keyed_and_apart_for_each_kind(settings: Settings) -> None:
    one = blind_index("phone", "+8613800138000")

    assert len(one) == 32
    assert blind_index("phone", "+8613800138000") == one
    assert blind_index("phone", "+8613800138001") != one
    assert blind_index("id_card", "+8613800138000") != one
    with pytest.raises(ValueError, match="unknown blind index kind"):
        blind_index("name", "x")

    settings.BLIND_INDEX_KEY = KEY_A.partition(":")[2]
    assert blind_index("phone", "+8613800138000") != one
