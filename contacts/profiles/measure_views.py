"""What the editor of a card asks while somebody types: how long its texts become among the accounts it covers."""

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from contacts.org.selectors import org_units_visible_to
from contacts.profiles import services
from contacts.profiles.limits import MOST_ITEMS
from contacts.profiles.models import ProfileTemplate
from scrm.core.scope import ScopedRequest, requires

# The position and the lines.
MOST_TEXTS = MOST_ITEMS + 1


@require_POST
@requires("external_profiles.edit")
def measure(request: ScopedRequest) -> HttpResponse:
    """Return the longest each text becomes and how many accounts it does not fit; nothing is kept."""
    code = request.POST.get("unit", "").strip()
    units = org_units_visible_to(request.scope)
    unit = units.filter(code=code).first() if code else None
    texts = [text.strip() for text in request.POST.getlist("text")[:MOST_TEXTS]]
    if code and unit is None:
        return JsonResponse({"accounts": 0, "texts": [None] * len(texts)})
    posts = [line.strip() for line in request.POST.get("posts", "").splitlines() if line.strip()]
    meant = ProfileTemplate(unit=unit, posts=posts)
    accounts, found = services.measure(meant, texts, request.scope)
    shown = [each and {"longest": each.longest, "length": len(each.longest), "over": each.over} for each in found]  # fmt: skip
    return JsonResponse({"accounts": accounts, "texts": shown})
