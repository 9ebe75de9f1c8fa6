"""An older copy of the database brings nobody back: the journal forgets them again, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import connection, connections

from customers.crm.rows import MemberRow
from customers.crm.services import members_upsert
from customers.privacy import services
from customers.privacy.models import Erasure
from customers.relations.models import ExternalContact
from tests.factories.customers import RelationFactory

pytestmark = pytest.mark.django_db(transaction=True)
CHECKOUT = Path(__file__).resolve().parents[3]


def server() -> Any:
    """Return a connection to the server, beside every database of ours."""
    values = connection.settings_dict
    opened = psycopg2.connect(
        dbname="postgres", user=values["USER"], password=values["PASSWORD"], host=values["HOST"], port=values["PORT"]
    )  # fmt: skip
    opened.autocommit = True
    return opened


@pytest.fixture
def older_copy() -> Iterator[str]:
    """The name of a database for an older copy, removed in the end."""
    name = f"{connection.settings_dict['NAME']}_older"
    yield name
    with server().cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


def copy_to(name: str) -> None:
    """Make a copy of the database as it is, as a backup does."""
    ours = connection.settings_dict["NAME"]
    connections.close_all()
    with server().cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        # What a former test's server left open would keep the database from being copied.
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [ours]
        )
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{ours}"')


def manage(name: str, journal: str, *words: str) -> str:
    """Run a command on the copy and return what it prints."""
    values = connection.settings_dict
    url = (
        f"postgres://{values['USER']}:{values['PASSWORD']}@{values['HOST']}:{values['PORT']}/{name}"
    )
    env = {**os.environ, "DATABASE_URL": url, "SCRM_ERASURE_JOURNAL": journal, "DJANGO_SETTINGS_MODULE": "scrm.settings.dev"}  # fmt: skip
    env.pop("PYTEST_VERSION", None)
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout


def test_a_restored_copy_forgets_again(older_copy: str, settings: Any, tmp_path: Path) -> None:
    # Given a backup of before an erasure
    settings.ERASURE_JOURNAL = str(tmp_path / "erasures.journal")
    contact = RelationFactory(contact__external_userid="wmRestore1", contact__name="王小明").contact
    members_upsert([MemberRow("R1", {"member_no": "R1", "phone": "+8613812345678"})], source="api")
    copy_to(older_copy)
    services.erase([contact.pk], cause=Erasure.Cause.REQUEST)
    assert ExternalContact.objects.get().name == ""
    # When the backup is put in use, and the journal is replayed, twice
    first = manage(older_copy, settings.ERASURE_JOURNAL, "erasure_replay")
    again = manage(older_copy, settings.ERASURE_JOURNAL, "erasure_replay")
    # Then the person is forgotten there too, and nobody else
    assert (first.strip().splitlines()[-1], again.strip().splitlines()[-1]) == (
        "1 of 1 erasures repeated",
        "0 of 1 erasures repeated",
    )
    values = connection.settings_dict
    copy = psycopg2.connect(dbname=older_copy, user=values["USER"], password=values["PASSWORD"], host=values["HOST"], port=values["PORT"])  # fmt: skip
    with copy.cursor() as cursor:
        cursor.execute(
            "SELECT name, external_userid LIKE 'erased-%' FROM customers_externalcontact"
        )
        assert cursor.fetchall() == [("", True)]
        cursor.execute("SELECT count(*) FROM customers_tombstone")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT member_no FROM customers_crmmember")
        assert cursor.fetchall() == [("R1",)]
    copy.close()
