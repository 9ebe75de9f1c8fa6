"""Welcomes to a group: templates that group owners put on their groups in the client (doc 92366)."""

from collections.abc import Mapping
from typing import Any

from scrm.wecom.api.base import Area, filled, now
from scrm.wecom.group_types import GroupWelcomeContent
from scrm.wecom.reading import table, text

TEXT_BYTES = 4000
# A corp has no more of them (41055).
MOST_TEMPLATES = 100
KINDS = ("image", "link", "miniprogram", "file", "video")


class GroupWelcomeApi(Area):
    """An app edits and deletes only what it made (301002); 40037 for a template that is no more."""

    def add(
        self, words: str, attachment: Mapping[str, Any] | None = None, *, notify: bool = True
    ) -> str:
        """Make a template, return its id; `attachment` is {kind: {…}}; notify tells all members (doc 92366)."""
        body = _body(words, attachment) | {"notify": int(notify)}
        return text(self._write("externalcontact/group_welcome_template/add", body), "template_id")

    def edit(
        self, template_id: str, words: str, attachment: Mapping[str, Any] | None = None
    ) -> None:
        """Replace all a template says (doc 92366)."""
        body = _body(words, attachment) | {"template_id": template_id}
        self._write("externalcontact/group_welcome_template/edit", body)

    def get(self, template_id: str) -> GroupWelcomeContent:
        """Return what a template says (doc 92366)."""
        started = now()
        data = self._query(
            "externalcontact/group_welcome_template/get", {"template_id": template_id}
        )
        kind = next((kind for kind in KINDS if table(data, kind)), "")
        part = table(data, kind)
        return GroupWelcomeContent(
            text=text(table(data, "text"), "content"),
            kind=kind,
            url=text(part, "url"),
            title=text(part, "title"),
            description=text(part, "desc"),
            picture_url=text(part, "pic_url") or text(part, "picurl"),
            observed_at=started,
        )

    def delete(self, template_id: str) -> None:
        """Delete a template; groups that had it greet nobody any more (doc 92366)."""
        self._write("externalcontact/group_welcome_template/del", {"template_id": template_id})


def _body(words: str, attachment: Mapping[str, Any] | None) -> dict[str, Any]:
    body = filled(text={"content": words} if words else None)
    return body | dict(attachment or {})
