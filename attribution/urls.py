"""Gathers the URLs of this app's features."""

from django.urls import URLPattern, URLResolver, include, path

import attribution.entries.urls
import attribution.sales.urls
import attribution.touches.urls

urlpatterns: list[URLPattern | URLResolver] = [
    path("live-codes/", include("attribution.live_codes.urls")),
    path("welcome/", include("attribution.welcome.urls")),
    path("adds/", include("attribution.adds.urls")),
    path("entries/", include("attribution.entries.urls")),
    path("touches/", include("attribution.touches.urls")),
    path("sales/", include("attribution.sales.urls")),
    path("boards/", include("attribution.boards.urls")),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    *attribution.entries.urls.api_urlpatterns,
    *attribution.touches.urls.api_urlpatterns,
]
h5_urlpatterns: list[URLPattern | URLResolver] = [*attribution.sales.urls.h5_urlpatterns]
# Pages of customers, without a log-in.
public_urlpatterns: list[URLPattern | URLResolver] = [*attribution.entries.urls.public_urlpatterns]
