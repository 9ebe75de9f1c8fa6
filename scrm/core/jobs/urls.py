"""URLs of jobs."""

from django.urls import path

from scrm.core.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.job_list, name="list"),
    path("bar/", views.job_bar, name="bar"),
    path("<uuid:pk>/", views.job_detail, name="detail"),
    path("<uuid:pk>/live/", views.job_live, name="live"),
    path("<uuid:pk>/cancel/", views.job_cancel, name="cancel"),
    path("<uuid:pk>/restart/", views.job_restart, name="restart"),
    path("<uuid:pk>/errors/", views.job_errors, name="errors"),
]
