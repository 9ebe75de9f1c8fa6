"""Gathers the URLs of this app's features."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("live-codes/", include("attribution.live_codes.urls")),
    path("welcome/", include("attribution.welcome.urls")),
    path("adds/", include("attribution.adds.urls")),
]
