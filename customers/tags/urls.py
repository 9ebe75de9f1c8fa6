"""URLs of tags."""

from django.urls import path

from customers.tags import views

app_name = "tags"
urlpatterns = [
    path("", views.tag_list, name="list"),
    path("create/", views.tag_create, name="create"),
    path("sync/", views.tag_sync, name="sync"),
]
