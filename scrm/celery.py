"""The Celery application: scheduled and bulk jobs; events never pass through it (ADR-0005)."""

import os
from importlib import import_module
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init

from scrm.settings.env import refusing_in_words

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scrm.settings.dev")


class App(Celery):
    """Ends `celery -A scrm …` with one sentence, not a traceback, where a setting cannot be used."""

    def _load_config(self) -> Any:
        with refusing_in_words():
            return super()._load_config()  # type: ignore[misc]


app = App("scrm", task_cls="scrm.core.celery_task:ContextTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**kwargs: Any) -> None:
    """Stop Celery from replacing the logging of settings.LOGGING: a receiver is all it asks for."""


@worker_init.connect
@beat_init.connect
def refuse_unsafe_settings(**kwargs: Any) -> None:
    """End a worker or the clock at its start when production's settings are unsafe."""
    import_module("scrm.core.checks").refuse_unsafe()
