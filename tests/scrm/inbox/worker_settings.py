"""Settings of the worker process that tests kill: the test database, the test's own routes."""

import os

from scrm.settings.test import *  # noqa: F403

DATABASES = {"default": {**DATABASES["default"], "NAME": os.environ["TEST_DATABASE"]}}  # noqa: F405
INBOX_EVENT_ROUTES = "tests.scrm.inbox.worker_routes.EVENT_ROUTES"
OUTBOX_SENDERS = "tests.scrm.inbox.worker_routes.OUTBOX_SENDERS"
