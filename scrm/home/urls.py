"""The console's first page, and the pages of the phone face that gather from several apps."""

from django.urls import URLPattern, URLResolver, path

from scrm.home import h5, h5_code, h5_customers, h5_scan, h5_sdk, search_views, views

app_name = "home"
urlpatterns = [
    path("", views.index, name="index"),
    path("search/", search_views.search, name="search"),
]
h5_urlpatterns: list[URLPattern | URLResolver] = [
    path("", h5.index, name="home"),
    path("customers/", h5_customers.customer_list, name="customers"),
    path("customers/<uuid:contact_id>/", h5_customers.customer, name="customer"),
    path("customers/<uuid:contact_id>/reveal/", h5_customers.reveal, name="reveal"),
    path("customers/<uuid:contact_id>/notes/", h5_customers.note_create, name="note"),
    path(
        "customers/<uuid:contact_id>/notes/<uuid:note_id>/done/",
        h5_customers.note_done,
        name="note_done",
    ),
    path("customers/<uuid:contact_id>/stop/", h5_customers.contact_stop, name="contact_stop"),
    path("customers/<uuid:contact_id>/opened/", h5_customers.opened, name="customer_opened"),
    path("customers/<uuid:contact_id>/fields/", h5_customers.fields_save, name="customer_fields"),
    path("scan/", h5_scan.scan, name="scan"),
    path("c/", h5_customers.side_bar, name="side_bar"),
    path("c/<str:external_userid>/", h5_customers.side_bar_customer, name="side_bar_customer"),
    path("code/", h5_code.own_code, name="code"),
    path("code/<int:pk>.png", h5_code.picture, name="code_picture"),
    path("tasks/", h5.tasks, name="tasks"),
    path("tasks/<uuid:item_id>/done/", h5.task_done, name="task_done"),
    path("me/", h5.me, name="me"),
    path("diag/", h5.diag, name="diag"),
    path("api/jsapi-signature", h5_sdk.signature, name="jsapi_signature"),
]
