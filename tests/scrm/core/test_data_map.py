"""The data map: CI fails when a personal field has no purpose, class and retention."""

import io
from typing import Any

from django.core.management import call_command
from django.db import models

from scrm.core import data_map
from scrm.core.fields import EncryptedTextField


def test_every_personal_field_of_the_product_has_an_entry() -> None:
    assert data_map.missing() == []


def test_the_map_is_a_table_with_every_entry() -> None:
    out = io.StringIO()

    call_command("data_map", stdout=out)

    lines = out.getvalue().splitlines()
    assert lines[0] == "| model | field | encrypted | class | purpose | retention |"
    assert (
        "| core.AlertChannel | url | yes | secret | send alerts to a group robot | until deleted |"
        in lines
    )
    assert len(lines) == 2 + len(data_map.rows())


def field(kind: Any, name: str, **options: Any) -> Any:
    made = kind(**options)
    made.set_attributes_from_name(name)
    return made


class Member:
    """A model of people, by its name."""


class Thing:
    """A model of things, by its name."""


def test_what_looks_personal() -> None:
    looks: Any = data_map.looks_personal

    assert looks(Thing, field(EncryptedTextField, "secret"))
    assert looks(Thing, field(models.CharField, "phone_index"))
    assert looks(Thing, field(models.CharField, "unionid"))
    assert looks(Thing, field(models.TextField, "remark_phones"))
    assert looks(Member, field(models.CharField, "name"))
    assert not looks(Thing, field(models.CharField, "name"))
    assert not looks(Thing, field(models.BooleanField, "phone_verified"))
    assert not looks(Thing, field(models.DateTimeField, "phone_observed_at"))
    assert not looks(Thing, field(models.CharField, "title"))
