"""`python -m scrm.demo` (make demo): everything running on this machine, with demo data."""

import argparse
import os
import shlex
import shutil
import sys
import threading
import traceback
from pathlib import Path

import psutil
import requests
from honcho.manager import Manager

from scrm.demo import stack
from scrm.demo.environment import Environment, choose_ports, load
from scrm.demo.seed import SEEDING, Seed
from scrm.demo.welcome import words_of
from scrm.localservices import launcher
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import default_var


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def reset(var: Path) -> None:
    """Forget the demo: database, sandbox, keys and ports; raises ServiceError while it runs."""
    _need_not_running(var)
    launcher.destroy(var)
    for name in ("sandbox", "logs", "media"):
        shutil.rmtree(var / name, ignore_errors=True)
    kept = bool(os.environ.get("DATABASE_URL"))
    # The anchors prove the audit of a database that is left as it is.
    anchors = () if kept else ("audit-anchors*",)
    for pattern in ("demo.*", "manage.log", "celerybeat-schedule*", *anchors):
        for file in var.glob(pattern):
            file.unlink()
    _say("The demo's data is gone, on our side and in the sandbox.")
    if kept:
        _say(
            "The database DATABASE_URL names is yours and was left as it is; empty it before the next `make demo`."
        )


def run(var: Path, web_port: int, sandbox_port: int) -> int:
    """Start everything, seed what is empty, and stay until Ctrl-C."""
    _need_not_running(var)
    if (var / SEEDING).exists() and not os.environ.get("DATABASE_URL"):
        _say("The first preparation was interrupted half-way; it begins anew.")
        reset(var)
    private = launcher.private_names()
    ports = choose_ports(var, web_port, sandbox_port)
    _say("Starting PostgreSQL and Redis ...")
    services = launcher.start(var)
    try:
        environment = load(var, services, ports)
        _say("Preparing the database ...")
        stack.prepare(environment)
        (var / "demo.pid").write_text(str(os.getpid()))
        return _supervise(environment, private)
    finally:
        (var / "demo.pid").unlink(missing_ok=True)
        stopped = launcher.stop(var)
        _say(
            f"Stopped {' and '.join(stopped) or 'everything'}; the data stays for the next `make demo`."
        )


def _need_not_running(var: Path) -> None:
    try:
        process = psutil.Process(int((var / "demo.pid").read_text()))
        # A pid left by a crash may belong to anyone by now.
        runs = "scrm.demo" in process.cmdline()
    except (OSError, ValueError, psutil.Error):
        return
    if runs:
        raise ServiceError(
            f"The demo runs already (process {process.pid}); end it with Ctrl-C in its terminal first."
        )


def _supervise(environment: Environment, private: tuple[str, ...]) -> int:
    manager = Manager()
    env = {**environment.child(), "SCRM_SUPERVISOR_PID": str(os.getpid())}
    for part in stack.parts(environment, private):
        command = f"exec {shlex.join(part.kept())}"
        manager.add_process(part.name, command, env=env, cwd=str(stack.CHECKOUT))
    failed = threading.Event()
    seed = Seed(environment, _say)
    threading.Thread(target=_fill, args=(seed, manager, failed), daemon=True).start()
    manager.loop()
    if seed.end():
        _say("The preparation was interrupted half-way; the next `make demo` begins it anew.")
    # Ctrl-C is how a demo ends well.
    return 1 if failed.is_set() else 0 if manager.returncode in {0, 130, 143} else 1


def _fill(seed: Seed, manager: Manager, failed: threading.Event) -> None:
    """Wait until the doors are open, fill an empty demo, and say what to click."""
    environment = seed.environment
    try:
        stack.wait_ready(environment)
        if seed.run():
            _say(words_of(environment))
    except (ServiceError, requests.RequestException) as error:
        failed.set()
        (environment.var / "demo.log").write_text(traceback.format_exc())
        _say(f"The demo could not be prepared: {error} (details: {environment.var / 'demo.log'})")
        manager.terminate()


def main() -> int:
    """Run or reset the demo; a fault is one sentence and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m scrm.demo")
    parser.add_argument("--var", type=Path, default=default_var())
    parser.add_argument("--port", type=int, default=0, help="port of the console")
    parser.add_argument("--sandbox-port", type=int, default=0, help="port of the WeCom sandbox")
    parser.add_argument("--reset", action="store_true", help="forget the demo's data")
    options = parser.parse_args()
    var = options.var.resolve()
    try:
        if options.reset:
            reset(var)
            return 0
        return run(var, options.port, options.sandbox_port)
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
    except KeyboardInterrupt:
        return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
