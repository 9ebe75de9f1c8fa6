"""How often each API of an account may be called, at 80 % of WeChat's own limits (wechat.md §6)."""

from collections.abc import Sequence

from scrm.wecom.ports import Limit

_DAY = 86_400
_MINUTE = 60
_SHARE = 0.8
_DEFAULT = (Limit(4_000, _MINUTE),)
# While WeChat refuses an API: one probe after each of these.
MINUTE_REST, DAY_REST = 60.0, 600.0

# Endpoint -> name its calls are counted under, and WeChat's limit of a day or a minute.
_OWN: dict[str, tuple[str, int, int]] = {
    "cgi-bin/user/get": ("user/get", 500, _DAY),
    "cgi-bin/user/info": ("user/info", 5_000_000, _DAY),
    "cgi-bin/user/info/batchget": ("user/info", 5_000_000, _DAY),
    "cgi-bin/user/info/updateremark": ("updateremark", 10_000, _DAY),
    "cgi-bin/qrcode/create": ("qrcode", 100_000, _DAY),
    "cgi-bin/menu/create": ("menu/create", 1_000, _DAY),
    "cgi-bin/menu/get": ("menu/get", 10_000, _DAY),
    "cgi-bin/menu/delete": ("menu/delete", 1_000, _DAY),
    "cgi-bin/message/template/send": ("template", 100_000, _DAY),
    "cgi-bin/message/custom/send": ("custom", 500_000, _DAY),
    "wxa/generatescheme": ("links", 500_000, _DAY),
    "wxa/generate_urllink": ("links", 500_000, _DAY),
    "wxa/genwxashortlink": ("shortlink", 1_000_000, _DAY),
    "wxa/getwxacodeunlimit": ("wxacode", 5_000, _MINUTE),
}


def bucket_of(appid: str, endpoint: str) -> tuple[str, Sequence[Limit]]:
    """Return the bucket an API's calls are taken from, and its limits."""
    name, calls, seconds = _OWN.get(endpoint, (endpoint, 0, 0))
    limits = (Limit(int(calls * _SHARE), seconds),) if calls else _DEFAULT
    return f"wechat:{appid}:{name}", limits
