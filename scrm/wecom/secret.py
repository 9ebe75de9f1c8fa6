"""A text that works as any other and never shows itself in a repr: local variables land in tracebacks."""


class Secret(str):
    """A credential; `repr` hides it, so that no frame, dataclass or container prints it."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Hide the value."""
        return "'***'"
