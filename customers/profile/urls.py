"""URLs of the profile: pages below the customer list."""

from django.urls import path

from customers.profile import views

app_name = "profile"
urlpatterns = [
    path("<uuid:contact_id>/", views.profile, name="detail"),
    path("<uuid:contact_id>/reveal/", views.reveal, name="reveal"),
    path("<uuid:contact_id>/notes/", views.note_create, name="note"),
    path("<uuid:contact_id>/notes/<uuid:note_id>/done/", views.note_close, name="note_done"),
    path("<uuid:contact_id>/do-not-contact/", views.stop, name="stop"),
    path("<uuid:contact_id>/contact-again/", views.allow, name="allow"),
    path("<uuid:contact_id>/fields/", views.fields_save, name="fields"),
    path("<uuid:contact_id>/local-tags/", views.local_tags, name="local_tags"),
    path("<uuid:contact_id>/mark/", views.mark, name="mark"),
]
