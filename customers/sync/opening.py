"""Asks WeCom who of the acquisition links' customers has written; for all other ways of adding it does not tell."""

from collections.abc import Iterator

import structlog

from customers.relations.opened import Told, opened_told
from customers.relations.opened_models import OpenedChat
from scrm.core.gateway import wecom
from scrm.wecom.acquisition_types import AcquisitionCustomers
from scrm.wecom.errors import WeComPermanent, WeComPermission
from scrm.wecom.paging import Pages

logger = structlog.get_logger(__name__)
# chat_status of doc 97298; 2 is "WeCom does not know", and so do we.
STATES = {0: OpenedChat.State.SILENT, 1: OpenedChat.State.OPENED}
MOST_PAGES = 10_000


def links_read() -> int:
    """Read all links' customers and keep who has written; returns how many relations know more than before.

    A corp without the acquisition assistant, or an app that may not use it, has nothing to read. One link that
    cannot be read leaves the others as they are. Raises WeComError where WeCom gives no answer.
    """
    found = 0
    for link_id in _link_ids():
        try:
            for page in _customers(link_id):
                found += opened_told(_told(page))
        except WeComPermanent as error:
            logger.warning("customers.opened.link", link=link_id, errcode=error.errcode)
    return found


def _link_ids() -> Iterator[str]:
    api = wecom(lane="sync").acquisition
    try:
        for page in Pages(
            api.links, "externalcontact/customer_acquisition/list_link", most=MOST_PAGES
        ):
            yield from page.link_ids
    except (WeComPermission, WeComPermanent) as error:
        logger.info("customers.opened.no_links", errcode=error.errcode)


def _customers(link_id: str) -> Pages[AcquisitionCustomers]:
    api = wecom(lane="sync").acquisition
    return Pages(
        lambda cursor: api.customers(link_id, cursor),
        "externalcontact/customer_acquisition/customer",
        restarts=True,
        most=MOST_PAGES,
    )


def _told(page: AcquisitionCustomers) -> list[Told]:
    return [
        Told(
            userid=row.userid,
            external_userid=row.external_userid,
            state=STATES[row.chat_status].value,
            source=OpenedChat.Source.LINK_LIST.value,
            at=page.observed_at,
        )
        for row in page.rows
        if row.chat_status in STATES and row.userid
    ]
