"""URLs of the health page."""

from django.urls import path

from scrm.core.health import views

app_name = "health"
urlpatterns = [
    path("", views.index, name="index"),
    path("findings/", views.findings, name="findings"),
]
