"""Every URL of the product; features own theirs, this page only mounts them."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

import attribution.urls
import contacts.urls
import customers.urls
import materials.urls
import risk.urls
import scrm.accounts.urls
import scrm.home.urls
import scrm.setup.urls
from scrm.core.scope import public

# The phone face: each part gives its `h5_urlpatterns`, all in the namespace "h5".
h5_urlpatterns = [
    *scrm.accounts.urls.h5_urlpatterns,
    *scrm.home.urls.h5_urlpatterns,
    *contacts.urls.h5_urlpatterns,
    *customers.urls.h5_urlpatterns,
    *materials.urls.h5_urlpatterns,
    *attribution.urls.h5_urlpatterns,
]

# What partner systems call: each app gives its `api_urlpatterns`.
api_urlpatterns = [
    *contacts.urls.api_urlpatterns,
    *customers.urls.api_urlpatterns,
    *attribution.urls.api_urlpatterns,
]

urlpatterns = [
    path("", public(RedirectView.as_view(pattern_name="home:index"))),
    path("", include("scrm.core.urls")),
    path("", include(scrm.setup.urls.public_urlpatterns)),
    path("accounts/", include("scrm.accounts.urls")),
    path("h5/", include((h5_urlpatterns, "h5"))),
    path("wecom/", include("scrm.inbox.callback_urls")),
    path("console/", include("scrm.home.urls")),
    path("console/", include("scrm.core.console_urls")),
    path("console/inbox/", include("scrm.inbox.urls")),
    path("console/setup/", include("scrm.setup.urls")),
    path("console/account/", include((scrm.accounts.urls.account_urlpatterns, "account"))),
    path("console/sessions/", include("scrm.accounts.sessions.urls")),
    path("console/api-keys/", include("scrm.accounts.partner_keys.urls")),
    path("console/", include(contacts.urls.urlpatterns)),
    path("console/", include(customers.urls.urlpatterns)),
    path("console/", include(risk.urls.urlpatterns)),
    path("console/", include(materials.urls.urlpatterns)),
    path("console/", include(attribution.urls.urlpatterns)),
    path("m/", include(materials.urls.public_urlpatterns)),
    path("goods-pictures/", include((customers.urls.public_urlpatterns, "goods_pictures"))),
    path("g/", include((customers.urls.group_urlpatterns, "group_pages"))),
    path("e/", include((attribution.urls.public_urlpatterns, "entry_pages"))),
    path("api/v1/", include((api_urlpatterns, "api"))),
    path("api/", include("scrm.core.api_docs_urls")),
    path("ops/", admin.site.urls),
]

handler403 = "scrm.home.errors.forbidden"
handler404 = "scrm.home.errors.not_found"
