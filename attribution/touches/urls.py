"""URLs of touches."""

from django.urls import URLPattern, URLResolver, path

from attribution.touches import api, views

app_name = "touches"
urlpatterns = [
    path("", views.touch_list, name="list"),
    path("surfaces/", views.surface_list, name="surfaces"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("events/batch", api.EventsBatchView.as_view(), name="events_batch"),
]
