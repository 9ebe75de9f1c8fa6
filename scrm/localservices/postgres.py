"""A private PostgreSQL cluster: made once, started and stopped by us."""

import os
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from scrm.localservices import processes
from scrm.localservices.binaries import Binary, find_postgres
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import Places, disk_words, need_space
from scrm.localservices.state import ServiceState

SUPERUSER = "scrm"
DATABASE = "scrm"
LOCALES = ("en_US.UTF-8", "zh_CN.UTF-8") if sys.platform == "darwin" else ("C.UTF-8", "en_US.UTF-8")
COMMON = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}
# The demo's database keeps what it was told; the tests' one is thrown away and may be fast.
TUNING = {
    "main": {"fsync": "on", "synchronous_commit": "on"},
    "bench": {"fsync": "on", "synchronous_commit": "on"},
    "test": {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_wal_size": "2GB",
    },
}


@dataclass(frozen=True)
class Cluster:
    """The cluster of one profile."""

    places: Places
    state: ServiceState

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.places.postgres

    @property
    def url(self) -> str:
        """The address Django connects to."""
        return (
            f"postgres://{SUPERUSER}:{self.state.password}@127.0.0.1:{self.state.port}/{DATABASE}"
        )

    def process(self) -> psutil.Process | None:
        """Return the running postmaster of this data folder."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit():
            return None
        return processes.find(int(lines[0]), lambda found: str(self.data) in found.cmdline())

    def running_port(self) -> int:
        """Return the port of the running postmaster, 0 when none runs."""
        lines = self._pid_file()
        return int(lines[3]) if len(lines) > 3 and self.process() else 0

    def start(self) -> None:
        """Start the cluster, making it first; a running one is left alone. Raises ServiceError."""
        port = self.running_port()
        if port:
            self.state.port = port
            return
        need_space(self.places.root)
        binary = self._made_binary()
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for _ in range(3):
            self.state.port = processes.free_port(self.state.port)
            if self._launch(binary):
                return
            if processes.port_is_free(self.state.port):
                break
        raise ServiceError(f"PostgreSQL did not start: {processes.last_line(self._log_tail())}")

    def stop(self) -> bool:
        """Stop the cluster at once but cleanly; says whether one ran."""
        process = self.process()
        if process:
            processes.end(process, signal.SIGINT, signal.SIGQUIT)
        return process is not None

    def _pid_file(self) -> list[str]:
        try:
            return [
                line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()
            ]
        except OSError:
            return []

    def _log_tail(self) -> str:
        return self.places.log("postgres").read_text(errors="replace")[-4000:]

    def _made_binary(self) -> Binary:
        version = self.data / "PG_VERSION"
        made = int(version.read_text()) if version.is_file() else None
        if made and self.places.profile == "test":
            binary = find_postgres(self.places)
            if binary.major == made:
                return binary
            _remove(self.data)
            made = None
        binary = find_postgres(self.places, made)
        if made is None:
            self._make(binary)
        return binary

    def _make(self, binary: Binary) -> None:
        half = self.data.with_name(self.data.name + ".half")
        _remove(half)
        secret = self.places.make(half) / "password"
        with disk_words(half):
            secret.write_text(self.state.password)
            secret.chmod(0o600)
            if self.places.account:
                os.chown(secret, self.places.account.uid, self.places.account.gid)
            cluster = half / "data"
            self._initdb(binary, cluster, secret)
            self._single(binary, cluster, f"CREATE DATABASE {DATABASE};\n")
            _remove(self.data)
            cluster.rename(self.data)
            _remove(half)

    def _initdb(self, binary: Binary, cluster: Path, secret: Path) -> None:
        failure = ServiceError("initdb knows no UTF-8 locale.")
        for locale in LOCALES:
            argv = [str(binary.path.with_name("initdb")), "-D", str(cluster), "-U", SUPERUSER, "-A", "scram-sha-256",
                    f"--pwfile={secret}", "-E", "UTF8", f"--locale={locale}", "-k", "-N"]  # fmt: skip
            try:
                processes.run(argv, self.places.account, cluster.parent)
            except ServiceError as error:
                failure = error
                _remove(cluster)
            else:
                return
        raise failure

    def _single(self, binary: Binary, cluster: Path, sql: str) -> None:
        """Run SQL in a cluster that is not started; needs no client program."""
        argv = [str(binary.path), "--single", "-D", str(cluster), "postgres"]
        processes.run(argv, self.places.account, cluster, text=sql)

    def _launch(self, binary: Binary) -> bool:
        settings = {**COMMON, **TUNING[self.places.profile], "port": str(self.state.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        argv = [str(binary.path), "-D", str(self.data), *options]
        with disk_words(self.data):
            child = processes.spawn(
                argv, self.places.account, self.data, self.places.log("postgres")
            )
        if processes.wait_until(self._ready, child, 60):
            return True
        child.kill()
        return False

    def _ready(self) -> bool:
        lines = self._pid_file()
        return len(lines) > 7 and lines[7] == "ready"


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
