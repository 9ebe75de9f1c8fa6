"""Starts a private PostgreSQL and Redis for a laptop, the demo and the tests; no Django, no Celery."""
