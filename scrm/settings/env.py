"""Reads settings from the environment; every secret may come from a file named by `<NAME>_FILE`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

UNUSABLE = 78  # EX_CONFIG of sysexits.h: starting again would not help


@contextmanager
def refusing_in_words() -> Iterator[None]:
    """End the process with exit code 78 and one sentence for a setting that cannot be used, at a program's outer edge."""
    try:
        yield
    except ImproperlyConfigured as error:
        sys.stderr.write(f"Refusing to start: {error}\n")
        sys.exit(UNUSABLE)


def env_str(name: str, default: str | None = None) -> str:
    """Return a text setting; raises ImproperlyConfigured where it is needed and missing."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        path = Path(file)
        if not path.is_file():
            raise ImproperlyConfigured(f"{name}_FILE names {file}, which is not a file.")
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ImproperlyConfigured(f"{name}_FILE names {file}, which cannot be read.") from None
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set {name} (or {name}_FILE); see .env.example.")
    return value


def env_bool(name: str, *, default: bool) -> bool:
    """Return a yes/no setting; raises ImproperlyConfigured for any other word."""
    value = env_str(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def env_int(name: str, default: int) -> int:
    """Return a whole-number setting, the default where it is left empty; raises ImproperlyConfigured for anything else."""
    value = env_str(name, "") or str(default)
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None


def env_list(name: str, default: str = "") -> list[str]:
    """Return a comma-separated setting as a list without empty entries."""
    return [part.strip() for part in env_str(name, default).split(",") if part.strip()]
