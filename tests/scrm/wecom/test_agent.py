"""The app and the quota as types."""

from scrm.wecom.client import WeComClient
from tests.scrm.wecom.conftest import Server, says


def test_the_app_is_read_with_missing_parts(server: Server, client: WeComClient) -> None:
    server.does(
        "agent/get",
        says({
            "errcode": 0, "agentid": 1000005, "name": "SCRM", "close": 1, "redirect_domain": "a.example.com",
            "allow_userinfos": {"user": [{"userid": "li"}]}, "allow_partys": None, "allow_tags": {"tagid": [1, 2]},
        }),
    )  # fmt: skip

    agent = client.agent.get(1000005)

    assert (agent.agent_id, agent.name, agent.closed) == (1000005, "SCRM", True)
    assert (agent.user_ids, agent.department_ids, agent.tag_ids) == (("li",), (), (1, 2))
    assert (agent.trusted_domain, agent.home_url) == ("a.example.com", "")
    assert "agentid=1000005" in server.requests[-1]


def test_the_quota_is_read(server: Server, client: WeComClient) -> None:
    server.does(
        "externalcontact/customer_acquisition_quota",
        says({"errcode": 0, "total": 1000, "balance": 12}),
    )

    quota = client.acquisition.quota()

    assert (quota.total, quota.balance) == (1000, 12)
