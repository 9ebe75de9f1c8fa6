"""The partner API as a whole: described completely, and obeying its description whatever is sent."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from scrm.accounts.services import KNOWN_API_SCOPES, partner_key_create
from scrm.home.access import routes

DESCRIPTION = SchemaGenerator().get_schema(public=True)
OPERATIONS = [
    (path, method, operation)
    for path, methods in DESCRIPTION["paths"].items()
    for method, operation in methods.items()
]
NAMES = [f"{method} {path}" for path, method, _operation in OPERATIONS]
# More for a night: API_EXAMPLES=2000 make test ARGS=tests/architecture/test_partner_api.py
EXAMPLES = int(os.environ.get("API_EXAMPLES", "40"))

schema = schemathesis.openapi.from_dict(
    DESCRIPTION,
    config=SchemathesisConfig(
        seed=1,
        projects=ProjectsConfig(
            default=ProjectConfig(generation=GenerationConfig(max_examples=EXAMPLES))
        ),
    ),
)
schema.app = get_wsgi_application()


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Let the WSGI application use the test's transaction, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def bearer(db: Any, settings: Any) -> dict[str, str]:
    """The header of a key that may do everything, as often as it likes."""
    settings.API_CALLS_PER_MINUTE = 1_000_000
    _key, token = partner_key_create(name="fuzz", scopes=KNOWN_API_SCOPES)
    return {"Authorization": f"Bearer {token}"}


@schema.parametrize()
@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_is_sent_the_answer_is_a_described_one(
    case: Any, bearer: dict[str, str], one_connection: None
) -> None:
    # Rows are checked one by one: a batch with bad rows is taken and answers 200 with their errors, and
    # what fits the description may still contradict itself (a coupon without a code). That no method but the
    # described ones is answered is asked below.
    case.call_and_validate(
        headers=bearer,
        excluded_checks=[negative_data_rejection, positive_data_acceptance, unsupported_method],
    )


def test_the_description_is_valid_and_nothing_is_guessed(tmp_path: Any) -> None:
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yml")
    )


def test_every_route_of_the_api_is_described() -> None:
    described = {path.replace("{", "<").replace("}", ">") for path in DESCRIPTION["paths"]}
    served = {route.path.replace("<str:", "<") for route in routes() if route.is_api}

    assert served == described
    assert {
        "/api/v1/members/batch",
        "/api/v1/members/<member_no>",
        "/api/v1/orders/batch",
        "/api/v1/refunds/batch",
        "/api/v1/goods/batch",
        "/api/v1/assets/batch",
    } <= described


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=NAMES)
def test_every_operation_says_what_goes_in_and_what_comes_out(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    answers = operation["responses"]
    good = answers.get("200") or answers["201"]

    assert operation["security"] == [{"partnerKey": []}]
    assert operation["description"]
    assert good["content"]["application/json"]["schema"]["$ref"]
    assert {"400", "401", "403", "429"} <= answers.keys()
    for status, answer in answers.items():
        if status >= "400":
            assert answer["content"]["application/json"]["schema"] == {
                "$ref": "#/components/schemas/Error"
            }
            assert answer["description"]
    assert answers["429"]["headers"].keys() == {"Retry-After"}


WRITES = [one for one in OPERATIONS if "requestBody" in one[2]]


@pytest.mark.parametrize(
    ("path", "method", "operation"), WRITES, ids=[f"{one[1]} {one[0]}" for one in WRITES]
)
def test_every_batch_describes_its_rows_and_may_be_repeated(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    if not path.endswith("/batch"):
        return
    content = operation["requestBody"]["content"]["application/json"]["schema"]
    body = DESCRIPTION["components"]["schemas"][content["$ref"].rsplit("/", 1)[1]]
    (rows,) = (each for each in body["properties"].values() if each["type"] == "array")
    row = DESCRIPTION["components"]["schemas"][rows["items"]["$ref"].rsplit("/", 1)[1]]

    assert (rows["minItems"], rows["maxItems"]) == (1, 1000)
    assert (row["additionalProperties"], body["additionalProperties"]) == (False, False)
    # Who belongs to an audience is named by any one of several identifiers.
    assert row.get("required") or path == "/api/v1/audiences/batch"
    assert {"409", "413", "415"} <= operation["responses"].keys()
    assert any(
        parameter["name"] == "Idempotency-Key" and parameter["required"]
        for parameter in operation["parameters"]
    )


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
@pytest.mark.parametrize("path", sorted(DESCRIPTION["paths"]))
def test_other_methods_are_refused(
    path: str, method: str, client: Any, bearer: dict[str, str]
) -> None:
    answer = client.generic(
        method.upper(), path.format(member_no="M1", order_no="O1", sku="S1"), headers=bearer
    )

    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"


HOSTILE = {
    "half a surrogate": b'{"members": [{"member_no": "\\ud800"}]}',
    "half a surrogate as a name": b'{"members": [{"\\udfff": 1}]}',
    "not a number": b'{"members": [{"member_no": NaN}]}',
    "brackets": b'{"members": ' + b"[" * 100_000,
    "closed brackets": b'{"members": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "closed braces": b'{"members": ' + b'{"a": ' * 900 + b"1" + b"}" * 900 + b"}",
    "no UTF-8": b'{"members": "\xff"}',
    "a huge number": b'{"members": [{"member_no": 1e999999}]}',
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a text": b'"members"',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("path", [one[0] for one in WRITES])
def test_hostile_bodies_are_refused_in_words(
    path: str, body: bytes, client: Any, bearer: dict[str, str]
) -> None:
    body = body.replace(b"members", path.split("/")[3].encode())
    headers = {**bearer, "Idempotency-Key": "a-key-of-a-test"}

    answer = client.post(path, body, content_type="application/json", headers=headers)

    assert answer.status_code in {200, 400}
    if answer.status_code == 200:  # a row refused by itself
        assert (answer.json()["created"], answer.json()["failed"]) == (0, 1)
    else:
        assert answer.json()["message"]


@pytest.mark.parametrize(
    ("levels", "status"), [(17, 200), (18, 400), (300, 400), (900, 400), (1010, 400)]
)
def test_a_body_has_at_most_twenty_levels(
    levels: int, status: int, client: Any, bearer: dict[str, str]
) -> None:
    # given an event (itself three levels deep) with details that lie in each other
    details = '{"a":' * levels + "1" + "}" * levels
    body = (
        '{"events":[{"event_id":"e1","kind":"page_view","occurred_at":"2026-11-21T12:00:00+08:00",'
        f'"visitor_id":"v","details":{details}}}]}}'
    )
    headers = {**bearer, "Idempotency-Key": "a-key-of-a-test"}

    answer = client.post(
        "/api/v1/events/batch", body, content_type="application/json", headers=headers
    )

    assert answer.status_code == status, answer.content
    if status == 400:
        assert "20" in answer.json()["message"]


def test_a_repeat_is_told_by_its_bytes(client: Any, bearer: dict[str, str]) -> None:
    def post(body: bytes) -> Any:
        headers = {**bearer, "Idempotency-Key": "a-key-of-a-test"}
        return client.post(
            "/api/v1/members/batch", body, content_type="application/json", headers=headers
        )

    first = post(b'{"members": [{"member_no": "M1"}]}')
    again = post(b'{"members": [{"member_no": "M1"}]}')
    other = post(b'{"members": [{"member_no": "M2"}]}')

    assert (first.status_code, again.json(), other.status_code) == (200, first.json(), 409)
    assert again["Idempotent-Replayed"] == "true"


def test_a_body_of_more_than_20_mb_is_refused(client: Any, bearer: dict[str, str]) -> None:
    body = b'{"members": "' + b"x" * (20 * 1024 * 1024) + b'"}'
    headers = {**bearer, "Idempotency-Key": "a-key-of-a-test"}

    answer = client.post(
        "/api/v1/members/batch", body, content_type="application/json", headers=headers
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
