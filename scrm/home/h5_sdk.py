"""Signatures for WeCom's JS-SDK: what `ww.register` asks for, one page address at a time."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from scrm.core.exceptions import ScrmError, ValidationFailed
from scrm.core.gateway import as_external_failure, wecom
from scrm.core.scope import SIGNED_IN, ScopedRequest, h5_requires
from scrm.wecom.errors import WeComError
from scrm.wecom.jssdk import JsSignature

URL_MOST = 2000


@require_GET
# Forms of dealers and branches ask for the place too: whoever is logged in may have our pages signed.
@h5_requires(SIGNED_IN)
def signature(request: ScopedRequest) -> JsonResponse:
    """Sign the address of the page that asks: `?kind=corp|agent&url=…` (doc 90506)."""
    try:
        made = _signed(request, request.GET.get("kind", ""), request.GET.get("url", ""))
    except ScrmError as error:
        return JsonResponse({"code": error.code, "message": error.message}, status=error.status)
    return JsonResponse(
        {"timestamp": made.timestamp, "nonceStr": made.nonce, "signature": made.signature}
    )


def _signed(request: ScopedRequest, kind: str, url: str) -> JsSignature:
    parts = urlsplit(url[:URL_MOST])
    ours = {urlsplit(settings.BASE_URL).netloc, request.get_host()}
    # A signature lets a page act as our app: only our own phone pages get one.
    if parts.netloc not in ours or not parts.path.startswith("/h5/"):
        raise ValidationFailed(_("Only pages of this site are signed."), code="foreign_page")
    if kind not in {"corp", "agent"}:
        raise ValidationFailed(_("A signature is for the corp or for the agent."))
    jsapi = wecom().jsapi
    try:
        return jsapi.config_signature(url) if kind == "corp" else jsapi.agent_signature(url)
    except WeComError as error:
        raise as_external_failure(error) from error
