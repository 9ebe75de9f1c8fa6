"""URLs of the roster."""

from django.urls import URLPattern, URLResolver, path

from contacts.roster import file_views, h5, views

app_name = "roster"
urlpatterns = [
    path("", views.people, name="list"),
    path("new/", views.create, name="create"),
    path("queue/", views.queue, name="queue"),
    path("queue/approve/", views.approve_ticked, name="approve_ticked"),
    path("extensions/<int:pk>/", views.decide_extension, name="decide_extension"),
    path("files/", file_views.files, name="files"),
    path("files/new/", file_views.upload, name="upload"),
    path("files/template/", file_views.template, name="template"),
    path("files/<uuid:pk>/", file_views.file, name="file"),
    path("files/<uuid:pk>/send/", file_views.send, name="file_send"),
    path("files/<uuid:pk>/drop/", file_views.drop, name="file_drop"),
    path("files/<uuid:pk>/errors/", file_views.errors, name="file_errors"),
    path("<uuid:pk>/", views.detail, name="detail"),
    path("<uuid:pk>/approve/", views.approve, name="approve"),
    path("<uuid:pk>/refuse/", views.refuse, name="refuse"),
    path("<uuid:pk>/retry/", views.retry, name="retry"),
    path("<uuid:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("<uuid:pk>/end/", views.end, name="end"),
    path("<uuid:pk>/extend/", views.extend, name="extend"),
]
h5_urlpatterns: list[URLPattern | URLResolver] = [path("roster/", h5.roster, name="roster")]
