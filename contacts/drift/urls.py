"""URLs of drift."""

from django.urls import path

from contacts.drift import views

app_name = "drift"
urlpatterns = [
    path("", views.findings, name="list"),
    path("check/", views.check, name="check"),
    path("live/", views.live, name="live"),
    path("chosen/", views.chosen, name="chosen"),
    path("restore/", views.restore, name="restore"),
    path("accept/", views.accept, name="accept"),
    path("secrets/", views.secrets, name="secrets"),
    path("<uuid:pk>/", views.detail, name="detail"),
]
