"""The app itself, and the acquisition assistant's quota."""

from tests.wecom_sandbox.client import Api
from wecom_sandbox import defaults
from wecom_sandbox.testing import Control


def test_an_app_reads_itself_with_range_and_domain(app: Api, control: Control) -> None:
    control.post("trusted_domains", {"domains": ["scrm.example.com"]})

    answer = app.get("agent/get", agentid=str(defaults.AGENT_ID))

    assert (answer["agentid"], answer["close"]) == (defaults.AGENT_ID, 0)
    assert answer["redirect_domain"] == "scrm.example.com"
    assert answer["allow_partys"] == {"partyid": [1]}


def test_other_apps_and_secrets_are_refused(app: Api, contacts: Api) -> None:
    assert app.code("agent/get") == 41011
    assert app.code("agent/get", agentid="abc") == 40056
    assert app.code("agent/get", agentid="1000099") == 301002
    assert contacts.code("agent/get", agentid=str(defaults.AGENT_ID)) == 48002


def test_the_quota_of_the_acquisition_assistant(app: Api, contacts: Api) -> None:
    answer = app.get("externalcontact/customer_acquisition_quota")

    assert (answer["total"], answer["balance"]) == (1000, 1000)
    assert contacts.code("externalcontact/customer_acquisition_quota") == 48002
