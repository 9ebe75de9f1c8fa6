"""Lends the private services to test runs; the last one to leave stops them."""

import fcntl
import os
import sys
from typing import IO

from scrm.localservices import launcher
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import default_var

PROFILE = "test"
_held: list[IO[str]] = []


def borrow() -> None:
    """Put DATABASE_URL and REDIS_URL into the environment, starting the services where needed.

    Workers of pytest-xdist inherit the environment of the run that started them, so only that one
    starts anything; each worker gets a Redis database of its own. A fault ends the run with one sentence.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    redis_url = os.environ.get("REDIS_URL", "")
    if os.environ.get("DATABASE_URL") and redis_url:
        if worker and redis_url.endswith("/0"):
            os.environ["REDIS_URL"] = f"{redis_url[:-1]}{1 + int(worker.removeprefix('gw')) % 15}"
        return
    var = default_var()
    try:
        var.mkdir(parents=True, exist_ok=True)
        in_use = (var / f"services-{PROFILE}.in-use").open("w")
        fcntl.flock(in_use, fcntl.LOCK_SH)
        os.environ.update(launcher.start(var, PROFILE))
    except (ServiceError, OSError) as error:
        sys.exit(f"The tests need PostgreSQL and Redis. {error}")
    _held.append(in_use)


def give_back() -> None:
    """Stop the services unless another run still uses them; does nothing where none were borrowed."""
    while _held:
        with _held.pop() as in_use:
            try:
                fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            launcher.stop(default_var(), PROFILE)
