"""Rows of the kernel for tests, and scopes without roles."""

from typing import Any

import factory
from celery import shared_task
from factory.django import DjangoModelFactory

from scrm.core.alerts.models import Alert, AlertChannel
from scrm.core.jobs.models import JobRun
from scrm.core.scope import Scope

NOBODY = frozenset[str]()


@shared_task(name="tests.nothing")
def nothing(job_id: str) -> None:
    """The task of a job that nobody runs."""


class JobRunFactory(DjangoModelFactory[JobRun]):
    """A queued job that nobody runs."""

    class Meta:
        model = JobRun

    kind = "tests.work"
    key = factory.Sequence(lambda n: f"key-{n}")
    task = "tests.nothing"


class AlertFactory(DjangoModelFactory[Alert]):
    """A warning."""

    class Meta:
        model = Alert

    kind = "tests"
    key = factory.Sequence(lambda n: f"key-{n}")
    level = "warning"
    title = "Queue is long"
    text = "1,200 events wait."


class AlertChannelFactory(DjangoModelFactory[AlertChannel]):
    """A WeCom robot for warnings and worse."""

    class Meta:
        model = AlertChannel

    name = factory.Sequence(lambda n: f"robot {n}")
    url = (
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a1b2c3d-0000-0000-0000-000000000000"
    )


def scope(
    *permissions: str,
    user_id: int = 0,
    everything: bool = False,
    masks: frozenset[str] = NOBODY,
) -> Scope:
    """Return a scope with these permissions."""
    return Scope(
        user_id=user_id,
        role_codes=NOBODY,
        permissions=frozenset(permissions),
        everything=everything,
        org_paths=(),
        userid=None,
        own_only=False,
        masks=masks,
    )


def scope_from_username(user: Any) -> Scope:
    """A resolver for tests: the username lists the permissions, `*` for the whole company, `-phone` for a mask.

    "jobs.view+audit.view" may see both pages.
    """
    words = user.username.split("+")
    masks = frozenset(word[1:] for word in words if word.startswith("-"))
    return scope(*words, user_id=user.pk, everything="*" in words, masks=masks)
