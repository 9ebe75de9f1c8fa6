"""What happens to an app as a whole: closed and opened again, servers that move."""

import pytest

from tests.wecom_sandbox.client import Api, Receiver
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control, ControlError


def test_an_unused_app_is_closed_and_opened_again(
    app: Api, control: Control, receiver: Receiver
) -> None:
    told = {"app": "scrm", "closed": True}
    control.post("app_closed", told)
    control.post("app_closed", told)
    assert app.get("agent/get", agentid=defaults.AGENT_ID)["close"] == 1
    control.post("app_closed", told | {"closed": False})
    assert app.get("agent/get", agentid=defaults.AGENT_ID)["close"] == 0
    control.post("wait_idle", {"timeout": 10})

    names = [event["Event"] for event in receiver.events]
    assert sorted(names) == ["close_inactive_agent", "reopen_inactive_agent"]
    for other in ("contacts", "nobody"):
        with pytest.raises(ControlError, match="no app"):
            control.post("app_closed", {"app": other, "closed": True})


def test_servers_move_and_every_app_hears_of_it(app: Api, control: Control) -> None:
    assert app.get("get_api_domain_ip")["ip_list"] == ["127.0.0.1"]
    control.post("api_addresses", {"ips": ["192.0.2.1", "192.0.2.2"]})

    assert app.get("get_api_domain_ip")["ip_list"] == ["192.0.2.1", "192.0.2.2"]
    told = control.get("ledger/callbacks", event="security", change_type="change_domain_ip")
    assert [row["app"] for row in told] == [one.name for one in defaults.APPS]
