"""The goods pages."""

from uuid import UUID

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from customers.goods.forms import GoodsFilter, PictureForm
from customers.goods.models import Goods
from customers.goods.pictures import place_of
from customers.goods.selectors import goods_visible_to, stock_of, variants_of, with_stock
from customers.goods.services import picture_set
from customers.goods.tables import GoodsTable
from scrm.core.listing import build_list
from scrm.core.refusals import RefusalInForm
from scrm.core.scope import ScopedRequest, public, requires

A_YEAR = 365 * 24 * 3600
# Even if somebody opened it as a page: nothing runs.
POLICY = "default-src 'none'; sandbox"


@require_GET
@requires("goods.view")
def goods_list(request: ScopedRequest) -> HttpResponse:
    """List the goods, the newest first."""
    may_import = request.scope.allows("crm.import")
    page = build_list(
        request,
        queryset=with_stock(request.scope, goods_visible_to(request.scope)),
        table_class=GoodsTable,
        filterset_class=GoodsFilter,
        order=("-id",),
    )
    empty = {
        "title": _("No goods yet"),
        "text": _("Import a file, or let the shop's system send them through the API."),
        "action_label": _("Import goods") if may_import else "",
        "action_url": reverse("intake:file", args=["goods"]) if may_import else "",
        "icon": "shopping-bag",
    }
    context = {"list": page, "empty": empty, "may_import": may_import}
    return render(request, "console/customers/goods/list.html", context)


@require_http_methods(["GET", "POST"])
@requires("goods.view")
def goods_detail(request: ScopedRequest, goods_id: UUID) -> HttpResponse:
    """Show one thing: its picture, its variants, its stock by store; take a picture in."""
    goods = get_object_or_404(goods_visible_to(request.scope), pk=goods_id)
    may_import = request.scope.allows("crm.import")
    form = PictureForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if not may_import:
            raise Http404
        if form.is_valid():
            with RefusalInForm(form, "picture"):
                picture_set(goods, form.cleaned_data["picture"].read(), actor=request.user)
                messages.success(request, _("The picture is kept."))
                return redirect("goods:detail", goods.pk)
    stock = stock_of(request.scope, goods.sku)
    context = {
        "goods": goods,
        "variants": variants_of(goods),
        "stock": stock,
        "pieces": sum(max(line.quantity, 0) for line in stock),
        "form": form,
        "may_import": may_import,
    }
    status = 422 if form.errors else 200
    return render(request, "console/customers/goods/detail.html", context, status=status)


@public
@require_GET
def goods_picture(request: HttpRequest, token: str) -> HttpResponse:
    """Give an uploaded picture by its random address; phones and partners send no cookie."""
    if not Goods.objects.filter(picture_token=token).exists():
        raise Http404
    try:
        with default_storage.open(place_of(token), "rb") as file:
            content = file.read()
    except FileNotFoundError:
        raise Http404 from None
    return HttpResponse(
        content,
        content_type="image/jpeg",
        headers={
            "Cache-Control": f"public, max-age={A_YEAR}, immutable",
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
        },
    )
