"""URLs of check-in: headquarters, the guide's phone, the customer's page."""

from django.urls import URLPattern, URLResolver, path

from customers.checkin import h5, public, views
from customers.groups.public import back

app_name = "checkin"
urlpatterns = [
    path("", views.campaign_list, name="list"),
    path("new/", views.campaign_edit, name="create"),
    path("<int:pk>/", views.campaign_detail, name="detail"),
    path("<int:pk>/edit/", views.campaign_edit, name="edit"),
    path("<int:pk>/state/", views.campaign_state, name="state"),
    path("<int:pk>/export/", views.campaign_export, name="export"),
]
h5_urlpatterns: list[URLPattern | URLResolver] = [
    path("checkin/", h5.links, name="checkin"),
]
# Without a log-in: WeChat says who opens them.
public_urlpatterns: list[URLPattern | URLResolver] = [
    path("back/", back, name="back"),
    path("<slug:token>/", public.page, name="page"),
    path("<slug:token>/check-in/", public.check_in, name="check_in"),
    path("<slug:token>/redeem/", public.redeem, name="redeem"),
    path("<slug:token>/consent/", public.consent, name="consent"),
]
