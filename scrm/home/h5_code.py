"""The guide's own live code, big enough to scan from the phone."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from attribution.live_codes.pictures import print_ready
from scrm.core.scope import ScopedRequest, h5_requires
from scrm.home.h5_selectors import own_codes, own_member, store_served_by

PICTURE = 600


@require_GET
@h5_requires("h5.use")
def own_code(request: ScopedRequest) -> HttpResponse:
    """Show the codes that name the person, one large, the others to choose from."""
    member = own_member(request.scope)
    codes = own_codes(request.scope, member)
    wanted = request.GET.get("code", "")
    chosen = next((own for own in codes if str(own.code.pk) == wanted), next(iter(codes), None))
    context = {"member": member, "store": store_served_by(member), "codes": codes, "chosen": chosen}
    return render(request, "h5/code/index.html", context)


@require_GET
@h5_requires("h5.use")
def picture(request: ScopedRequest, pk: int) -> HttpResponse:
    """Give one of the person's own codes as a picture that a long press saves."""
    codes = own_codes(request.scope, own_member(request.scope))
    link = next((own.code.link for own in codes if own.code.pk == pk), None)
    if link is None:
        raise Http404
    response = HttpResponse(print_ready(link, PICTURE), content_type="image/png")
    response["Cache-Control"] = "private, max-age=300"
    return response
