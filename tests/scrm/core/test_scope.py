"""Default deny: marks on views, scopes, what a refused request looks like."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from pytest_django import Settings

from scrm.core.exceptions import Conflict
from scrm.core.middleware import client_ip
from scrm.core.scope import (
    EMPTY_SCOPE,
    SYSTEM_SCOPE,
    ScopedRequest,
    mark_of,
    public,
    requires,
    scope_of,
    signed_in,
)
from tests.factories.accounts import UserFactory
from tests.factories.core import scope

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
DONE: list[str] = []


def unmarked(request: HttpRequest) -> HttpResponse:
    DONE.append("unmarked")
    return HttpResponse("unmarked")


@public
def open_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


@requires("tags.edit")
def edit(request: ScopedRequest) -> HttpResponse:
    DONE.append("edit")
    return HttpResponse(",".join(sorted(request.scope.permissions)))


@signed_in
def own(request: ScopedRequest) -> HttpResponse:
    return HttpResponse("own")


@signed_in
def collide(request: ScopedRequest) -> HttpResponse:
    raise Conflict("It exists already.", code="exists", name="x")


urlpatterns = [
    path("unmarked/", unmarked),
    path("open/", open_page),
    path("edit/", edit),
    path("own/", own),
    path("collide/", collide),
    path("ops/", admin.site.urls),
    path("accounts/login/", open_page, name="login"),
]


@pytest.fixture(autouse=True)
def wiring(settings: Settings) -> None:
    """Resolve scopes from usernames, show errors as plain templates."""
    settings.SCOPE_RESOLVER = "tests.factories.core.scope_from_username"
    settings.LOGIN_URL = "login"
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.locmem.Loader",
                        {
                            "403.html": "no",
                            "error.html": "{{ error.code }}: {{ error.message }}",
                            "console/core/error_line.html": "line: {{ error.message }}",
                        },
                    )
                ]
            },
        }
    ]
    DONE.clear()


def test_a_view_without_a_mark_is_refused_to_everybody(client: Client) -> None:
    client.force_login(UserFactory.create(username="*", is_superuser=True, is_staff=True))

    response = client.get("/unmarked/")

    assert (response.status_code, response.content, DONE) == (403, b"no", [])


def test_a_public_view_needs_no_login(client: Client) -> None:
    response = client.get("/open/")

    assert (response.status_code, response.content) == (200, b"open")
    assert len(response["X-Request-ID"]) == 32


def test_a_stranger_is_sent_to_the_login_and_comes_back(client: Client) -> None:
    response = client.get("/edit/?a=1")

    assert (response.status_code, response["Location"]) == (
        302,
        "/accounts/login/?next=/edit/%3Fa%3D1",
    )
    partial = client.get("/edit/", headers={"HX-Request": "true"})
    assert (partial.status_code, partial["HX-Redirect"]) == (401, "/accounts/login/")
    assert DONE == []


def test_without_the_permission_nothing_happens(client: Client) -> None:
    client.force_login(UserFactory.create(username="tags.view"))

    assert client.get("/edit/").status_code == 403
    assert client.get("/own/").status_code == 200
    assert DONE == []


def test_being_a_superuser_opens_nothing(client: Client) -> None:
    client.force_login(UserFactory.create(username="nobody", is_superuser=True))

    assert client.get("/edit/").status_code == 403


def test_with_the_permission_the_scope_is_there_and_nothing_is_cached(client: Client) -> None:
    client.force_login(UserFactory.create(username="tags.edit+tags.view"))

    response = client.get("/edit/")

    assert (response.status_code, response.content) == (200, b"tags.edit,tags.view")
    assert response["Cache-Control"] == "private, no-store"


def test_a_revoked_right_ends_with_the_next_request(client: Client) -> None:
    user = UserFactory.create(username="tags.edit")
    client.force_login(user)
    assert client.get("/edit/").status_code == 200

    user.username = "nothing"
    user.save()

    assert client.get("/edit/").status_code == 403


def test_our_errors_are_pages_with_their_status_and_lines_for_htmx(client: Client) -> None:
    client.force_login(UserFactory.create())

    page = client.get("/collide/")
    line = client.get("/collide/", headers={"HX-Request": "true"})

    assert (page.status_code, page.content) == (409, b"exists: It exists already.")
    assert (line.status_code, line.content) == (409, b"line: It exists already.")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abcdef0123456789", True),
        ("short", False),
        ("x" * 65, False),
        ("abc\tdef12345", False),
        ("<script>alert(1)", False),
    ],
)
def test_a_request_id_is_taken_over_only_when_well_formed(
    client: Client, given: str, *, kept: bool
) -> None:
    response = client.get("/open/", headers={"X-Request-ID": given})

    assert (response["X-Request-ID"] == given) is kept


def test_scopes() -> None:
    user = UserFactory.create(username="a.b+*")
    gone = UserFactory.create(username="c.d", is_active=False)

    assert scope_of(user) == scope("a.b", "*", user_id=user.pk, everything=True)
    assert scope_of(gone) is EMPTY_SCOPE
    assert scope_of(AnonymousUser()) is EMPTY_SCOPE
    assert scope("a.b").allows("a.b")
    assert not scope("a.b").allows("a.c")
    assert EMPTY_SCOPE.masked("phone")
    assert (SYSTEM_SCOPE.everything, SYSTEM_SCOPE.permissions, SYSTEM_SCOPE.masked("phone")) == (
        True,
        frozenset(),
        False,
    )


def test_the_admin_has_no_door_of_its_own(client: Client) -> None:
    response = client.get("/ops/login/?next=/ops/")

    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/ops/")


def test_marks() -> None:
    class Api:
        api_scope = "members.write"

    def view(request: Any) -> None:
        return None

    view.cls = Api  # type: ignore[attr-defined]
    assert [mark_of(each) for each in (open_page, edit, own, unmarked, view)] == [
        "",
        "tags.edit",
        "*",
        None,
        "members.write",
    ]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "1.1.1.1", "10.0.0.1"),
        (1, "1.1.1.1, 2.2.2.2", "2.2.2.2"),
        (2, "1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "2.2.2.2", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_a_forwarded_address_counts_only_as_far_as_our_proxies_wrote_it(
    settings: Settings, proxies: int, forwarded: str, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get(
        "/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="10.0.0.1"
    )

    assert client_ip(request) == expected
