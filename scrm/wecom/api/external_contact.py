"""Customers and follow relations (docs 92113, 92114, 92571, 92994, 92118), and their transfer (92124, 92125)."""

from collections.abc import Sequence

from scrm.wecom.api.base import Area, filled, now
from scrm.wecom.deadline import WALK_SECONDS, Deadline
from scrm.wecom.errors import NO_RELATION_CODE, WeComPermanent
from scrm.wecom.paging import Pages, RawPage
from scrm.wecom.reading import flag, items, moment, number, table, text, texts
from scrm.wecom.types import (
    ConvertedId,
    ExternalContact,
    ExternalContactDetail,
    ExternalContactPage,
    ExternalContactRow,
    FollowInfo,
    TransferAnswer,
    TransferResult,
    Unassigned,
    UnassignedPage,
)

BATCH_MEMBERS = 100
BATCH_ROWS = 100
TRANSFER_CUSTOMERS = 100
TRANSFER_MESSAGE = 200
# Followers of one customer, results of one pair: never so many pages.
MOST_PAGES = 200


class ExternalContactApi(Area):
    """Needs an app among those that may call customer contact."""

    def get_follow_user_list(self) -> tuple[str, ...]:
        """Return the userids of members with customer contact switched on (doc 92571)."""
        return tuple(texts(self._read("externalcontact/get_follow_user_list"), "follow_user"))

    def list(self, userid: str) -> tuple[str, ...]:
        """Return a member's external_userids; a member without customers has none, not 84061 (doc 92113)."""
        try:
            return tuple(
                texts(self._read("externalcontact/list", userid=userid), "external_userid")
            )
        except WeComPermanent as failure:
            if failure.errcode != NO_RELATION_CODE:
                raise
            return ()

    def get(self, external_userid: str) -> ExternalContactDetail:
        """Return a customer with all followers the app may see, over all pages (doc 92114)."""
        started = now()
        endpoint, deadline = "externalcontact/get", Deadline()
        pages = Pages(
            lambda cursor: RawPage(
                self._client.call(
                    "GET",
                    endpoint,
                    params={"external_userid": external_userid, "cursor": cursor},
                    deadline=deadline,
                )
            ),
            endpoint,
            most=MOST_PAGES,
        )
        found = [page.data for page in pages]
        follows = [FollowInfo.read(row) for data in found for row in items(data, "follow_user")]
        contact = ExternalContact.read(table(found[0], "external_contact"))
        return ExternalContactDetail(contact, tuple(follows), started)

    def batch_get_by_user(
        self, userids: Sequence[str], cursor: str = "", limit: int = BATCH_ROWS
    ) -> ExternalContactPage:
        """Return a page of the customers of at most 100 members, one row a relation (doc 92994).

        Raises ValueError for more than 100 userids.
        """
        if not 0 < len(userids) <= BATCH_MEMBERS:
            raise ValueError(f"1 to {BATCH_MEMBERS} userids a call")
        started = now()
        body = filled(userid_list=list(userids), cursor=cursor or None, limit=limit)
        data = self._query("externalcontact/batch/get_by_user", body)
        rows = tuple(
            ExternalContactRow(
                ExternalContact.read(table(row, "external_contact")),
                FollowInfo.read(table(row, "follow_info")),
            )
            for row in items(data, "external_contact_list")
        )
        return ExternalContactPage(rows, text(data, "next_cursor"), started)

    def batch_pages(
        self, userids: Sequence[str], cursor: str = "", limit: int = BATCH_ROWS
    ) -> Pages[ExternalContactPage]:
        """Walk every page of the given (at most 100) members (doc 92994).

        `cursor` goes on where an earlier walk stopped; when it has expired, the walk begins again.
        """
        return Pages(
            lambda position: self.batch_get_by_user(userids, position, limit),
            "externalcontact/batch/get_by_user",
            cursor=cursor,
            restarts=True,
        )

    def remark(
        self,
        userid: str,
        external_userid: str,
        *,
        remark: str | None = None,
        description: str | None = None,
        remark_company: str | None = None,
        remark_mobiles: Sequence[str] | None = None,
    ) -> None:
        """Write a member's remark (at most 20 characters); mobiles overwrite the whole list (doc 92115)."""
        mobiles = None if remark_mobiles is None else (list(remark_mobiles) or [""])
        body = filled(
            userid=userid,
            external_userid=external_userid,
            remark=remark,
            description=description,
            remark_company=remark_company,
            remark_mobiles=mobiles,
        )
        self._write("externalcontact/remark", body)

    def mark_tag(
        self,
        userid: str,
        external_userid: str,
        add_tag: Sequence[str] = (),
        remove_tag: Sequence[str] = (),
    ) -> None:
        """Add and remove corp tags of one relation; serialise per pair (doc 92118). 84061 without a relation."""
        body = filled(
            userid=userid,
            external_userid=external_userid,
            add_tag=list(add_tag) or None,
            remove_tag=list(remove_tag) or None,
        )
        self._write("externalcontact/mark_tag", body)

    def unionid_to_external_userid(
        self, unionid: str, openid: str, subject_type: int = 0
    ) -> ConvertedId:
        """Return the external_userid of a WeChat user, or a pending_id until they are added (doc 95926)."""
        started = now()
        body = {"unionid": unionid, "openid": openid, "subject_type": subject_type}
        data = self._query("idconvert/unionid_to_external_userid", body)
        return ConvertedId(text(data, "external_userid"), text(data, "pending_id"), started)

    def transfer_customer(
        self,
        handover_userid: str,
        takeover_userid: str,
        external_userids: Sequence[str],
        message: str = "",
    ) -> tuple[TransferAnswer, ...]:
        """Ask to hand at most 100 customers of a member in service to another (doc 92125).

        Each customer has an answer of its own; they may refuse within 24 hours, else they are handed over.
        message (at most 200 characters) is what they read. Raises ValueError for too many.
        """
        return self._transfer(
            "externalcontact/transfer_customer",
            handover_userid,
            takeover_userid,
            external_userids,
            message,
        )

    def resigned_transfer_customer(
        self, handover_userid: str, takeover_userid: str, external_userids: Sequence[str]
    ) -> tuple[TransferAnswer, ...]:
        """Hand at most 100 customers of a deleted member to another (doc 94081)."""
        return self._transfer(
            "externalcontact/resigned/transfer_customer",
            handover_userid,
            takeover_userid,
            external_userids,
            "",
        )

    def _transfer(
        self,
        endpoint: str,
        handover_userid: str,
        takeover_userid: str,
        external_userids: Sequence[str],
        message: str,
    ) -> tuple[TransferAnswer, ...]:
        if not 0 < len(external_userids) <= TRANSFER_CUSTOMERS:
            raise ValueError(f"1 to {TRANSFER_CUSTOMERS} customers a call")
        body = filled(
            handover_userid=handover_userid,
            takeover_userid=takeover_userid,
            external_userid=[*external_userids],
            transfer_success_msg=message[:TRANSFER_MESSAGE] or None,
        )
        data = self._write(endpoint, body)
        return tuple(
            TransferAnswer(text(row, "external_userid"), number(row, "errcode"))
            for row in items(data, "customer")
        )

    def transfer_result(
        self, handover_userid: str, takeover_userid: str
    ) -> tuple[TransferResult, ...]:
        """Return how all customers asked for a pair in service stand, over all pages (doc 94088)."""
        return self._results("externalcontact/transfer_result", handover_userid, takeover_userid)

    def resigned_transfer_result(
        self, handover_userid: str, takeover_userid: str
    ) -> tuple[TransferResult, ...]:
        """Return how all customers of a deleted member asked for a successor stand (doc 94082)."""
        endpoint = "externalcontact/resigned/transfer_result"
        return self._results(endpoint, handover_userid, takeover_userid)

    def _results(
        self, endpoint: str, handover_userid: str, takeover_userid: str
    ) -> tuple[TransferResult, ...]:
        body = {"handover_userid": handover_userid, "takeover_userid": takeover_userid}
        deadline = Deadline(WALK_SECONDS)
        pages = Pages(
            lambda cursor: RawPage(
                self._client.call(
                    "POST", endpoint, data=filled(**body, cursor=cursor or None), deadline=deadline
                )
            ),
            endpoint,
            most=MOST_PAGES,
        )
        return tuple(
            TransferResult(
                text(row, "external_userid"), number(row, "status"), moment(row, "takeover_time")
            )
            for page in pages
            for row in items(page.data, "customer")
        )

    def get_unassigned_list(self, cursor: str = "", page_size: int = 1000) -> UnassignedPage:
        """Return a page of the customers of deleted members (doc 92124)."""
        started = now()
        body = filled(cursor=cursor or None, page_size=page_size)
        data = self._query("externalcontact/get_unassigned_list", body)
        rows = tuple(
            Unassigned(
                text(row, "handover_userid"),
                text(row, "external_userid"),
                moment(row, "dimission_time"),
            )
            for row in items(data, "info")
        )
        following = "" if flag(data, "is_last") else text(data, "next_cursor")
        return UnassignedPage(rows, following, started)
