"""A private Redis: everything in it is disposable."""

import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

from scrm.localservices import processes
from scrm.localservices.binaries import Binary, find_redis
from scrm.localservices.errors import ServiceError
from scrm.localservices.places import Places, disk_words
from scrm.localservices.state import ServiceState

CONFIG = """bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
daemonize no
save ""
appendonly no
maxmemory-policy noeviction
"""


@dataclass(frozen=True)
class RedisServer:
    """The Redis of one profile."""

    places: Places
    state: ServiceState

    @property
    def url(self) -> str:
        """The address of the first database."""
        return f"redis://:{self.state.password}@127.0.0.1:{self.state.port}/0"

    def process(self) -> psutil.Process | None:
        """Return the running server that we started; a reused pid has another start time."""
        state = self.state
        return processes.find(state.pid, lambda found: abs(found.create_time() - state.started) < 1)

    def start(self) -> None:
        """Start Redis; a running one is left alone. Raises ServiceError."""
        if self.state.pid and self.process() and self._answers():
            return
        binary = find_redis(self.places)
        for _ in range(3):
            self.state.port = processes.free_port(self.state.port)
            if self._launch(binary):
                return
            if processes.port_is_free(self.state.port):
                break
        log = self.places.log("redis").read_text(errors="replace")
        raise ServiceError(f"Redis did not start: {processes.last_line(log[-4000:])}")

    def stop(self) -> bool:
        """Stop Redis; says whether one ran."""
        process = self.process() if self.state.pid else None
        if process:
            processes.end(process, signal.SIGTERM, signal.SIGKILL)
        self.state.pid = 0
        return process is not None

    def _launch(self, binary: Binary) -> bool:
        with disk_words(self.places.redis):
            config = self._configure(self.places.make(self.places.redis))
            argv = [str(binary.path), str(config)]
            child = processes.spawn(
                argv, self.places.account, self.places.redis, self.places.log("redis")
            )
        if not processes.wait_until(self._answers, child, 20):
            child.kill()
            return False
        self.state.pid = child.pid
        self.state.started = psutil.Process(child.pid).create_time()
        return True

    def _configure(self, folder: Path) -> Path:
        config = folder / "redis.conf"
        config.write_text(
            CONFIG.format(port=self.state.port, password=self.state.password, folder=f'"{folder}"')
        )
        config.chmod(0o600)
        if self.places.account:
            os.chown(config, self.places.account.uid, self.places.account.gid)
        return config

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.state.port), timeout=1) as line:
                line.sendall(f"AUTH {self.state.password}\r\nPING\r\n".encode())
                said = b""
                while b"PONG" not in said:
                    part = line.recv(64)
                    if not part:
                        return False
                    said += part
                return said.startswith(b"+OK")
        except OSError:
            return False
