"""Console pages of the inbox."""

from django.urls import path

from scrm.inbox import views

app_name = "inbox"

urlpatterns = [
    path("", views.event_list, name="list"),
    path("replay/", views.replay_quarantined, name="replay_all"),
    path("<int:pk>/", views.event_detail, name="detail"),
    path("<int:pk>/replay/", views.event_replay, name="replay"),
]
