"""Login by WeCom: in its browser (doc 91022), by QR code (98171), and who came back (91023)."""

import re
from urllib.parse import quote, urlencode

from scrm.wecom.api.base import Area
from scrm.wecom.reading import text
from scrm.wecom.secret import Secret
from scrm.wecom.types import UserInfo

SCOPES = frozenset({"snsapi_base", "snsapi_privateinfo"})
LANGUAGES = frozenset({"zh", "en"})
_STATE = re.compile(r"[A-Za-z0-9]{1,128}")


def address_query(
    redirect_uri: str, state: str, before: dict[str, str], after: dict[str, object]
) -> str:
    """Return the query in the given order; raises ValueError for what WeCom, or WeChat, would refuse or lose."""
    if not _STATE.fullmatch(state):
        raise ValueError("state must be 1 to 128 letters and digits (84025)")
    if "#" in redirect_uri or not redirect_uri.startswith(("https://", "http://")):
        raise ValueError("redirect_uri must be an absolute address without a fragment")
    # A space becomes %20: WeCom decodes the address once, and a plus sign in it would stay one.
    return urlencode({**before, "redirect_uri": redirect_uri, **after}, quote_via=quote, safe="")


class OAuthApi(Area):
    """Codes live five minutes and work once (40029)."""

    def authorize_url(self, redirect_uri: str, state: str, scope: str = "snsapi_base") -> str:
        """Return the address that logs a member in inside of WeCom (doc 91022).

        Its host must be the app's trusted domain (50001). `snsapi_privateinfo` asks the member and gives a user
        ticket. Raises ValueError for a state, address or scope that WeCom would refuse.
        """
        if scope not in SCOPES or (scope == "snsapi_privateinfo" and not self._client.agent_id):
            raise ValueError("scope must be snsapi_base, or snsapi_privateinfo with an AgentId")
        query = address_query(
            redirect_uri,
            state,
            {"appid": self._client.corp_id},
            {
                "response_type": "code",
                "scope": scope,
                "state": state,
                "agentid": self._client.agent_id,
            },
        )
        return f"{self._client.oauth_base}/connect/oauth2/authorize?{query}#wechat_redirect"

    def qr_login_url(self, redirect_uri: str, state: str, lang: str = "zh") -> str:
        """Return the address of the page with the login QR code for a desktop browser (doc 98171).

        Raises ValueError for a state, address or language that WeCom would refuse.
        """
        if lang not in LANGUAGES:
            raise ValueError("lang must be zh or en")
        query = address_query(
            redirect_uri,
            state,
            {
                "login_type": "CorpApp",
                "appid": self._client.corp_id,
                "agentid": str(self._client.agent_id),
            },
            {"state": state, "lang": lang},
        )
        return f"{self._client.login_base}/wwlogin/sso/login?{query}"

    def get_user_info(self, code: str) -> UserInfo:
        """Return who the code belongs to; any member, also outside of the app's range (doc 91023)."""
        data = self._read("auth/getuserinfo", code=Secret(code))
        return UserInfo(
            userid=text(data, "userid") or text(data, "UserId"),
            openid=text(data, "openid") or text(data, "OpenId"),
            external_userid=text(data, "external_userid"),
            user_ticket=text(data, "user_ticket"),
        )
