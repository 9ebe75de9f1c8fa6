"""The processes of a running product, and a stack of them without a screen."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests

from scrm.demo.environment import Environment
from scrm.localservices.errors import ServiceError
from scrm.localservices.processes import last_line

CHECKOUT = Path(__file__).resolve().parents[2]
KEEPER = Path(__file__).with_name("keeper.py")
# The simulator last, so that nobody calls into the void.
STOP_ORDER = (
    "mall",
    "oa",
    "services",
    "beat",
    "worker",
    "inbox-1",
    "inbox-2",
    "web-1",
    "web-2",
    "sandbox",
)


@dataclass(frozen=True)
class Part:
    """One process of the stack; `argv` without the keeper."""

    name: str
    argv: tuple[str, ...]

    def kept(self) -> list[str]:
        """Return the command line that keeps this part running."""
        return [sys.executable, "-P", str(KEEPER), *self.argv]


def parts(environment: Environment, private_services: tuple[str, ...]) -> list[Part]:
    """Return everything that runs: sandbox, mall, OA, two web servers, two inbox workers, Celery worker and beat, services' watch.

    `private_services` names those that we run ourselves (launcher.private_names).
    """
    python = (sys.executable,)
    manage = (*python, str(CHECKOUT / "manage.py"))
    celery = (*python, "-m", "celery", "-A", "scrm", "--quiet")
    beat = str(environment.var / "celerybeat-schedule")
    # Two of each: while one is killed or replaced, the other one answers and works. Both servers share the port.
    server = (*python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1",
              "--port", str(environment.web_port), "--workers", "1", "--blocking-threads", "4",
              "--respawn-failed-workers", "--respawn-interval", "0.2", "--log-level", "warning",
              "scrm.wsgi:application")  # fmt: skip
    found = [
        Part("sandbox", (*python, "-m", "wecom_sandbox", "--port", str(environment.sandbox_port),
                         "--state-file", str(environment.var / "sandbox" / "sandbox.sqlite3"))),
        Part("web-1", server),
        Part("web-2", server),
        Part("inbox-1", (*manage, "inbox_worker")),
        Part("inbox-2", (*manage, "inbox_worker")),
        Part("worker", (*celery, "worker", "--loglevel", "INFO", "--concurrency", "2", "--without-mingle",
                        "--without-gossip")),
        Part("mall", (*python, "-m", "scrm.demo.mall", "--port", str(environment.mall_port),
                      "--api", environment.web_url, "--sandbox", environment.sandbox_url)),
        Part("oa", (*python, "-m", "scrm.demo.oa", "--port", str(environment.oa_port))),
        Part("beat", (*celery, "beat", "--loglevel", "WARNING", "--schedule", beat, "--pidfile", "")),
    ]  # fmt: skip
    if private_services:
        named = (word for name in private_services for word in ("--service", name))
        watch = (*python, "-m", "scrm.localservices", "keep", "--var", str(environment.var), *named)
        found.append(Part("services", watch))
    return found


def manage(environment: Environment, *words: str) -> str:
    """Run a management command to its end and return its output; raises ServiceError with its last words."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(CHECKOUT / "manage.py"), *words],
        cwd=CHECKOUT,
        env=environment.child(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        log = environment.var / "manage.log"
        log.write_text(f"{done.stdout}\n{done.stderr}", encoding="utf-8")
        reason = last_line(done.stderr or done.stdout)
        raise ServiceError(f"`manage.py {words[0]}` failed: {reason} (details: {log})")
    return done.stdout


def prepare(environment: Environment) -> None:
    """Bring the database up to date, load the preset roles, make the log-ins."""
    manage(environment, "demo_prepare")


def wait_ready(environment: Environment, seconds: float = 60) -> None:
    """Wait until web and sandbox answer; raises ServiceError naming the one that does not."""
    deadline = time.monotonic() + seconds
    for name, url in (
        ("sandbox", f"{environment.sandbox_url}/sandbox/api/people?limit=1"),
        ("web", f"{environment.web_url}/readyz"),
        ("mall", f"{environment.mall_url}/healthz"),
        ("oa", f"{environment.oa_url}/healthz"),
    ):
        if not wait_for(lambda url=url: answers(url), deadline - time.monotonic()):  # type: ignore[misc]
            raise ServiceError(
                f"The part '{name}' did not come up at {url} within {seconds:.0f} s; see its log."
            )


def answers(url: str, seconds: float = 3) -> bool:
    """Say whether a GET of the address gives 200 within so many seconds; where nobody listens, at once."""
    try:
        return requests.get(url, timeout=seconds).status_code == 200
    except requests.RequestException:
        return False


def wait_for(condition: Callable[[], bool], seconds: float, pause: float = 0.1) -> bool:
    """Poll until the condition holds; False when time is up."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
    return True


@dataclass
class HeadlessStack:
    """The stack in the background, each part with a log file in var/logs."""

    environment: Environment
    private_services: tuple[str, ...]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self) -> None:
        """Start every part and wait until the doors answer."""
        for part in parts(self.environment, self.private_services):
            self._start(part)
        wait_ready(self.environment)

    def start_part(self, name: str) -> None:
        """Start one part that was stopped."""
        for part in parts(self.environment, self.private_services):
            if part.name == name and name not in self.running:
                self._start(part)

    def _start(self, part: Part) -> None:
        logs = self.environment.var / "logs"
        logs.mkdir(exist_ok=True)
        env = {**self.environment.child(), "SCRM_SUPERVISOR_PID": str(os.getpid())}
        with (logs / f"{part.name}.log").open("ab") as out:
            self.running[part.name] = subprocess.Popen(  # noqa: S603
                part.kept(), cwd=CHECKOUT, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip

    def stop(self) -> None:
        """End every part."""
        for name in STOP_ORDER:
            keeper = self.running.pop(name, None)
            if keeper:
                keeper.terminate()
                keeper.wait(30)
