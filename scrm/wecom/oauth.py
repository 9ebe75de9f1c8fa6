"""Login by WeCom: in its browser (doc 91022), by QR code (98171), and who came back (91023)."""

from urllib.parse import urlencode

from scrm.wecom.api.base import Area
from scrm.wecom.reading import text
from scrm.wecom.types import UserInfo


class OAuthApi(Area):
    """Codes live five minutes and work once (40029)."""

    def authorize_url(self, redirect_uri: str, state: str, scope: str = "snsapi_base") -> str:
        """Return the address that logs a member in inside of WeCom; `state` is at most 128 letters and digits."""
        query = urlencode(
            {
                "appid": self._client.corp_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "scope": scope,
                "state": state,
                "agentid": self._client.agent_id,
            }
        )
        return f"{self._client.oauth_base}/connect/oauth2/authorize?{query}#wechat_redirect"

    def qr_login_url(self, redirect_uri: str, state: str, lang: str = "zh") -> str:
        """Return the address of the page with the login QR code for a desktop browser."""
        query = urlencode(
            {
                "login_type": "CorpApp",
                "appid": self._client.corp_id,
                "agentid": self._client.agent_id,
                "redirect_uri": redirect_uri,
                "state": state,
                "lang": lang,
            }
        )
        return f"{self._client.login_base}/wwlogin/sso/login?{query}"

    def get_user_info(self, code: str) -> UserInfo:
        """Return who the code belongs to; any member, also outside of the app's range (doc 91023)."""
        data = self._read("auth/getuserinfo", code=code)
        return UserInfo(
            userid=text(data, "userid") or text(data, "UserId"),
            openid=text(data, "openid") or text(data, "OpenId"),
            external_userid=text(data, "external_userid"),
            user_ticket=text(data, "user_ticket"),
        )
