"""URLs of everybody's sessions."""

from django.urls import path

from scrm.accounts.sessions import views

app_name = "sessions"
urlpatterns = [
    path("", views.session_list, name="list"),
    path("<uuid:number>/end/", views.session_stop, name="end"),
]
