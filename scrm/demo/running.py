"""A stack to tell the story on: one that runs, or one of its own that goes away afterwards."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scrm.demo import stack
from scrm.demo.environment import Environment, load, read_environment
from scrm.localservices import launcher
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import default_var
from scrm.localservices.processes import free_port


def running(var: Path) -> Environment:
    """Return the stack whose settings are in var/demo.env; raises ServiceError when it does not answer."""
    environment = read_environment(var)
    # Ready it was; a machine with its hands full may need a while for one more answer.
    if not stack.answers(f"{environment.web_url}/healthz", seconds=30):
        raise ServiceError(f"Nothing answers at {environment.web_url}; start it with `make demo`.")
    return environment


@contextmanager
def own_stack(keep_logs_in: Path | None = None) -> Iterator[stack.HeadlessStack]:
    """Start a whole stack on free ports in a temporary folder, and remove it in the end."""
    var = Path(tempfile.mkdtemp(prefix="scrm-story-"))
    private = launcher.private_names()
    headless = None
    try:
        services = launcher.start(var)
        # Two of these at once must not both take the mall's usual port.
        environment = load(
            var, services, (free_port(), free_port()), mall_port=free_port(), oa_port=free_port()
        )
        os.environ.update(environment.values)
        stack.prepare(environment)
        headless = stack.HeadlessStack(environment, private)
        headless.start()
        yield headless
    finally:
        if headless:
            headless.stop()
        launcher.stop(var)
        if keep_logs_in:
            _keep_logs(var, keep_logs_in)
        launcher.destroy(var)
        shutil.rmtree(var, ignore_errors=True)


def _keep_logs(var: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for log in [*var.glob("*.log"), *var.glob("logs/*.log")]:
        shutil.copyfile(log, folder / log.name)


@contextmanager
def story_stack(var: Path | None) -> Iterator[Environment]:
    """Give the stack named by a folder or by STORY_URL, else one of its own."""
    if var is None and not os.environ.get("STORY_URL"):
        with own_stack(default_var() / "story-logs") as headless:
            yield headless.environment
        return
    environment = running(var or default_var())
    wanted = os.environ.get("STORY_URL", environment.web_url).rstrip("/")
    if wanted != environment.web_url:
        raise ServiceError(
            f"STORY_URL is {wanted}, but {environment.var / 'demo.env'} belongs to {environment.web_url}."
        )
    os.environ.update(environment.values)
    yield environment
