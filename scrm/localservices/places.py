"""Where the private services keep their data, logs and state."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scrm.localservices.account import Account, service_account
from scrm.localservices.errors import ServiceError

CHECKOUT = Path(__file__).resolve().parents[2]
# What initdb, a write-ahead log segment or two and the copied binaries need.
BYTES_NEEDED = 400 * 1024 * 1024
PROFILES = ("main", "test")


@dataclass(frozen=True)
class Places:
    """The folders of one set of services.

    `var` belongs to whoever starts them; `root` belongs to the account they run as.
    """

    profile: str
    var: Path
    root: Path
    account: Account | None

    @property
    def state(self) -> Path:
        """Ports, passwords and pids, readable by their owner only."""
        return self.var / f"services-{self.profile}.json"

    @property
    def lock(self) -> Path:
        """The file that keeps two starts from meeting."""
        return self.var / f"services-{self.profile}.lock"

    @property
    def postgres(self) -> Path:
        """The PostgreSQL cluster."""
        return self.root / f"postgres-{self.profile}"

    @property
    def redis(self) -> Path:
        """Redis' configuration and working folder."""
        return self.root / f"redis-{self.profile}"

    @property
    def wheels(self) -> Path:
        """Copies of the wheels' binaries where the virtual environment is out of reach."""
        return self.root / "wheels"

    def log(self, name: str) -> Path:
        """Return the log file of one service."""
        return self.var / f"{name}-{self.profile}.log"

    def make(self, folder: Path) -> Path:
        """Create a folder that only the services' account can read."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.account:
            os.chown(folder, self.account.uid, self.account.gid)
        folder.chmod(0o700)
        return folder


def default_var() -> Path:
    """Return the folder for run-time files: SCRM_VAR_DIR, else var/ in the checkout."""
    return Path(os.environ.get("SCRM_VAR_DIR") or CHECKOUT / "var").resolve()


def open_places(var: Path, profile: str) -> Places:
    """Create the folders of a profile ("main" or "test"); raises ServiceError where that cannot be."""
    account = service_account()
    with disk_words(var):
        var.mkdir(parents=True, exist_ok=True)
        root = var if account is None else _shared_root(var, account)
    return Places(profile, var, root, account)


def _shared_root(var: Path, account: Account) -> Path:
    """Root's checkout may be closed to others, so the data lives in /var/tmp under a name of this folder's."""
    name = hashlib.sha256(str(var).encode()).hexdigest()[:12]
    base = Path("/var/tmp") if Path("/var/tmp").is_dir() else Path(tempfile.gettempdir())  # noqa: S108
    root = base / f"scrm-{name}"
    try:
        root.mkdir(mode=0o700)
        os.chown(root, account.uid, account.gid)
    except FileExistsError:
        # Anyone can make a folder in /var/tmp: use it only if it is ours.
        if root.is_symlink() or root.stat().st_uid != account.uid:
            raise ServiceError(
                f"{root} belongs to another account; remove it or set SCRM_VAR_DIR."
            ) from None
    return root


def need_space(folder: Path) -> None:
    """Raise ServiceError when the disk of a folder has no room for a running PostgreSQL."""
    free = shutil.disk_usage(folder).free
    if free < BYTES_NEEDED:
        raise ServiceError(
            f"The disk of {folder} has {free // 2**20} MB left and the private services need "
            f"{BYTES_NEEDED // 2**20} MB; free some space or set SCRM_VAR_DIR to another disk."
        )


@contextmanager
def disk_words(folder: Path) -> Iterator[None]:
    """Turn the operating system's disk errors into a sentence that names the folder."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise ServiceError(
                f"No space is left on the disk of {folder}; free some and try again."
            ) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}:
            raise ServiceError(
                f"{error.filename or folder} cannot be written by this user; set SCRM_VAR_DIR to a folder that can."
            ) from error
        raise
