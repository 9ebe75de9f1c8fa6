"""Every URL of the product; features own theirs, this page only mounts them."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

import attribution.urls
import contacts.urls
import customers.urls
from scrm.core.scope import public

urlpatterns = [
    path("", public(RedirectView.as_view(pattern_name="home:index"))),
    path("", include("scrm.core.urls")),
    path("accounts/", include("scrm.accounts.urls")),
    path("wecom/", include("scrm.inbox.callback_urls")),
    path("console/", include("scrm.home.urls")),
    path("console/", include("scrm.core.console_urls")),
    path("console/inbox/", include("scrm.inbox.urls")),
    path("console/", include(contacts.urls.urlpatterns)),
    path("console/", include(customers.urls.urlpatterns)),
    path("console/", include(attribution.urls.urlpatterns)),
    path(
        "api/v1/", include((contacts.urls.api_urlpatterns + customers.urls.api_urlpatterns, "api"))
    ),
    path("api/", include("scrm.core.api_docs_urls")),
    path("ops/", admin.site.urls),
]
