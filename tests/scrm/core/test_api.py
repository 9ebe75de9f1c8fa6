"""The partner API's common parts: one error shape, scopes, strict input, safe repeats."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.http import Http404
from django.urls import path
from django.utils.translation import override
from pytest_django import Settings
from rest_framework import exceptions, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework.views import APIView

from scrm.core.alerts.models import Alert
from scrm.core.answers import StoredAnswer
from scrm.core.api import HasScope, IdempotentMixin, PartnerRateThrottle, StrictSerializer
from scrm.core.exceptions import RateLimited, ValidationFailed
from tests.factories.core import AlertFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@dataclass
class Key:
    """A partner key of a test."""

    pk: int
    scopes: tuple[str, ...]


class HeaderKey(BaseAuthentication):
    """Takes the key from the test's header `Scopes`."""

    def authenticate(self, request: Request) -> tuple[None, Key] | None:
        scopes = request.headers.get("Scopes")
        return (
            None
            if scopes is None
            else (None, Key(int(request.headers.get("Partner", "1")), tuple(scopes.split())))
        )

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class Input(StrictSerializer):
    """One number."""

    number = serializers.IntegerField()


class Write(IdempotentMixin):
    """Raises an alert for each call that takes effect."""

    authentication_classes = (HeaderKey,)
    permission_classes = (HasScope,)
    throttle_classes = (PartnerRateThrottle,)
    api_scope = "members.write"

    def post(self, request: Request) -> Response:
        data = Input(data=request.data)
        data.is_valid(raise_exception=True)
        AlertFactory.create(key=str(data.validated_data["number"]))
        if data.validated_data["number"] == 13:
            raise ValidationFailed("Thirteen is not taken.", code="thirteen", number=13)
        return Response({"made": data.validated_data["number"]}, status=201)


class Unscoped(APIView):
    """A view somebody forgot to give a scope."""

    authentication_classes = (HeaderKey,)
    permission_classes = (HasScope,)

    def get(self, request: Request) -> Response:
        return Response({})


class Raises(APIView):
    """Raises what the test names."""

    authentication_classes = ()
    permission_classes = ()
    api_scope = "x"
    errors: dict[str, Exception] = {
        "ours": RateLimited("Too many.", retry_after=5),
        "missing": Http404(),
        "method": exceptions.MethodNotAllowed("PUT", detail="GET only"),
        "parse": exceptions.ParseError("no JSON"),
        "throttled": exceptions.Throttled(wait=7),
    }

    def get(self, request: Request, name: str) -> Response:
        raise self.errors[name]


urlpatterns = [
    path("write/", Write.as_view()),
    path("raises/<name>/", Raises.as_view()),
]


@pytest.fixture(autouse=True)
def local_cache(settings: Settings) -> None:
    """Count calls in this process."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


def post(
    body: Any, *, key: str = "order-0001", scopes: str = "members.write", partner: int = 1
) -> Any:
    headers = {"Idempotency-Key": key, "Scopes": scopes, "Partner": str(partner)}
    return APIClient().post(
        "/write/", body, format="json", headers={k: v for k, v in headers.items() if v}
    )


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("ours", 429, {"code": "rate_limited", "message": "Too many.", "data": {"retry_after": 5}}),
        ("missing", 404, {"code": "not_found", "message": "There is nothing here.", "data": {}}),
        ("method", 405, {"code": "method_not_allowed", "message": "GET only", "data": {}}),
        ("parse", 400, {"code": "parse_error", "message": "no JSON", "data": {}}),
    ],
)
def test_every_error_has_one_shape(name: str, status: int, body: dict[str, Any]) -> None:
    with override("en"):
        request = APIRequestFactory().get(f"/raises/{name}/")
        response = Raises.as_view()(request, name=name).render()

    assert (response.status_code, json.loads(response.content)) == (status, body)


def test_a_throttled_answer_says_how_long_to_wait() -> None:
    response = APIClient().get("/raises/throttled/")

    assert (response.status_code, response["Retry-After"]) == (429, "7")
    assert (response.json()["code"], response.json()["data"]) == (
        "rate_limited",
        {"retry_after": 7},
    )


@pytest.mark.parametrize("scopes", ["", "members.read", "members", "members.writer"])
def test_without_the_scope_nothing_happens(scopes: str) -> None:
    response = post({"number": 1}, scopes=scopes)

    assert response.status_code in {401, 403}
    assert response.json().keys() == {"code", "message", "data"}
    assert (Alert.objects.count(), StoredAnswer.objects.count()) == (0, 0)


def test_a_view_without_a_scope_allows_nobody() -> None:
    assert (
        Unscoped.as_view()(
            APIRequestFactory().get("/", headers={"Scopes": "members.write"})
        ).status_code
        == 403
    )


def test_an_unknown_field_is_refused_by_name() -> None:
    response = post({"number": 1, "role": "hq", "owner_id": 7})

    assert response.status_code == 400
    assert response.json()["code"] == "validation_failed"
    assert set(response.json()["data"]["fields"]) == {"role", "owner_id"}
    assert Alert.objects.count() == 0


def test_a_repeat_gets_the_first_answer_and_has_no_second_effect() -> None:
    first, second = post({"number": 1}), post({"number": 1})

    assert (first.status_code, first.json()) == (201, {"made": 1})
    assert (second.status_code, second.json()) == (201, {"made": 1})
    assert (first.get("Idempotent-Replayed"), second["Idempotent-Replayed"]) == (None, "true")
    assert list(Alert.objects.values_list("key", flat=True)) == ["1"]


def test_the_same_key_with_another_body_is_refused() -> None:
    post({"number": 1})

    response = post({"number": 2})

    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert Alert.objects.count() == 1


def test_keys_of_two_partners_are_two_keys() -> None:
    assert post({"number": 1}, partner=1).status_code == 201
    assert post({"number": 2}, partner=2).status_code == 201
    assert Alert.objects.count() == 2


@pytest.mark.parametrize("key", ["", "short", "x" * 129])
def test_a_write_needs_a_key(key: str) -> None:
    response = post({"number": 1}, key=key)

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")
    assert Alert.objects.count() == 0


def test_a_refused_write_leaves_nothing_and_may_be_corrected_under_its_key() -> None:
    refused = post({"number": 13})
    assert (refused.status_code, refused.json()["code"], Alert.objects.count()) == (
        400,
        "thirteen",
        0,
    )
    assert StoredAnswer.objects.count() == 0

    assert post({"number": 14}).status_code == 201
    assert list(Alert.objects.values_list("key", flat=True)) == ["14"]


def test_the_kept_answer_is_encrypted() -> None:
    post({"number": 1})

    assert StoredAnswer.objects.get().body == b'{"made":1}'
    assert bytes(StoredAnswer.objects.values_list("body", flat=True).get() or b"")[:1] == b"\x01"


def test_a_partner_has_a_rate_and_others_are_not_touched(settings: Settings) -> None:
    settings.API_CALLS_PER_MINUTE = 2

    with time_machine.travel("2026-11-21 12:00:10+00:00", tick=False):
        codes = [post({"number": 1}).status_code for _call in range(3)]

        assert codes == [201, 201, 429]
        assert post({"number": 1}, partner=2).status_code == 201


def test_without_redis_partners_are_served(settings: Any) -> None:
    # given the cache of production on a port where nobody listens
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:9/0"}}

    # then a call is not refused for that
    assert post({"number": 1}).status_code == 201
