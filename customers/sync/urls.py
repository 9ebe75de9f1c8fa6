"""URLs of the customer sync."""

from django.urls import path

from customers.sync import views

app_name = "customer_sync"
urlpatterns = [
    path("", views.runs, name="list"),
    path("start/", views.start, name="start"),
    path("missed/", views.missed, name="missed"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/live/", views.live, name="live"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/resume/", views.resume, name="resume"),
    path("<uuid:pk>/release/", views.release, name="release"),
]
