"""Where a person stands: no address that takes forms only is a way back, and none answers without words."""

from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from scrm.core.standing import methods_of, page_for, page_of

FORMS = {
    "/console/oa-sync/upload/": "/console/oa-sync/",
    "/console/org/stores/7/bind/": "/console/org/stores/7/",
    "/console/drift/chosen/": "/console/drift/",
    "/console/oa-sync/sources/columns/": "/console/oa-sync/sources/",
    "/h5/logout/": "/h5/",
    "/accounts/language/": "/",
}


def form_addresses() -> list[str]:
    """Return the addresses of console, phone and log-in that only take forms, as far as a number fills them."""
    found: list[str] = []

    def walk(patterns: list[Any], prefix: str) -> None:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern) and "GET" not in methods_of(pattern.callback):
                found.append(f"/{filled(route)}")

    walk(get_resolver().url_patterns, "")
    return [path for path in found if path.startswith(("/console/", "/h5/", "/accounts/"))]


def filled(route: str) -> str:
    """Put a value into each place of a route."""
    parts = []
    for part in route.split("/"):
        kind = part.partition(":")[0].strip("<") if part.startswith("<") else ""
        parts.append(
            {"int": "7", "uuid": "0192f0c1-2c11-7000-8000-000000000001"}.get(kind, "x")
            if part.startswith("<")
            else part
        )
    return "/".join(parts)


@pytest.mark.parametrize(("address", "page"), FORMS.items())
def test_the_page_of_a_form_is_the_nearest_above(address: str, page: str) -> None:
    assert page_for(address) == page


@pytest.mark.parametrize("address", ["/console/org/stores/?q=1", "/console/nowhere/", "/elsewhere"])
def test_an_address_that_opens_or_is_unknown_stays(address: str) -> None:
    assert page_for(address) == address


def test_every_form_has_a_page_above_and_answers_who_opens_it_in_words(db: Any) -> None:
    addresses = form_addresses()
    assert len(addresses) > 50

    for address in addresses:
        answer = Client().get(address)
        way_on = page_for(address)
        assert way_on == page_for(way_on) != address
        if answer.status_code == 302:
            # Those that ask first who it is; the log-in leads on to the page.
            assert answer.url == f"/accounts/login/?next={way_on}"
            continue
        assert (answer.status_code, answer.context["way_on"]) == (405, way_on), address
        assert f'href="{way_on}"' in answer.content.decode()


@pytest.mark.parametrize(
    ("sent_from", "page"),
    [
        ("http://testserver/console/oa-sync/?status=held", "/console/oa-sync/?status=held"),
        ("http://testserver/console/oa-sync/upload/", "/console/oa-sync/"),
        ("http://elsewhere.example/console/oa-sync/", "/console/oa-sync/"),
        ("", "/console/oa-sync/"),
    ],
)
def test_after_a_refused_form_a_person_stands_on_its_page(sent_from: str, page: str) -> None:
    request = RequestFactory().post("/console/oa-sync/upload/", headers={"Referer": sent_from})

    assert page_of(request) == page


def test_the_language_switch_of_a_refused_form_leads_to_its_page(
    client: Client, hq_ops: Any
) -> None:
    # given a refused form, whose page stands at the address that takes forms only
    client.force_login(hq_ops)
    here = {"Referer": "http://testserver/console/oa-sync/"}
    refused = client.post("/console/oa-sync/upload/", headers=here)
    assert refused.status_code == 422
    assert '<input type="hidden" name="next" value="/console/oa-sync/">' in refused.content.decode()

    # then the switch leads to a page, from an old tab as well
    for back in ("/console/oa-sync/", "/console/oa-sync/upload/"):
        switched = client.post("/accounts/language/", {"language": "en", "next": back})
        assert switched.url == "/console/oa-sync/"
    assert client.get(switched.url).status_code == 200
