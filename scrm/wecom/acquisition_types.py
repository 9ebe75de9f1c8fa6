"""What WeCom tells of acquisition links and of whoever came by them."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class AcquisitionLinks:
    """A page of the ids of acquisition links; `next_cursor` is "" at the end."""

    link_ids: tuple[str, ...]
    next_cursor: str
    observed_at: datetime


@dataclass(frozen=True)
class AcquisitionCustomer:
    """Who came by a link; `chat_status` 0 has not written, 1 has, 2 WeCom does not know (doc 97298)."""

    external_userid: str
    userid: str
    chat_status: int
    state: str


@dataclass(frozen=True)
class AcquisitionCustomers:
    """A page of customers of a link; `next_cursor` is "" at the end."""

    rows: tuple[AcquisitionCustomer, ...]
    next_cursor: str
    observed_at: datetime


@dataclass(frozen=True)
class ChatInfo:
    """Whose chat a key stands for, and how many messages the customer had written then (doc 100130)."""

    userid: str
    external_userid: str
    received: int
    observed_at: datetime
