"""Faults by order: every kind on APIs and pages, at rates that repeat from their seed."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.wecom_sandbox.client import Api
from wecom_sandbox.testing import Control, ControlError


def asked(app: Api, path: str) -> http.client.HTTPResponse:
    """The answer to a GET of any path, body unread."""
    line = http.client.HTTPConnection(urlsplit(app.base_url).netloc, timeout=5)
    line.request("GET", path)
    return line.getresponse()


def hits(app: Api, control: Control, orders: list[dict[str, Any]], times: int = 30) -> list[int]:
    """The errcodes of a row of calls under fresh orders."""
    control.delete("faults")
    for order in orders:
        control.post("faults", order)
    return [app.code("getcallbackip") for _ in range(times)]


def test_each_fault_has_dice_of_its_own(app: Api, control: Control) -> None:
    first = {"endpoint": "getcallbackip", "kind": "errcode", "value": 45009, "rate": 0.3, "seed": 4}
    other = {"endpoint": "user/*", "kind": "errcode", "value": -1, "rate": 0.5, "seed": 9}

    alone = hits(app, control, [first])
    beside = hits(app, control, [other, first])

    assert alone == beside
    assert 3 <= alone.count(45009) <= 18
    assert hits(app, control, [{**first, "seed": 5}]) != alone


def test_every_code_can_be_ordered_at_a_rate_beside_others(app: Api, control: Control) -> None:
    codes = (-1, 40014, 42001, 45009, 45033, 48002, 60011, 60020, 84061)
    orders = [
        {"endpoint": "getcallbackip", "kind": "errcode", "value": code, "rate": 0.2, "seed": code + 2}
        for code in codes
    ]  # fmt: skip

    seen = hits(app, control, orders, times=150)

    assert set(seen) == {0, *codes}
    counted = {int(row["value"]): row["hits"] for row in control.get("faults")}
    assert counted == {code: seen.count(code) for code in codes}


@pytest.mark.parametrize("text", ["[]", "", '{"errcode": "0"}', '{"access_token": 7}', "null"])
def test_a_body_of_any_text_comes_instead(app: Api, control: Control, text: str) -> None:
    token = app.token
    control.post("faults", {"endpoint": "getcallbackip", "kind": "body", "text": text, "count": 1})

    answer = asked(app, f"/cgi-bin/getcallbackip?access_token={token}")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.read() == text.encode()
    assert app.code("getcallbackip") == 0


def test_a_body_in_another_charset(app: Api, control: Control) -> None:
    order = {
        "endpoint": "getcallbackip",
        "kind": "body",
        "text": '{"errcode":0,"n":"张"}',
        "charset": "gb18030",
    }
    control.post("faults", order | {"value": 429, "count": 1})

    answer = asked(app, f"/cgi-bin/getcallbackip?access_token={app.token}")

    assert answer.status == 429
    assert answer.read() == order["text"].encode("gb18030")


@pytest.mark.parametrize("page", ["/phone", "/connect/oauth2/authorize", "/"])
def test_pages_have_faults_too(app: Api, control: Control, page: str) -> None:
    before = asked(app, page).status
    control.post("faults", {"endpoint": page, "kind": "http_500", "value": 503, "count": 1})
    control.post("faults", {"endpoint": page, "kind": "html", "value": 200, "count": 1})
    control.post("faults", {"endpoint": page, "kind": "reset", "count": 1})

    assert asked(app, page).status == 503
    assert asked(app, page).read().startswith(b"<html><head><title>502")
    with pytest.raises(ConnectionResetError):
        asked(app, page)
    assert asked(app, page).status == before


def test_a_page_can_be_cut_off_and_slow(app: Api, control: Control) -> None:
    whole = asked(app, "/phone").read()
    control.post("faults", {"endpoint": "/phone", "kind": "truncated", "value": 0.25, "count": 1})
    with pytest.raises(http.client.IncompleteRead) as broken:
        asked(app, "/phone").read()
    assert len(broken.value.partial) == len(whole) // 4

    control.post("faults", {"endpoint": "/phone", "kind": "latency", "value": 0.3, "count": 1})
    started = time.monotonic()
    assert asked(app, "/phone").read() == whole
    assert 0.3 <= time.monotonic() - started < 2


def test_latency_is_spread_by_its_seed(app: Api, control: Control) -> None:
    token = app.token

    def pauses() -> list[float]:
        control.delete("faults")
        order = {
            "endpoint": "getcallbackip",
            "kind": "latency",
            "value": 0.0,
            "spread": 0.2,
            "seed": 3,
        }
        control.post("faults", order)
        found = []
        for _ in range(4):
            asked(app, f"/cgi-bin/getcallbackip?access_token={token}").read()
            found.append(control.get("faults")[0]["pause"])
        return found

    first = pauses()

    assert pauses() == first
    assert len(set(first)) == 4
    assert max(first) <= 0.2


def test_a_slow_call_holds_its_place_among_those_under_way(app: Api, control: Control) -> None:
    token = app.token
    control.post("rates", {"api": "getcallbackip", "concurrency": 2})
    control.post("faults", {"endpoint": "getcallbackip", "kind": "latency", "value": 0.4})

    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(
            lambda _number: app.raw("getcallbackip", access_token=token)["errcode"], range(6)
        )
        assert sorted(answers) == [0, 0, 45033, 45033, 45033, 45033]
    assert app.code("getcallbackip") == 0


def test_what_an_order_may_not_be(control: Control) -> None:
    wrong = [
        {"kind": "body", "charset": "klingon"},
        {"kind": "html", "colour": "red"},
        {"kind": "body", "text": 7},
        {"kind": "html", "rate": "half"},
        {"kind": 7},
    ]
    for body in wrong:
        with pytest.raises(ControlError) as refused:
            control.post("faults", body)
        assert refused.value.status == 400
        assert refused.value.body["error"]

    assert control.get("faults") == []


def test_an_effect_may_come_before_any_broken_answer(app: Api, control: Control) -> None:
    for kind in ("html", "body", "http_500", "errcode"):
        order = {"endpoint": "department/list", "kind": kind, "after": True, "count": 1}
        control.post("faults", order | ({"value": -1} if kind == "errcode" else {}))
        asked(app, f"/cgi-bin/department/list?access_token={app.token}").read()

    calls = control.get("ledger/calls", api="department/list")
    assert [(row["fault"], row["errcode"]) for row in calls] == [
        (kind, 0) for kind in ("html", "body", "http_500", "errcode")
    ]
    assert json.dumps(calls).count("access_token") == 0
