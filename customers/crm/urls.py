"""URLs of members."""

from django.urls import URLPattern, URLResolver, path

from customers.crm import api, facts_api, views

app_name = "crm"
urlpatterns = [
    path("", views.member_list, name="list"),
    path("orders/", views.order_list, name="orders"),
    path("orders/<uuid:order_id>/", views.order_detail, name="order"),
    path("services/", views.service_list, name="services"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("members/batch", api.MembersBatchView.as_view(), name="members_batch"),
    path("orders/batch", facts_api.OrdersBatchView.as_view(), name="orders_batch"),
    path("refunds/batch", facts_api.RefundsBatchView.as_view(), name="refunds_batch"),
    path("assets/batch", facts_api.AssetsBatchView.as_view(), name="assets_batch"),
    path("member_tags/batch", facts_api.TagsBatchView.as_view(), name="member_tags_batch"),
    path("services/batch", facts_api.ServicesBatchView.as_view(), name="services_batch"),
    path("members/<str:member_no>", api.MemberView.as_view(), name="member"),
    path("orders/<str:order_no>", facts_api.OrderView.as_view(), name="order"),
]
