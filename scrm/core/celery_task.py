"""The base of every Celery task: ids in the logs, the corp's language, one outer edge."""

from typing import Any

import structlog
from celery import Task
from django.conf import settings
from django.utils import translation


class ContextTask(Task):  # type: ignore[type-arg]
    """Binds the task's name and id for the logs and speaks the corp's language."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task inside its context."""
        # A worker runs many tasks in one context; what the last one bound (job_id) is not this one's.
        if not self.request.is_eager:
            structlog.contextvars.clear_contextvars()
        with (
            structlog.contextvars.bound_contextvars(task=self.name, task_id=self.request.id),
            translation.override(translation.get_language() or settings.LANGUAGE_CODE),
        ):
            return self.run(*args, **kwargs)
