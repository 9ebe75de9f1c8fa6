"""URLs of the address book."""

from django.urls import path

from contacts.directory import views

app_name = "directory"
urlpatterns = [
    path("", views.members, name="members"),
    path("departments/", views.departments, name="departments"),
    path("refresh/", views.refresh, name="refresh"),
]
