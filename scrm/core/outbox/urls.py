"""Console pages of the outbox."""

from django.urls import path

from scrm.core.outbox import views

app_name = "outbox"

urlpatterns = [
    path("", views.message_list, name="list"),
    path("<uuid:pk>/", views.message_detail, name="detail"),
    path("<uuid:pk>/decide/", views.message_decide, name="decide"),
]
