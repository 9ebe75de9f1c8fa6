"""URLs of points."""

from django.urls import URLPattern, URLResolver, path

from customers.points import h5, views

app_name = "points"
urlpatterns = [
    path("", views.account_list, name="list"),
    path("ledger/", views.ledger, name="ledger"),
    path("rewards/", views.reward_list, name="rewards"),
    path("rewards/new/", views.reward_edit, name="reward_create"),
    path("rewards/<int:pk>/", views.reward_edit, name="reward_edit"),
    path("redemptions/", views.redemption_list, name="redemptions"),
    path("redemptions/<uuid:pk>/cancel/", views.redemption_cancel, name="cancel"),
    path("<int:pk>/", views.account_detail, name="account"),
]
h5_urlpatterns: list[URLPattern | URLResolver] = [
    path("pickup/", h5.pickup, name="pickup"),
    path("pickup/done/", h5.pickup_done, name="pickup_done"),
]
