"""WSGI entry point (granian serves it)."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

from scrm.settings.env import refusing_in_words

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings.base")
with refusing_in_words():
    application = get_wsgi_application()
    # After the settings are loaded and before the first request is served.
    import_module("scrm.core.checks").refuse_unsafe()
