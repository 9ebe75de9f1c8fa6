"""The demo's OA: what its interface says through the mapping is what the files say."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from contacts.oa_sync.sources.feeds import rest_settings
from contacts.oa_sync.sources.mapping import FieldMapping, MappedSource
from scrm.core.feeds.rest import RestFeed
from scrm.demo.oa import DemoOa, OaServer, mapping
from scrm.demo.oa_files import make_oa_files


@pytest.fixture
def address(settings: Any) -> Iterator[str]:
    server = OaServer(DemoOa("token"))
    server.start()
    settings.OA_HOSTS = [server.base_url]
    yield server.base_url
    server.stop()


def test_without_the_token_it_says_nothing(address: str) -> None:
    assert requests.get(f"{address}/api/employees", timeout=5).status_code == 401
    assert requests.get(f"{address}/nothing", timeout=5).status_code == 404


def test_it_says_what_the_files_say(address: str) -> None:
    # when
    options = {
        "origin": address, "paths": {"departments": "/api/departments", "employees": "/api/employees"},
        "auth": "bearer", "rows_path": "data.items", "ok_check": "code=0", "paging": "page",
        "total_path": "data.total",
    }  # fmt: skip
    known = rest_settings(options, "token")
    source = MappedSource(RestFeed(known), FieldMapping(mapping()))
    found = [(row.number, list(row.values.values())) for row in source.employees()]

    # then
    lines = list(csv.reader(io.StringIO(make_oa_files().employees_csv.decode("gbk"))))
    assert found == list(enumerate(lines[1:], 2))
    assert len(list(source.departments())) == len(make_oa_files().departments) + 2
