"""Where people log in."""

from django.urls import path

from scrm.accounts import h5_login, views

app_name = "accounts"
urlpatterns = [
    path("login/", views.login_page, name="login"),
    path("logout/", views.log_out, name="logout"),
    path("language/", views.language, name="language"),
    path("wecom/start/", views.wecom_start, name="wecom_start"),
    path("wecom/callback/", views.wecom_callback, name="wecom_callback"),
]
h5_urlpatterns = [
    path("login/", h5_login.start, name="login"),
    path("login/callback/", h5_login.callback, name="login_callback"),
    path("logout/", h5_login.log_out, name="logout"),
]
