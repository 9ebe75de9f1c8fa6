"""A member code scanned in store opens the member's profile, or says honestly why it does not."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from customers.profile.quota import opening_count
from customers.profile.scanning import scanned
from scrm.core.scope import ScopedRequest, h5_requires

MOST_CHARACTERS = 500


@require_GET
@h5_requires("h5.use")
def scan(request: ScopedRequest) -> HttpResponse:
    """Open the customer a code belongs to; a look counts as an opened customer, whatever it finds."""
    text = request.GET.get("code", "")[:MOST_CHARACTERS]
    opening_count(request.user, text)
    found = scanned(request.scope, text)
    if found.contact is not None:
        return redirect("h5:customer", found.contact.pk)
    return render(request, "h5/customers/scan.html", {"found": found, "code": text})
