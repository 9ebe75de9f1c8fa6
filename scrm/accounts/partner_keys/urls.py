"""URLs of partner keys."""

from django.urls import path

from scrm.accounts.partner_keys import views

app_name = "api_keys"
urlpatterns = [
    path("", views.key_list, name="list"),
    path("new/", views.key_create, name="create"),
    path("<int:pk>/take-over/", views.key_take_over, name="take_over"),
    path("<int:pk>/withdraw/", views.key_withdraw, name="withdraw"),
]
