"""URLs of segments, rules and of friends against members."""

from django.urls import URLPattern, URLResolver, path

from customers.segments import api, h5, penetration_views, rule_views, views

app_name = "segments"
urlpatterns = [
    path("", views.segment_list, name="list"),
    path("new/", views.segment_create, name="create"),
    path("import/", views.audience_import, name="import"),
    path("import/template/", views.audience_template, name="import_template"),
    path("builder/row/", views.builder_row, name="builder_row"),
    path("builder/group/", views.builder_group, name="builder_group"),
    path("builder/count/", views.builder_count, name="builder_count"),
    path("rules/", rule_views.rule_list, name="rules"),
    path("rules/new/", rule_views.rule_create, name="rule_create"),
    path("rules/<uuid:pk>/", rule_views.rule_detail, name="rule"),
    path("rules/<uuid:pk>/edit/", rule_views.rule_edit, name="rule_edit"),
    path("rules/<uuid:pk>/try/", rule_views.rule_try, name="rule_try"),
    path("rules/<uuid:pk>/activate/", rule_views.rule_activate, name="rule_activate"),
    path("rules/<uuid:pk>/stop/", rule_views.rule_stop, name="rule_stop"),
    path("rules/<uuid:pk>/delete/", rule_views.rule_delete, name="rule_delete"),
    path("penetration/", penetration_views.index, name="penetration"),
    path("penetration/give/", penetration_views.give, name="give"),
    path("strangers/", penetration_views.strangers, name="penetration_strangers"),
    path(
        "strangers/export/", penetration_views.strangers_export, name="penetration_strangers_export"
    ),
    path("unenrolled/", penetration_views.unenrolled, name="penetration_unenrolled"),
    path(
        "unenrolled/export/",
        penetration_views.unenrolled_export,
        name="penetration_unenrolled_export",
    ),
    path("<uuid:pk>/", views.segment_detail, name="detail"),
    path("<uuid:pk>/persons/", views.segment_persons, name="persons"),
    path("<uuid:pk>/edit/", views.segment_edit, name="edit"),
    path("<uuid:pk>/delete/", views.segment_delete, name="delete"),
]
h5_urlpatterns: list[URLPattern | URLResolver] = [
    path("invitations/", h5.invitations, name="invitations"),
    path("invitations/<uuid:pk>/asked/", h5.invitation_asked, name="invitation_asked"),
    path("invitations/<uuid:pk>/phone/", h5.invitation_reveal, name="invitation_reveal"),
]
api_urlpatterns: list[URLPattern | URLResolver] = [
    path("audiences/batch", api.AudienceView.as_view(), name="audiences_batch"),
]
