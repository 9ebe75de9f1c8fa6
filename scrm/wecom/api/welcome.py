"""The welcome message (doc 92137): one code, 20 seconds, once."""

from collections.abc import Mapping, Sequence
from typing import Any

from scrm.wecom.api.base import Area, filled
from scrm.wecom.secret import Secret

TEXT_BYTES = 4000
MOST_ATTACHMENTS = 9


class WelcomeApi(Area):
    """Only the event that carried the code can be answered."""

    def send(
        self, welcome_code: str, text: str = "", attachments: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """Send text (at most 4000 bytes) and up to 9 attachments (doc 92137).

        41050 expired, 41051 already sent or chat begun, 41096 another app competes (WeComRetryable).
        """
        body = filled(
            welcome_code=Secret(welcome_code),
            text={"content": text} if text else None,
            attachments=[dict(attachment) for attachment in attachments] or None,
        )
        self._write("externalcontact/send_welcome_msg", body)
