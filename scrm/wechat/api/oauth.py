"""Web OAuth of the service account (wechat.md §7): who opens a page in WeChat."""

from typing import Any

from scrm.wechat.api.base import Area, now
from scrm.wechat.types import OAuthGrant, Profile
from scrm.wecom.oauth import address_query
from scrm.wecom.reading import Row, flag, number, optional, text
from scrm.wecom.secret import Secret

SILENT, CONSENT = "snsapi_base", "snsapi_userinfo"


class OAuthApi(Area):
    """Codes live five minutes and work once (40029, 40163); a person's token opens nothing but the person."""

    def authorize_url(self, redirect_uri: str, state: str, scope: str = SILENT) -> str:
        """Return the address that tells who opens the page; `state` is at most 128 letters and digits.

        Ask for CONSENT only from a button: on entry WeChat shows a snapshot, and nobody is logged in.
        Raises ValueError for a state, address or scope that WeChat would refuse.
        """
        if scope not in (SILENT, CONSENT):
            raise ValueError(f"scope must be {SILENT} or {CONSENT}")
        # WeChat minds the order and the fragment.
        query = address_query(
            redirect_uri,
            state,
            {"appid": self._client.appid},
            {"response_type": "code", "scope": scope, "state": state},
        )
        return f"{self._client.oauth_base}/connect/oauth2/authorize?{query}#wechat_redirect"

    def access_token(self, code: str) -> OAuthGrant:
        """Return who a code stands for (api_snsaccesstoken); the unionid comes with consent only."""
        code = Secret(code)  # this frame may be printed
        params = self._account() | {"code": code, "grant_type": "authorization_code"}
        return _grant(self._sns("sns/oauth2/access_token", params))

    def refresh_token(self, grant: OAuthGrant) -> OAuthGrant:
        """Return the grant for two more hours, at most thirty days after the consent."""
        params = {
            "appid": self._client.appid,
            "grant_type": "refresh_token",
            "refresh_token": Secret(grant.refresh_token),
        }
        return _grant(self._sns("sns/oauth2/refresh_token", params))

    def userinfo(self, grant: OAuthGrant, lang: str = "zh_CN") -> Profile:
        """Return the profile a person consented to (api_snsuserinfo); 48001 for a silent grant or a snapshot."""
        observed = now()
        params = {"access_token": Secret(grant.access_token), "openid": grant.openid, "lang": lang}
        data = self._sns("sns/userinfo", params)
        return Profile(
            openid=text(data, "openid"),
            unionid=optional(data, "unionid"),
            nickname=text(data, "nickname"),
            headimgurl=text(data, "headimgurl"),
            observed_at=observed,
        )

    def _account(self) -> dict[str, Any]:
        return {"appid": self._client.appid, "secret": self._client.secret}

    def _sns(self, endpoint: str, params: dict[str, Any]) -> dict[str, Any]:
        return self._client.call("GET", endpoint, params=params, token=False)


def _grant(data: Row) -> OAuthGrant:
    return OAuthGrant(
        openid=text(data, "openid"),
        unionid=optional(data, "unionid"),
        scope=text(data, "scope"),
        snapshot=flag(data, "is_snapshotuser"),
        access_token=Secret(text(data, "access_token")),
        refresh_token=Secret(text(data, "refresh_token")),
        expires_in=number(data, "expires_in", 7200),
    )
