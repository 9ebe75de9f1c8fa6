"""Rights by the menu they belong to, as the role editor and a role's page show them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from contacts.roles.labels import MASK_NAMES, PERMISSIONS, WHOLE_COMPANY

# "Stores: see": the menu and what one may do there, in either language.
COLON = re.compile(r"\s*[:\uff1a]\s*")


@dataclass(frozen=True)
class Right:
    """One right within its menu; `option` is the form's check box where there is one."""

    code: str
    words: str
    option: Any = None

    @property
    def is_whole(self) -> bool:
        """Whether only a role over the whole company may carry it."""
        return self.code in WHOLE_COMPANY


@dataclass(frozen=True)
class Area:
    """One menu and its rights."""

    title: str
    rights: tuple[Right, ...]


def areas(options: dict[str, Any] | None = None, *, only: set[str] | None = None) -> list[Area]:
    """Return the rights by menu in the order of the labels; `options` are check boxes by code, `only` leaves out others."""
    found: dict[str, list[Right]] = {}
    for code, label in PERMISSIONS.items():
        if only is not None and code not in only:
            continue
        menu, _colon, words = _parted(str(label))
        option = options.get(code) if options is not None else None
        found.setdefault(menu, []).append(Right(code, words, option))
    return [Area(menu, tuple(rights)) for menu, rights in found.items()]


def fields_words(masks: Iterable[str]) -> str:
    """Return masked fields in words, in the order of the labels."""
    wanted = set(masks)
    return _(", ").join(str(name) for code, name in MASK_NAMES.items() if code in wanted)


def _parted(label: str) -> tuple[str, str, str]:
    parts = COLON.split(label, maxsplit=1)
    if len(parts) == 1:
        return _("Other"), "", label
    return parts[0], ":", parts[1]
