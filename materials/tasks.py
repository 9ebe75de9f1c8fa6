"""Gathers the tasks of this app's features, so that Celery finds them."""

from materials.tracking.tasks import partitions_keep_task, views_roll_up_task

__all__ = ["partitions_keep_task", "views_roll_up_task"]
