"""The app itself as WeCom's admin console shows it (doc 90227)."""

from scrm.wecom.api.base import Area, now
from scrm.wecom.reading import flag, items, number, numbers, table, text
from scrm.wecom.types import Agent


class AgentApi(Area):
    """An app reads only itself."""

    def get(self, agent_id: int) -> Agent:
        """Return name, visible range and trusted domain; 40056 or 301002 for another app's number (doc 90227)."""
        started = now()
        data = self._read("agent/get", agentid=agent_id)
        users = tuple(text(row, "userid") for row in items(table(data, "allow_userinfos"), "user"))
        return Agent(
            agent_id=number(data, "agentid"),
            name=text(data, "name"),
            user_ids=users,
            department_ids=tuple(numbers(table(data, "allow_partys"), "partyid")),
            tag_ids=tuple(numbers(table(data, "allow_tags"), "tagid")),
            closed=flag(data, "close"),
            trusted_domain=text(data, "redirect_domain"),
            home_url=text(data, "home_url"),
            observed_at=started,
        )
