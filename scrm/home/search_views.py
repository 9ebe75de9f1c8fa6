"""The global search: a dialog of every console page, and a page of its own where there is no script."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from customers.lists.finding import Wanted
from customers.lists.finding import wanted as asked
from scrm.core.exceptions import RateLimited
from scrm.core.phone_lookups import lookup_count, lookup_record
from scrm.core.scope import ScopedRequest, requires
from scrm.home.search import Group, rooms_of
from scrm.home.search import search as find


@never_cache
@require_http_methods(["GET", "POST"])
@requires("home.view")
def search(request: ScopedRequest) -> HttpResponse:
    """Answer a search; the text comes by POST, because it may be a phone and addresses are logged."""
    wanted = asked(request.POST.get("q", ""))
    too_many = wanted.is_number and _too_many(request)
    asks = wanted.is_long_enough and not too_many
    groups = _answer(request, wanted) if asks else []
    context = {
        "wanted": wanted,
        "groups": groups,
        "count": sum(len(group.hits) for group in groups),
        "too_many": too_many,
        "rooms": [room.title for room in rooms_of(request.scope)],
    }
    template = "components/search_answer.html" if request.htmx else "console/home/search.html"
    return render(request, template, context)


def _too_many(request: ScopedRequest) -> bool:
    try:
        lookup_count(request.user)
    except RateLimited:
        return True
    return False


def _answer(request: ScopedRequest, wanted: Wanted) -> list[Group]:
    groups = find(request.scope, wanted)
    if wanted.is_number:
        found = {group.key: len(group.hits) for group in groups}
        lookup_record(request.user, wanted.number, found=found)
    return groups
