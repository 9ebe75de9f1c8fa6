"""Gathers the URLs of this app's features."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("capacity/", include("risk.capacity.urls")),
    path("anomalies/", include("risk.anomalies.urls")),
]
