"""URLs of the OA synchronisation."""

from django.urls import include, path

from contacts.oa_sync import adoption_views, downloads, views

app_name = "oa_sync"
urlpatterns = [
    path("", views.runs, name="list"),
    path("upload/", views.upload, name="upload"),
    path("sources/", include("contacts.oa_sync.sources.urls")),
    path("rules/", views.rules, name="policy"),
    path("accounts/", adoption_views.adoptions, name="adoptions"),
    path("accounts/decide/", adoption_views.adoptions_decide, name="adoptions_decide"),
    path("templates/<slug:role>/", downloads.template, name="template"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/live/", views.live, name="live"),
    path("<uuid:pk>/approve/", views.approve, name="approve"),
    path("<uuid:pk>/discard/", views.discard, name="discard"),
    path("<uuid:pk>/continue/", views.go_on, name="continue"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/again/", views.plan_again, name="again"),
    path("<uuid:pk>/plan.xlsx", downloads.plan, name="plan"),
    path("<uuid:pk>/errors/<slug:role>.xlsx", downloads.errors, name="errors"),
]
