"""Gathers the URLs of this app's features."""

from django.urls import URLPattern, URLResolver, include, path

from customers.checkin.urls import h5_urlpatterns as checkin_h5
from customers.checkin.urls import public_urlpatterns as group_pages
from customers.crm.urls import api_urlpatterns as crm_api
from customers.goods.urls import api_urlpatterns as goods_api
from customers.goods.urls import public_urlpatterns as goods_pictures
from customers.lists.urls import list_urlpatterns as customer_list
from customers.points.urls import h5_urlpatterns as points_h5
from customers.relations.urls import urlpatterns as relations
from customers.segments.urls import api_urlpatterns as segments_api
from customers.segments.urls import h5_urlpatterns as segments_h5

urlpatterns: list[URLPattern | URLResolver] = [
    path("customers/", include(([*customer_list, *relations], "relations"))),
    path("customers/", include("customers.lists.urls")),
    path("customers/", include("customers.profile.rule_urls")),
    path("customers/", include("customers.profile.urls")),
    path("customer-sync/", include("customers.sync.urls")),
    path("customer-fields/", include("customers.fields.urls")),
    path("checkin/", include("customers.checkin.urls")),
    path("goods/", include("customers.goods.urls")),
    path("groups/", include("customers.groups.urls")),
    path("points/", include("customers.points.urls")),
    path("crm-sources/", include("customers.intake.urls")),
    path("inheritance/", include("customers.inheritance.urls")),
    path("members/", include("customers.crm.urls")),
    path("oneid/", include("customers.oneid.urls")),
    path("privacy/", include("customers.privacy.urls")),
    path("segments/", include("customers.segments.urls")),
    path("tags/", include("customers.tags.urls")),
]
api_urlpatterns: list[URLPattern | URLResolver] = [*crm_api, *goods_api, *segments_api]
public_urlpatterns: list[URLPattern | URLResolver] = [*goods_pictures]
# Pages of a group that customers open in WeChat, and the guides' side of them.
group_urlpatterns: list[URLPattern | URLResolver] = [*group_pages]
h5_urlpatterns: list[URLPattern | URLResolver] = [*checkin_h5, *points_h5, *segments_h5]
