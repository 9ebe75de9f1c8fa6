"""Where people log in."""

from django.urls import path

from scrm.accounts import h5_login, views
from scrm.accounts.oidc import views as oidc
from scrm.accounts.second_factor import views as second_factor
from scrm.accounts.sessions import views as sessions

app_name = "accounts"
urlpatterns = [
    path("login/", views.login_page, name="login"),
    path("logout/", views.log_out, name="logout"),
    path("language/", views.language, name="language"),
    path("wecom/start/", views.wecom_start, name="wecom_start"),
    path("wecom/callback/", views.wecom_callback, name="wecom_callback"),
    path("sso/start/", oidc.start, name="sso_start"),
    path("sso/callback/", oidc.callback, name="sso_callback"),
    path("second-step/", second_factor.second_step, name="second_step"),
    path("second-step/app/", second_factor.app_set_up, name="app_set_up"),
]
h5_urlpatterns = [
    path("login/", h5_login.start, name="login"),
    path("login/callback/", h5_login.callback, name="login_callback"),
    path("logout/", h5_login.log_out, name="logout"),
]
# One's own account in the console, in the namespace "account".
account_urlpatterns = [
    path("", sessions.mine, name="mine"),
    path("app/", second_factor.app_change, name="app_change"),
    path("sessions/end-others/", sessions.mine_end_others, name="end_others"),
    path("sessions/<uuid:number>/end/", sessions.mine_end, name="end"),
]
