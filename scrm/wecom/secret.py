"""A text that works as any other and never shows itself in a repr: local variables land in tracebacks."""

from collections.abc import Iterable, Mapping


class Secret(str):
    """A credential; `repr` hides it, so that no frame, dataclass or container prints it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the value."""
        return "'***'"


def secrets_in(value: object) -> tuple[Secret, ...]:
    """Return the secrets anywhere in a call's parameters or body."""
    if isinstance(value, Secret):
        return (value,) if value else ()
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(inner, str | bytes) or not isinstance(inner, Iterable):
        return ()
    return tuple(found for one in inner for found in secrets_in(one))
