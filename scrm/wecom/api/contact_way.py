"""Contact ways (docs 92228): the codes customers scan."""

from collections.abc import Sequence
from datetime import datetime

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from scrm.wecom.api.base import Area, filled, now
from scrm.wecom.reading import items, table, text
from scrm.wecom.types import ContactWay, ContactWayCreated, IdPage

MOST_MEMBERS = 100
STATE_LENGTH = 30
REMARK_LENGTH = 30
SCENE_QR = 2
SINGLE, MULTI = 1, 2
_PICTURE_HOSTS = (".qpic.cn", ".qlogo.cn", ".work.weixin.qq.com")
_MOST_PICTURE = 2 * 1024 * 1024


class ContactWayApi(Area):
    """WeCom picks among the users of a way; keep every config_id, the admin console never shows them."""

    def add(
        self,
        users: Sequence[str],
        *,
        state: str = "",
        remark: str = "",
        skip_verify: bool = True,
        scene: int = SCENE_QR,
        type: int = MULTI,
    ) -> ContactWayCreated:
        """Create a permanent way for 1 to 100 active members (doc 92228); its type can never change.

        An unanswered call raises WeComUnknownOutcome: the way may exist; find it by `list` and its state.
        """
        started = now()
        body = filled(
            type=type,
            scene=scene,
            state=state or None,
            remark=remark or None,
            skip_verify=skip_verify,
            user=list(users),
        )
        data = self._write("externalcontact/add_contact_way", body)
        return ContactWayCreated(text(data, "config_id"), text(data, "qr_code"), started)

    def get(self, config_id: str) -> ContactWay:
        """Return a way; 41044 when it was deleted (doc 92228)."""
        started = now()
        data = self._query("externalcontact/get_contact_way", {"config_id": config_id})
        return ContactWay.read(table(data, "contact_way"), started)

    def update(
        self,
        config_id: str,
        *,
        users: Sequence[str] | None = None,
        remark: str | None = None,
        skip_verify: bool | None = None,
        state: str | None = None,
    ) -> None:
        """Overwrite the given fields; `users` is the whole list. Type and scene stay (doc 92228)."""
        body = filled(
            config_id=config_id,
            user=None if users is None else list(users),
            remark=remark,
            skip_verify=skip_verify,
            state=state,
        )
        self._write("externalcontact/update_contact_way", body)

    def delete(self, config_id: str) -> None:
        """Delete a way; its printed codes stop working (doc 92228)."""
        self._write("externalcontact/del_contact_way", {"config_id": config_id})

    def list(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        cursor: str = "",
        limit: int = 1000,
    ) -> IdPage:
        """Return a page of config_ids by time of creation (doc 92228)."""
        started = now()
        body = filled(
            start_time=int(start.timestamp()) if start else None,
            end_time=int(end.timestamp()) if end else None,
            cursor=cursor or None,
            limit=limit,
        )
        data = self._query("externalcontact/list_contact_way", body)
        ids = tuple(text(row, "config_id") for row in items(data, "contact_way"))
        return IdPage(ids, text(data, "next_cursor"), started)

    def picture(self, url: str) -> bytes:
        """Return the QR picture behind an address WeCom gave; raises ValueError for any other host."""
        address = picture_address(url, self._client.api_base)
        picture = self._client.fetch_public(address, name="contact way picture")
        if len(picture) > _MOST_PICTURE:
            raise ValueError("the picture is too large")
        return picture


def picture_address(url: str, api_base: str) -> str:
    """Return the address to fetch a picture from, read as the HTTP library reads it; raises ValueError."""
    # Readers of addresses differ on these, and an account in one is never WeCom's.
    if "\\" in url or "@" in url or not url.isprintable():
        raise ValueError("the address of the picture is not one of WeCom's")
    found, own = _parsed(url), _parsed(api_base)
    if (found.scheme, found.netloc) == (own.scheme, own.netloc):
        return url
    if not f".{found.host}".endswith(_PICTURE_HOSTS) or found.port not in (None, 80, 443):
        raise ValueError(f"{found.host} is not a picture host of WeCom's")
    # WeCom gives some addresses with http; its hosts answer by https as well.
    return found._replace(scheme="https", port=None).url


def _parsed(url: str) -> Url:
    try:
        found = parse_url(url)
    except LocationParseError:
        raise ValueError("the address of the picture cannot be read") from None
    if found.scheme not in ("http", "https") or not found.host:
        raise ValueError("the address of the picture is not a web address")
    return found
