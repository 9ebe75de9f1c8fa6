"""Login and phone number of the mini program (wechat.md §14)."""

import hashlib
import hmac

from scrm.wechat.api.base import Area
from scrm.wechat.errors import WeChatPermanent
from scrm.wechat.types import PhoneNumber, Session
from scrm.wecom.reading import number, optional, table, text
from scrm.wecom.secret import Secret

_SESSION_OVER = 87009


class ProgramApi(Area):
    """Login codes and phone codes are different things: each works once, for five minutes, at its own endpoint."""

    def jscode2session(self, code: str) -> Session:
        """Return who logged in (code2Session); 40029, 40163 (used before), 40226 (blocked), 45011."""
        code = Secret(code)  # this frame may be printed
        params = {
            "appid": self._client.appid,
            "secret": self._client.secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        data = self._client.call("GET", "sns/jscode2session", params=params, token=False)
        return Session(
            openid=text(data, "openid"),
            unionid=optional(data, "unionid"),
            session_key=Secret(text(data, "session_key")),
        )

    def checksession(self, session: Session) -> bool:
        """Return whether WeChat still holds to a session."""
        signature = hmac.new(session.session_key.encode(), b"", hashlib.sha256).hexdigest()
        try:
            self._read(
                "wxa/checksession",
                openid=session.openid,
                signature=signature,
                sig_method="hmac_sha256",
            )
        except WeChatPermanent as refusal:
            if refusal.errcode == _SESSION_OVER:
                return False
            raise
        return True

    def getuserphonenumber(self, code: str, openid: str = "") -> PhoneNumber:
        """Return the number behind a phone code (getPhoneNumber); with `openid` it must be that person's.

        The code is used up by the call: an unknown outcome cannot be repeated.
        """
        code = Secret(code)  # this frame may be printed
        data = {"code": code} | ({"openid": openid} if openid else {})
        info = table(self._write("wxa/business/getuserphonenumber", data), "phone_info")
        # A number in the samples, a text in the table of fields.
        country, pure = number(info, "countryCode", 86), text(info, "purePhoneNumber")
        return PhoneNumber(Secret(pure), country, Secret(f"+{country}{pure}"))
