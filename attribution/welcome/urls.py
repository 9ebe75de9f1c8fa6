"""URLs of welcomes."""

from django.urls import path

from attribution.welcome import views

app_name = "welcome"
urlpatterns = [
    path("", views.welcome_list, name="list"),
    path("new/", views.welcome_create, name="create"),
    path("<int:pk>/", views.welcome_edit, name="edit"),
]
