"""URLs of the set-up; `public_urlpatterns` stand at the root of the site."""

from django.urls import URLPattern, URLResolver, path, re_path

from scrm.setup import views

app_name = "setup"
urlpatterns = [
    path("", views.index, name="index"),
    path("report/print/", views.report_page, name="report"),
    path("report/report.md", views.report_download, name="report_download"),
    path("log/<slug:app>/", views.callback_log, name="callback_log"),
    path("keys/<slug:app>/", views.keys_save, name="keys_save"),
    path("keys/<slug:app>/make/", views.keys_generate, name="keys_generate"),
    path("keys/<slug:app>/take/", views.keys_take, name="keys_take"),
    path("keys/<slug:app>/stop/", views.keys_stop, name="keys_stop"),
    path("files/", views.file_add, name="file_add"),
    path("files/<int:pk>/remove/", views.file_remove, name="file_remove"),
    path("archive-key/", views.archive_key, name="archive_key"),
    path("<slug:step>/", views.step, name="step"),
    path("<slug:step>/save/", views.save, name="save"),
    path("<slug:step>/test/", views.test, name="test"),
    path("<slug:step>/picture/", views.picture, name="picture"),
    path("<slug:step>/picture/add/", views.picture_set, name="picture_set"),
    path("<slug:step>/picture/remove/", views.picture_remove, name="picture_remove"),
    path("<slug:step>/remove/<str:name>/", views.remove, name="remove"),
]
public_urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^(?P<name>WW_verify_[A-Za-z0-9]{1,64}\.txt)$", views.verify_file, name="verify_file"),
]
