"""WeCom's door: verify, decrypt, store, answer. Nothing else happens before the answer."""

import logging
import time
from functools import lru_cache

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from scrm.core.scope import public
from scrm.inbox.abuse import Refusals
from scrm.inbox.ingest import arrival, store
from scrm.wecom.callbacks import BadCallback, CallbackCrypto

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024
# Older or newer signed times are no proof of fraud (retries, our own clock): logged, not refused.
SKEW_SECONDS = 600

refusals = Refusals()


@csrf_exempt
@public
def callback(request: HttpRequest, app: str) -> HttpResponse:
    """Answer one delivery or the URL verification of an app (wecom/callbacks.md §1-3).

    200 only after the event is committed, or was before; 400 for anything not from WeCom, 413 above
    64 KiB, 404 for an app that receives no events, 429 for an address refused too often, 503 when
    the database cannot store it: WeCom then delivers again.
    """
    crypto = crypto_of(app)
    if crypto is None:
        return _plain("unknown app", 404)
    if request.method == "POST":
        return _deliver(request, app, crypto)
    if request.method in {"GET", "HEAD"}:
        return _verify(request, crypto)
    return HttpResponseNotAllowed(["GET", "POST"])


def crypto_of(app: str) -> CallbackCrypto | None:
    """Return the app's cipher, None where the app has no token or key."""
    config = settings.WECOM_APPS.get(app)
    if not config or not config["token"] or not config["aes_key"]:
        return None
    return _crypto(config["token"], config["aes_key"], settings.WECOM_CORP_ID)


@lru_cache(maxsize=32)
def _crypto(token: str, aes_key: str, corp_id: str) -> CallbackCrypto:
    return CallbackCrypto(token, aes_key, corp_id)


def _verify(request: HttpRequest, crypto: CallbackCrypto) -> HttpResponse:
    query = request.GET
    try:
        # Query parsing turns a bare "+" into a space; base64 has no spaces, so they were plus signs.
        words = crypto.verify_url(
            query.get("msg_signature", ""),
            query.get("timestamp", ""),
            query.get("nonce", ""),
            query.get("echostr", "").replace(" ", "+"),
        )
    except BadCallback as refused:
        return _refuse(request, str(refused), 400)
    return _plain(words, 200)


def _deliver(request: HttpRequest, app: str, crypto: CallbackCrypto) -> HttpResponse:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isascii() or not length.isdigit():
        return _refuse(request, "bad length", 400)
    if len(length) > 9 or int(length) > MAX_BODY:
        return _refuse(request, "too large", 413)
    query = request.GET
    signed_at = query.get("timestamp", "")
    try:
        body = request.body
        xml = crypto.decrypt(
            query.get("msg_signature", ""), signed_at, query.get("nonce", ""), body
        )
        row = arrival(app, xml)
    except BadCallback as refused:
        return _refuse(request, str(refused), 400)
    except (UnreadablePostError, RawPostDataException):
        return _refuse(request, "truncated body", 400)
    _note_skew(app, signed_at)
    try:
        store(row)
    except DatabaseError as error:
        logger.error("inbox.store_failed", extra={"app": app, "error": type(error).__name__})
        return _plain("not stored, deliver again", 503)
    return _plain("success", 200)


def _note_skew(app: str, signed_at: str) -> None:
    if (
        signed_at.isascii()
        and signed_at.isdigit()
        and abs(time.time() - int(signed_at[:12])) > SKEW_SECONDS
    ):
        logger.warning("inbox.clock_skew", extra={"app": app, "signed_at": signed_at[:12]})


def _refuse(request: HttpRequest, reason: str, status: int) -> HttpResponse:
    address = request.META.get("REMOTE_ADDR", "")
    if refusals.too_many(address):
        return _plain("too many refused requests", 429)
    logger.warning("inbox.refused", extra={"reason": reason, "status": status, "address": address})
    return _plain("refused", status)


def _plain(words: str, status: int) -> HttpResponse:
    body = words.encode()
    return HttpResponse(
        body,
        status=status,
        content_type="text/plain; charset=utf-8",
        headers={"Content-Length": str(len(body))},
    )
