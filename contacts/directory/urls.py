"""URLs of the address book."""

from django.urls import path

from contacts.directory import chase_views, views

app_name = "directory"
urlpatterns = [
    path("", views.members, name="members"),
    path("departments/", views.departments, name="departments"),
    path("chase/", chase_views.chase, name="chase"),
    path("chase/invite/", chase_views.chase_invite, name="chase_invite"),
    path("chase/list.xlsx", chase_views.chase_download, name="chase_download"),
    path("refresh/", views.refresh, name="refresh"),
]
