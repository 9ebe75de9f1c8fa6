"""Starts and stops the private services of a profile; what DATABASE_URL or REDIS_URL names is left alone."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scrm.localservices import state as states
from scrm.localservices.places import Places, disk_words, open_places
from scrm.localservices.postgres import Cluster
from scrm.localservices.redis_server import RedisServer

VARIABLES = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}


@dataclass(frozen=True)
class Services:
    """The private PostgreSQL and Redis of one profile."""

    places: Places
    postgres: Cluster
    redis: RedisServer

    @property
    def environment(self) -> dict[str, str]:
        """DATABASE_URL and REDIS_URL for children; the caller's own win."""
        own = {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.redis.url}
        return {name: os.environ.get(name) or value for name, value in own.items()}


@contextmanager
def _opened(var: Path, profile: str) -> Iterator[Services]:
    """Hold the profile's lock, give its services and write their state back."""
    places = open_places(var, profile)
    with disk_words(var), places.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = states.load(places.state)
        if known.keys() != {"postgres", "redis"}:
            # A cluster whose password is lost is of no use to anyone.
            Cluster(places, states.ServiceState()).stop()
            shutil.rmtree(places.postgres, ignore_errors=True)
            known = {"postgres": states.ServiceState(), "redis": states.ServiceState()}
            states.save(places.state, known)
        services = Services(
            places, Cluster(places, known["postgres"]), RedisServer(places, known["redis"])
        )
        try:
            yield services
        finally:
            states.save(places.state, known)


def private_names() -> tuple[str, ...]:
    """Return which services are ours to run: those that no variable names."""
    return tuple(name for name, variable in VARIABLES.items() if not os.environ.get(variable))


def start(var: Path, profile: str = "main") -> dict[str, str]:
    """Start what is needed and not running; return DATABASE_URL and REDIS_URL. Raises ServiceError."""
    names = private_names()
    if not names:
        return {variable: os.environ[variable] for variable in VARIABLES.values()}
    with _opened(var, profile) as services:
        _start(services, names)
        return services.environment


def _start(services: Services, names: tuple[str, ...]) -> None:
    if "postgres" in names:
        services.postgres.start()
    if "redis" in names:
        services.redis.start()


def stop(var: Path, profile: str = "main") -> list[str]:
    """Stop the private services cleanly; return the names of those that ran."""
    if not var.exists():
        return []
    with _opened(var, profile) as services:
        ran = {"redis": services.redis.stop(), "postgres": services.postgres.stop()}
    return [name for name, did in ran.items() if did]


def status(var: Path, profile: str = "main") -> dict[str, int]:
    """Return the pid of each private service, 0 for one that does not run."""
    with _opened(var, profile) as services:
        found = {"postgres": services.postgres.process(), "redis": services.redis.process()}
        return {name: process.pid if process else 0 for name, process in found.items()}


def destroy(var: Path, profile: str = "main") -> None:
    """Stop the services of a profile and delete their data."""
    if not var.exists():
        return
    stop(var, profile)
    places = open_places(var, profile)
    for folder in (places.postgres, places.redis):
        shutil.rmtree(folder, ignore_errors=True)
    for path in (places.state, places.lock, places.log("postgres"), places.log("redis")):
        path.unlink(missing_ok=True)
    if places.root != places.var and not any(places.root.glob("postgres-*")):
        shutil.rmtree(places.root, ignore_errors=True)


def keep(var: Path, names: tuple[str, ...], profile: str = "main", pause: float = 0.3) -> None:
    """Start again whichever of these services died, until we are ended ourselves.

    Asks no variable: the watch of a stack inherits the addresses of the very services it watches.
    """
    while True:
        with _opened(var, profile) as services:
            _start(services, names)
        time.sleep(pause)
