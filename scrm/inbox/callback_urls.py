"""WeCom's door, mounted under `wecom/`; with and without the last slash, because a redirect loses the body."""

from django.urls import path

from scrm.inbox.callback import callback

app_name = "callback"

urlpatterns = [
    path("callback/<slug:app>/", callback, name="receive"),
    path("callback/<slug:app>", callback),
]
