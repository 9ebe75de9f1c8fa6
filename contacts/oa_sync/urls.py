"""URLs of the OA synchronisation."""

from django.urls import path

from contacts.oa_sync import downloads, views

app_name = "oa_sync"
urlpatterns = [
    path("", views.runs, name="list"),
    path("upload/", views.upload, name="upload"),
    path("rules/", views.rules, name="policy"),
    path("templates/<slug:role>/", downloads.template, name="template"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/live/", views.live, name="live"),
    path("<uuid:pk>/approve/", views.approve, name="approve"),
    path("<uuid:pk>/discard/", views.discard, name="discard"),
    path("<uuid:pk>/continue/", views.go_on, name="continue"),
    path("<uuid:pk>/again/", views.plan_again, name="again"),
    path("<uuid:pk>/plan.xlsx", downloads.plan, name="plan"),
    path("<uuid:pk>/errors/<slug:role>.xlsx", downloads.errors, name="errors"),
]
