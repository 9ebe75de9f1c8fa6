"""URLs of privacy."""

from django.urls import path

from customers.privacy import views

app_name = "privacy"
urlpatterns = [
    path("", views.index, name="index"),
    path("find/", views.find, name="find"),
    path("retention/", views.retention, name="retention"),
    path("person/<uuid:record_id>/", views.person, name="person"),
    path("package/<uuid:pk>/", views.package, name="package"),
]
