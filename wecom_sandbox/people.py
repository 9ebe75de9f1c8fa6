"""The people outside the corp: drawn from a seed, any number, no table.

A person is a number; names, phone and ids follow from it, and the ids can be turned back into the
number, so that millions of people need no memory.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from wecom_sandbox import names

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SPACE = 1 << 40
_CODE_LENGTH = 7  # 62 ** 7 > 2 ** 40
_PHONE_PREFIXES = (
    "131",
    "135",
    "136",
    "138",
    "139",
    "150",
    "158",
    "159",
    "177",
    "186",
    "187",
    "189",
)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits.append(_ALPHABET[rest])
    return "".join(digits)


def _from_base62(text: str) -> int:
    number = 0
    for char in reversed(text):
        number = number * 62 + _ALPHABET.index(char)
    return number


class IdCodec:
    """Ids that look random and still name their number.

    Args:
        prefix: what WeCom's ids of that kind begin with.
        salt: makes kinds differ.
        length: full length of an id.
    """

    def __init__(self, prefix: str, salt: str, length: int) -> None:
        digest = hashlib.sha256(salt.encode()).digest()
        self._multiplier = int.from_bytes(digest[:5], "big") | 1
        self._offset = int.from_bytes(digest[5:10], "big")
        self._inverse = pow(self._multiplier, -1, _SPACE)
        self._prefix, self._salt, self._length = prefix, salt, length

    def encode(self, number: int) -> str:
        """The id of a number."""
        code = _base62((number * self._multiplier + self._offset) % _SPACE, _CODE_LENGTH)
        digest = hashlib.sha256(f"{self._salt}:{number}".encode()).digest()
        filler = _base62(int.from_bytes(digest, "big"), self._length)
        return (self._prefix + filler)[: self._length - _CODE_LENGTH] + code

    def decode(self, text: str) -> int | None:
        """The number of an id, or None when it is not one of ours."""
        code = text[-_CODE_LENGTH:]
        if len(text) != self._length or not all(char in _ALPHABET for char in code):
            return None
        number = ((_from_base62(code) - self._offset) * self._inverse) % _SPACE
        return number if self.encode(number) == text else None


@dataclass(frozen=True)
class Person:
    """Somebody with a phone and WeChat.

    ``name`` is the WeChat nickname that WeCom shows; ``real_name`` is what a shop's card would say.
    ``type`` 1 uses WeChat, 2 uses another corp's WeCom (no unionid).
    """

    index: int
    id: str
    name: str
    real_name: str
    gender: int
    phone: str
    unionid: str | None
    openid: str
    external_userid: str
    avatar: str
    type: int = 1
    corp_name: str = ""

    def public(self) -> dict[str, Any]:
        """As the control API shows a person."""
        shown = asdict(self)
        del shown["index"]
        return shown


class People:
    """Everybody outside the corp, by number.

    Args:
        seed: the same seed gives the same people.
        count: how many there are.
        changes: fields set by hand, per number (a new person is a change beyond ``count``).
    """

    def __init__(self, seed: int, count: int, changes: dict[int, dict[str, Any]]) -> None:
        self.seed, self.generated, self.changes = seed, count, changes
        self._external = IdCodec("wm", f"external-{seed}", 32)
        self._union = IdCodec("o", f"union-{seed}", 28)
        self._open = IdCodec("oOpen", f"open-{seed}", 28)
        self._draw = lru_cache(maxsize=20_000)(self._person)

    @property
    def count(self) -> int:
        """How many people there are now."""
        return max([self.generated, *(index + 1 for index in self.changes)])

    def at(self, index: int) -> Person:
        """The person of that number (from 0)."""
        person = self._draw(index)
        changed = self.changes.get(index)
        return replace(person, **changed) if changed else person

    def get(self, person_id: str) -> Person | None:
        """The person of an id such as ``p000001``, or None."""
        if not person_id.startswith("p") or not person_id[1:].isdigit():
            return None
        index = int(person_id[1:]) - 1
        return self.at(index) if 0 <= index < self.count else None

    def by_external_userid(self, external_userid: str) -> Person | None:
        """The person behind an external_userid, or None."""
        return self._known(self._external.decode(external_userid))

    def by_unionid(self, unionid: str) -> Person | None:
        """The person behind a unionid, or None."""
        return self._known(self._union.decode(unionid))

    def page(self, offset: int, limit: int) -> list[Person]:
        """People in order of their number."""
        return [self.at(index) for index in range(offset, min(offset + limit, self.count))]

    def search(self, text: str, limit: int) -> list[Person]:
        """The first people whose name, phone or id contains the text."""
        found: list[Person] = []
        for person in self._all():
            if any(
                text in part for part in (person.name, person.real_name, person.phone, person.id)
            ):
                found.append(person)
                if len(found) == limit:
                    break
        return found

    def _all(self) -> Iterator[Person]:
        return (self.at(index) for index in range(self.count))

    def _known(self, index: int | None) -> Person | None:
        return self.at(index) if index is not None and index < self.count else None

    def _person(self, index: int) -> Person:
        dice = random.Random(f"{self.seed}:{index}")  # noqa: S311 - people, not secrets
        gender = dice.choice((1, 2))
        real_name = names.real_name(dice, gender)
        tail = (index * 38_417_293 + 61_803_399 + self.seed * 7_919) % 100_000_000
        return Person(
            index=index,
            id=f"p{index + 1:06d}",
            name=names.nickname(dice, real_name),
            real_name=real_name,
            gender=gender,
            phone=f"{_PHONE_PREFIXES[dice.randrange(len(_PHONE_PREFIXES))]}{tail:08d}",
            unionid=self._union.encode(index),
            openid=self._open.encode(index),
            external_userid=self._external.encode(index),
            avatar=f"http://wx.qlogo.cn/mmhead/sandbox/{index + 1}/0",
        )
