"""Tests: development's settings, faster passwords, tasks run where they are called."""

from scrm.settings.dev import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
AXES_ENABLED = False
LOGGING = {"level": "WARNING", "json": False}
