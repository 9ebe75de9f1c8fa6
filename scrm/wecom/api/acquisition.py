"""The paid acquisition assistant: what is left of it (doc 97375), its links and who came by them (97297, 97298, 100130)."""

from scrm.wecom.acquisition_types import (
    AcquisitionCustomer,
    AcquisitionCustomers,
    AcquisitionLinks,
    ChatInfo,
)
from scrm.wecom.api.base import Area, filled, now
from scrm.wecom.reading import items, number, table, text, texts
from scrm.wecom.types import AcquisitionQuota

LINK_ROWS, CUSTOMER_ROWS = 100, 1000
_PREFIX = "externalcontact/customer_acquisition"


class AcquisitionApi(Area):
    """48002 for a corp that has not bought it, or an app that may not use it."""

    def quota(self) -> AcquisitionQuota:
        """Return bought and remaining uses (doc 97375)."""
        started = now()
        data = self._read("externalcontact/customer_acquisition_quota")
        return AcquisitionQuota(number(data, "total"), number(data, "balance"), started)

    def links(self, cursor: str = "") -> AcquisitionLinks:
        """Return a page of this app's links (doc 97297)."""
        started = now()
        data = self._query(f"{_PREFIX}/list_link", filled(limit=LINK_ROWS, cursor=cursor or None))
        return AcquisitionLinks(
            tuple(texts(data, "link_id_list")), text(data, "next_cursor"), started
        )

    def customers(self, link_id: str, cursor: str = "") -> AcquisitionCustomers:
        """Return a page of the customers who came by a link, and whether they have written (doc 97298)."""
        started = now()
        body = filled(link_id=link_id, limit=CUSTOMER_ROWS, cursor=cursor or None)
        data = self._query(f"{_PREFIX}/customer", body)
        rows = tuple(
            AcquisitionCustomer(
                external_userid=text(row, "external_userid"),
                userid=text(row, "userid"),
                chat_status=number(row, "chat_status", 2),
                state=text(row, "state"),
            )
            for row in items(data, "customer_list")
        )
        return AcquisitionCustomers(rows, text(data, "next_cursor"), started)

    def chat_info(self, chat_key: str) -> ChatInfo:
        """Return whose messages an event with this key tells of; the key lives 30 minutes (doc 100130)."""
        started = now()
        data = self._query(f"{_PREFIX}/get_chat_info", {"chat_key": chat_key})
        info = table(data, "chat_info")
        return ChatInfo(
            text(data, "userid"),
            text(data, "external_userid"),
            number(info, "recv_msg_cnt"),
            started,
        )
