"""Celery entries of the address book."""

import structlog
from celery import shared_task

from contacts.directory.services import (
    MirrorShrunk,
    follow_refresh,
    leaves_take_effect,
    mirror_refresh,
    refresh_start,
)
from scrm.core import credentials
from scrm.core.exceptions import Conflict
from scrm.core.jobs.services import running
from scrm.wecom.errors import WeComError

logger = structlog.get_logger(__name__)


@shared_task(name="contacts.directory_refresh")
def directory_refresh(job_id: str) -> None:
    """Read WeCom's address book into the mirror."""
    with running(job_id) as run:
        refreshed = mirror_refresh(run)
        run.result(
            departments=refreshed.departments, members=refreshed.members, hidden=refreshed.hidden
        )


@shared_task(name="contacts.directory_watch")
def directory_watch() -> None:
    """Start the hourly refresh: callbacks may be lost, and switching customer contact on raises none."""
    if not credentials.corp_id():
        return
    try:
        refresh_start(actor=None)
    except Conflict:
        logger.info("contacts.directory.refresh_under_way")


@shared_task(name="contacts.follow_refresh")
def follow_users_refresh() -> None:
    """Read who has customer contact: one call, so that waiting members become ready within minutes."""
    if not credentials.corp_id():
        return
    try:
        follow_refresh()
    except MirrorShrunk:
        logger.warning("contacts.directory.follow_list_empty")
    except WeComError as failure:
        logger.warning(
            "contacts.directory.follow_refresh_failed", errcode=failure.errcode, kind=failure.kind
        )


@shared_task(name="contacts.leaves_take_effect")
def employees_leave() -> int:
    """Let those leave whose last day is over."""
    return leaves_take_effect()
