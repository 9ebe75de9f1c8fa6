"""URLs of customer groups."""

from django.urls import path

from customers.groups import views

app_name = "groups"
urlpatterns = [
    path("", views.group_list, name="list"),
    path("sync/", views.group_sync, name="sync"),
    path("figures/", views.group_stats, name="stats"),
    path("duplicates/", views.group_duplicates, name="duplicates"),
    path("welcomes/", views.welcome_list, name="welcomes"),
    path("welcomes/new/", views.welcome_edit, name="welcome_create"),
    path("welcomes/<int:pk>/", views.welcome_edit, name="welcome_edit"),
    path("welcomes/<int:pk>/delete/", views.welcome_delete, name="welcome_delete"),
    path("<int:pk>/", views.group_detail, name="detail"),
    path("<int:pk>/tags/", views.group_tags, name="tags"),
    path("<int:pk>/welcome/", views.group_welcome, name="welcome"),
    path("<int:pk>/read/", views.group_read, name="read"),
]
