"""Tests: development's settings, faster passwords, tasks run where they are called."""

import os

from scrm.localservices import testing

if "PYTEST_VERSION" in os.environ:
    # pytest-django reads the settings before any conftest is imported: this is the last moment.
    testing.borrow()

from scrm.settings.dev import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
AXES_ENABLED = False
LOGGING = {"level": "WARNING", "json": False}
# Tests name their credentials in the settings; those of the wizard switch this on.
WECOM_CONSOLE_CREDENTIALS = False
