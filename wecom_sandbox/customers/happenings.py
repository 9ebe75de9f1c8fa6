"""What happens between members and customers, told to whoever keeps books about it.

A relation or a chat knows nothing of acquisition links, temporary chats or statistics; these listen here.
"""

from collections.abc import Callable
from typing import Any

from wecom_sandbox.sandbox import Sandbox

Listener = Callable[..., object]
_LISTENERS: dict[str, list[Listener]] = {}


def when(name: str) -> Callable[[Listener], Listener]:
    """Register the function for a happening; it runs in the transaction of what happened.

    Args:
        name: ``added`` (relation: they can talk from now on), ``deleted`` (relation, by),
            ``said`` (row of chats as a dict) or ``said_in_group`` (row of group_messages as a dict).
    """

    def register(listener: Listener) -> Listener:
        _LISTENERS.setdefault(name, []).append(listener)
        return listener

    return register


def tell(name: str, sandbox: Sandbox, **facts: Any) -> None:
    """Let every listener know, in the order they were registered."""
    for listener in _LISTENERS.get(name, ()):
        listener(sandbox, **facts)
