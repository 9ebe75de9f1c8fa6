"""What is remembered of the private services between two starts."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path


def _password() -> str:
    return secrets.token_urlsafe(18)


@dataclass
class ServiceState:
    """Port and password of one service; pid and start time where the service keeps none itself."""

    port: int = 0
    password: str = field(default_factory=_password)
    pid: int = 0
    started: float = 0.0


def load(path: Path) -> dict[str, ServiceState]:
    """Read the state file; a missing or broken one is an empty start."""
    try:
        raw = json.loads(path.read_text())
        return {name: ServiceState(**values) for name, values in raw.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def save(path: Path, states: dict[str, ServiceState]) -> None:
    """Write the state file for its owner only, in one step."""
    half = path.with_suffix(".half")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump({name: asdict(state) for name, state in states.items()}, out, indent=1)
    half.replace(path)
