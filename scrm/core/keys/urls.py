"""URLs of keys."""

from django.urls import path

from scrm.core.keys import views

app_name = "keys"
urlpatterns = [
    path("", views.index, name="index"),
    path("rotate/", views.rotate, name="rotate"),
]
