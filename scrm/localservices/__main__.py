"""Command line: python -m scrm.localservices start|stop|status|env|keep|destroy."""

import argparse
import shlex
import sys
from pathlib import Path

from scrm.localservices import launcher
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import PROFILES, default_var


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _env(var: Path, profile: str) -> None:
    for name, value in launcher.start(var, profile).items():
        _say(f"export {name}={shlex.quote(value)}")


def _status(var: Path, profile: str) -> None:
    for name, pid in launcher.status(var, profile).items():
        _say(f"{name}: {f'running, pid {pid}' if pid else 'not running'}")


def _stop(var: Path, profile: str) -> None:
    stopped = launcher.stop(var, profile)
    _say(f"Stopped {' and '.join(stopped)}." if stopped else "Nothing was running.")


COMMANDS = {
    "start": _env,
    "env": _env,
    "stop": _stop,
    "status": _status,
    "destroy": launcher.destroy,
}


def main() -> int:
    """Run one command; a fault is one sentence and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m scrm.localservices")
    parser.add_argument("command", choices=[*COMMANDS, "keep"])
    parser.add_argument("--profile", choices=PROFILES, default="main")
    parser.add_argument("--var", type=Path, default=default_var())
    parser.add_argument(
        "--service", action="append", choices=launcher.VARIABLES, help="for keep: which to watch"
    )
    options = parser.parse_args()
    var = options.var.resolve()
    try:
        if options.command == "keep":
            launcher.keep(var, tuple(options.service or launcher.VARIABLES), options.profile)
        else:
            COMMANDS[options.command](var, options.profile)
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
