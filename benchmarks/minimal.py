"""The least a Django view can do with a callback: verify, decrypt, one INSERT, no middleware."""

import hashlib
import os

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from scrm.wecom.callbacks import CallbackCrypto

if not settings.configured:
    from scrm.settings import dev

    settings.configure(
        SECRET_KEY=dev.SECRET_KEY,
        DATABASES=dev.DATABASES,
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=[],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()

CRYPTO = CallbackCrypto(
    os.environ["WECOM_CB_TOKEN"], os.environ["WECOM_CB_AES_KEY"], os.environ["WECOM_CORP_ID"]
)
INSERT = """
INSERT INTO inbox_inboxevent (digest, app, event, change_type, lane, subject, occurred_at, payload,
                              received_at, due_at, state, claims, attempts, deferrals, error)
VALUES (%s, 'scrm', 'e', 'c', 'event', 0, now(), %s, now(), now(), 'pending', 0, 0, 0, '')
ON CONFLICT (digest) DO NOTHING
"""


def callback(request: HttpRequest) -> HttpResponse:
    """Store the XML as it is."""
    query = request.GET
    xml = CRYPTO.decrypt(query["msg_signature"], query["timestamp"], query["nonce"], request.body)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [hashlib.sha256(xml).digest(), xml])
    return HttpResponse("success", headers={"Content-Length": "7"})


urlpatterns = [path("wecom/callback/scrm/", callback)]
application = WSGIHandler()
