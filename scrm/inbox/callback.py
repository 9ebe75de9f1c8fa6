"""WeCom's door: verify, decrypt, store, answer. Nothing else happens before the answer."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from scrm.core import gateway
from scrm.core.scope import public
from scrm.inbox import verification
from scrm.inbox.abuse import Refusals
from scrm.inbox.ingest import arrival, store
from scrm.wecom.callbacks import BadCallback, BadSignature, CallbackCrypto, NoKey

logger = logging.getLogger(__name__)

MAX_BODY = 64 * 1024
# Older or newer signed times are no proof of fraud (retries, our own clock): logged, not refused.
SKEW_SECONDS = 600

refusals = Refusals()
T = TypeVar("T")


@csrf_exempt
@public
def callback(request: HttpRequest, app: str) -> HttpResponse:
    """Answer one delivery or the URL verification of an app (wecom/callbacks.md §1-3).

    200 only after the event is committed, or was before; 400 for anything not from WeCom, 413 above
    64 KiB, 404 for an app that receives no events, 429 for an address refused too often, 503 when
    the database cannot store it: WeCom then delivers again.
    """
    try:
        if request.method == "POST":
            return _deliver(request, app)
        if request.method in {"GET", "HEAD"}:
            return _verify(request, app)
    except DatabaseError as error:  # the keys are in the database and cannot be read
        logger.error("inbox.keys_not_read", extra={"app": app, "error": type(error).__name__})
        return _plain("not readable, deliver again", 503)
    return HttpResponseNotAllowed(["GET", "POST"])


def _opened(app: str, read: Callable[[CallbackCrypto], T]) -> tuple[T, str]:
    """Return what one of the app's keys reads, and which key; raises BadCallback, NoKey.

    While keys are changed two pairs are good; another process may know a newer pair than we do.
    """
    tried: set[CallbackCrypto] = set()
    for haste in (False, True):
        for found in gateway.callback_ciphers(app, haste=haste):
            if found.cipher in tried:
                continue
            tried.add(found.cipher)
            try:
                return read(found.cipher), found.key
            except BadSignature:
                continue
    if not tried:
        raise NoKey("the app receives no callbacks here")
    raise BadSignature("the signature does not match")


def _verify(request: HttpRequest, app: str) -> HttpResponse:
    query = request.GET
    signature, nonce = query.get("msg_signature", ""), query.get("nonce", "")
    signed_at = query.get("timestamp", "")
    # Query parsing turns a bare "+" into a space; base64 has no spaces, so they were plus signs.
    echo = query.get("echostr", "").replace(" ", "+")
    try:
        words, key = _opened(
            app, lambda cipher: cipher.verify_url(signature, signed_at, nonce, echo)
        )
    except NoKey as refused:
        if not refusals.too_many(request.META.get("REMOTE_ADDR", "")):
            verification.note(request, app, refused)
        return _plain("unknown app", 404)
    except BadCallback as refused:
        return _refuse(request, str(refused), 400, check=(app, refused))
    if not verification.note(request, app, None, key=key):
        return _refuse(request, "the key was replaced", 400)
    return _plain(words, 200)


def _deliver(request: HttpRequest, app: str) -> HttpResponse:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isascii() or not length.isdigit():
        return _refuse(request, "bad length", 400)
    if len(length) > 9 or int(length) > MAX_BODY:
        return _refuse(request, "too large", 413)
    query = request.GET
    signed_at = query.get("timestamp", "")
    signature, nonce = query.get("msg_signature", ""), query.get("nonce", "")
    try:
        body = request.body
        xml, key = _opened(app, lambda cipher: cipher.decrypt(signature, signed_at, nonce, body))
        row = arrival(app, xml)
    except NoKey:
        return _plain("unknown app", 404)
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
    verification.note_use(key)
    return _plain("success", 200)


def _note_skew(app: str, signed_at: str) -> None:
    if (
        signed_at.isascii()
        and signed_at.isdigit()
        and abs(time.time() - int(signed_at[:12])) > SKEW_SECONDS
    ):
        logger.warning("inbox.clock_skew", extra={"app": app, "signed_at": signed_at[:12]})


def _refuse(
    request: HttpRequest, reason: str, status: int, *, check: tuple[str, BadCallback] | None = None
) -> HttpResponse:
    address = request.META.get("REMOTE_ADDR", "")
    if refusals.too_many(address):
        return _plain("too many refused requests", 429)
    if check is not None:
        verification.note(request, *check)
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
