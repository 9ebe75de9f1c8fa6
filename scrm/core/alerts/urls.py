"""URLs of alerts."""

from django.urls import path

from scrm.core.alerts import views

app_name = "alerts"
urlpatterns = [
    path("", views.alert_list, name="list"),
    path("channels/new/", views.channel_create, name="channel_create"),
    path("channels/<uuid:pk>/", views.channel_edit, name="channel_edit"),
    path("channels/<uuid:pk>/delete/", views.channel_delete, name="channel_delete"),
    path("channels/<uuid:pk>/test/", views.channel_test, name="channel_test"),
]
