"""URLs of sales."""

from django.urls import URLPattern, URLResolver, path

from attribution.sales import h5, views

app_name = "sales"
urlpatterns = [
    path("", views.credit_list, name="list"),
    path("till/", views.till, name="till"),
    path("orders/<uuid:order_id>/", views.credit_detail, name="detail"),
    path("rules/", views.rule_list, name="rules"),
    path("rules/new/", views.rule_create, name="rule_create"),
    path("rules/<int:pk>/", views.rule_detail, name="rule"),
    path("rules/<int:pk>/act/", views.rule_act, name="rule_act"),
]
h5_urlpatterns: list[URLPattern | URLResolver] = [
    path("sales/", h5.sales, name="sales"),
    path("sales/<uuid:order_id>/", h5.sale, name="sale"),
]
