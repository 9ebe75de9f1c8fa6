import http.client
import json
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.wecom_sandbox.client import Api, code, shop
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError


def connection(app: Api) -> http.client.HTTPConnection:
    """A bare connection to the sandbox."""
    return http.client.HTTPConnection(urlsplit(app.base_url).netloc, timeout=5)


def test_over_the_limit_only_that_api_is_blocked(app: Api, control: Control) -> None:
    shop(control)
    control.post("rates", {"api": "user/get", "per_minute": 3})

    codes = [app.code("user/get", userid="guide0001") for _ in range(5)]

    assert codes == [0, 0, 0, 45009, 45009]
    assert app.code("department/list") == 0
    control.post("clock", {"advance": 59})
    assert app.code("user/get", userid="guide0001") == 45009
    control.post("clock", {"advance": 2})
    assert app.code("user/get", userid="guide0001") == 0
    text = app.get("user/get", userid="nobody")["errmsg"]
    assert text == "userid not found"


def test_an_address_off_the_list_is_refused(app: Api, control: Control) -> None:
    control.post("trusted_ips", {"ips": ["10.0.0.1"]})
    answer = app.get("department/list")

    assert answer["errcode"] == 60020
    assert "from ip: 127.0.0.1" in answer["errmsg"]
    control.post("trusted_ips", {"ips": ["127.0.0.1"]})
    assert app.code("department/list") == 0


def test_too_many_at_once(app: Api, control: Control) -> None:
    control.post("rates", {"api": "department/list", "concurrency": 0})

    assert app.code("department/list") == 45033
    assert app.code("department/simplelist") == 0


def test_wrong_json_and_wrong_method(app: Api) -> None:
    line = connection(app)
    path = f"/cgi-bin/user/list_id?access_token={Api.token.fget(app)}"  # type: ignore[attr-defined]
    line.request("POST", path, body=b"{not json")
    broken = json.loads(line.getresponse().read())

    assert broken["errcode"] == 48002
    line.request("POST", path.replace("user/list_id", "message/send"), body=b"{not json")
    broken = json.loads(line.getresponse().read())
    assert (broken["errcode"], "wrong json format" in broken["errmsg"]) == (47001, True)
    assert app.code("message/send") == 43002
    assert app.code("department/list", {"a": 1}) == 43001


def test_an_unsupported_path_says_so(app: Api) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        app.get("externalcontact/to_service_external_userid")

    answer = json.loads(refused.value.read())
    assert (refused.value.code, answer["errcode"]) == (404, 404)
    path = "/cgi-bin/externalcontact/to_service_external_userid"
    assert answer["errmsg"].startswith(f"the sandbox does not implement GET {path}")
    assert "95195" in answer["errmsg"]


def test_an_ordered_code_comes_a_number_of_times(app: Api, control: Control) -> None:
    shop(control)
    control.post("faults", {"endpoint": "user/*", "kind": "errcode", "value": -1, "count": 2})

    codes = [app.code("user/get", userid="guide0001") for _ in range(3)]

    assert codes == [-1, -1, 0]
    assert [one["hits"] for one in control.get("faults")] == [2]
    calls = control.get("ledger/calls", api="user/get")
    assert [(one["fault"], one["errcode"]) for one in calls] == [
        ("errcode", None), ("errcode", None), ("", 0),
    ]  # fmt: skip


def test_a_rate_is_drawn_from_the_seed(app: Api, control: Control) -> None:
    def codes() -> list[int]:
        control.delete("faults")
        fault = {
            "endpoint": "getcallbackip",
            "kind": "errcode",
            "value": -1,
            "rate": 0.5,
            "seed": 4,
        }
        control.post("faults", fault)
        return [app.code("getcallbackip") for _ in range(20)]

    first = codes()

    assert codes() == first
    assert set(first) == {0, -1}


def test_html_and_500(app: Api, control: Control) -> None:
    control.post("faults", {"endpoint": "getcallbackip", "kind": "html", "count": 1})
    line = connection(app)
    line.request("GET", f"/cgi-bin/getcallbackip?access_token={app.token}")
    page = line.getresponse()

    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.read().startswith(b"<html>")
    control.post(
        "faults", {"endpoint": "getcallbackip", "kind": "http_500", "value": 503, "count": 1}
    )
    line.request("GET", f"/cgi-bin/getcallbackip?access_token={app.token}")
    assert line.getresponse().status == 503


def test_a_truncated_answer_breaks_off(app: Api, control: Control) -> None:
    token = app.token
    control.post("faults", {"endpoint": "getcallbackip", "kind": "truncated", "count": 1})
    line = connection(app)
    line.request("GET", f"/cgi-bin/getcallbackip?access_token={token}")
    answer = line.getresponse()

    with pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()
    assert len(broken.value.partial) == int(answer.headers["Content-Length"]) // 2


def test_a_reset_is_a_reset_also_on_a_kept_connection(app: Api, control: Control) -> None:
    token = app.token
    line = connection(app)
    line.request("GET", f"/cgi-bin/getcallbackip?access_token={token}")
    assert line.getresponse().read()
    control.post("faults", {"endpoint": "getcallbackip", "kind": "reset", "count": 1})

    line.request("GET", f"/cgi-bin/getcallbackip?access_token={token}")
    with pytest.raises(ConnectionResetError):
        line.getresponse()
    assert app.code("getcallbackip") == 0


def test_a_stall_says_nothing_and_others_are_served(app: Api, control: Control) -> None:
    token = app.token
    control.post("faults", {"endpoint": "getcallbackip", "kind": "stall", "value": 5.0, "count": 1})
    line = connection(app)
    line.timeout = 0.3
    started = time.monotonic()
    line.request("GET", f"/cgi-bin/getcallbackip?access_token={token}")

    with pytest.raises(TimeoutError):
        line.getresponse()
    assert app.code("getcallbackip") == 0
    assert time.monotonic() - started < 4.0


def test_a_drip_takes_its_time(app: Api, control: Control) -> None:
    token = app.token
    control.post("faults", {"endpoint": "getcallbackip", "kind": "drip", "value": 0.5, "count": 1})
    line = connection(app)
    started = time.monotonic()
    line.request("GET", f"/cgi-bin/getcallbackip?access_token={token}")
    answer = json.loads(line.getresponse().read())

    assert answer["errcode"] == 0
    assert 0.4 < time.monotonic() - started < 3


def test_a_fault_may_come_after_the_effect(app: Api, control: Control) -> None:
    users = shop(control)
    control.post(
        "faults",
        {
            "endpoint": "externalcontact/add_contact_way",
            "kind": "http_500",
            "after": True,
            "count": 1,
        },
    )

    with pytest.raises(urllib.error.HTTPError):
        code(app, users)

    assert len(control.get("ledger/contact_ways")) == 1


def test_the_control_api_has_no_faults_and_refuses_nonsense(control: Control) -> None:
    control.post("faults", {"endpoint": "*", "kind": "http_500"})

    assert control.get("status")["ok"] is True
    for body in ({"kind": "poem"}, {"kind": "errcode"}, {"kind": "html", "rate": 2}, {}):
        with pytest.raises(ControlError) as refused:
            control.post("faults", body)
        assert refused.value.status == 400
    assert control.delete("faults") == {"ok": True}
    assert control.get("faults") == []


def test_many_threads_get_one_token_and_lose_nothing(app: Api, control: Control) -> None:
    config_id = code(app, shop(control))

    def scan(number: int) -> str:
        added = control.post("scan", {"config_id": config_id, "person_id": f"p{number:06d}"})
        return str(added["userid"])

    def token(_: int) -> str:
        answer = app.raw("gettoken", corpid=defaults.CORP_ID, corpsecret=defaults.CONTACT_SECRET)
        return str(answer["access_token"])

    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(token, range(64)))
        receivers = list(pool.map(scan, range(1, 61)))

    assert len(tokens) == 1
    assert sorted(receivers) == sorted(["guide0001", "guide0002", "guide0003"] * 20)
    assert len(control.get("ledger/relations")) == 60


def test_the_ledger_of_calls_hides_secrets(app: Api, control: Control) -> None:
    app.get("getcallbackip")
    app.raw("getcallbackip", access_token="made-up")

    calls = control.get("ledger/calls")
    assert [(one["api"], one["app"], one["errcode"]) for one in calls] == [
        ("gettoken", "", 0), ("getcallbackip", "scrm", 0), ("getcallbackip", "", 40014),
    ]  # fmt: skip
    text = json.dumps(calls)
    assert app.token not in text
    assert defaults.APP_SECRET not in text


def test_a_reset_is_fast(control: Control) -> None:
    shop(control, 20)
    taken = []
    for _ in range(10):
        started = time.monotonic()
        control.post("reset", {"seed": 1, "people": 300})
        taken.append(time.monotonic() - started)

    assert min(taken) < 0.05
    assert control.get("ledger/members") == []
