"""The project package: wiring on top, kernel below."""

from scrm.celery import app as celery_app

__all__ = ["celery_app"]
