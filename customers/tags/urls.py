"""URLs of tags."""

from django.urls import path

from customers.tags import edit_views, views

app_name = "tags"
urlpatterns = [
    path("", views.tag_list, name="list"),
    path("create/", views.tag_create, name="create"),
    path("sync/", views.tag_sync, name="sync"),
    path("groups/<int:pk>/", edit_views.group_edit, name="group"),
    path("groups/<int:pk>/rename/", edit_views.group_rename, name="group_rename"),
    path("groups/<int:pk>/move/", edit_views.group_move, name="group_move"),
    path("groups/<int:pk>/delete/", edit_views.group_delete, name="group_delete"),
    path("groups/<int:pk>/add/", edit_views.group_add, name="group_add"),
    path("<int:pk>/rename/", edit_views.tag_rename, name="rename"),
    path("<int:pk>/move/", edit_views.tag_move, name="move"),
    path("<int:pk>/delete/", edit_views.tag_delete, name="delete"),
    path("local/", edit_views.local_list, name="local"),
    path("local/create/", edit_views.local_create, name="local_create"),
    path("local/<int:pk>/rename/", edit_views.local_rename, name="local_rename"),
    path("local/<int:pk>/delete/", edit_views.local_delete, name="local_delete"),
]
