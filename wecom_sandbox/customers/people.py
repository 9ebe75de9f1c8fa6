"""The people outside the corp: drawn from a seed, any number, no table.

A person is a number; names, phone and ids follow from it, and the ids can be turned back into the
number, so that millions of people need no memory.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Any

from wecom_sandbox.contacts import names
from wecom_sandbox.customers.dice import Dice
from wecom_sandbox.numbers import from_digits

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SPACE = 1 << 40
_CODE_LENGTH = 7  # 62 ** 7 > 2 ** 40
_WECHAT = 1
# Ids of WeChat users and of users of another corp's WeCom begin so (92323).
_OF_WECHAT, _OTHER_CORP = "wm", "wo"
_PHONE_LENGTH = 11
_TAILS = 100_000_000
_TAIL_STEP = 38_417_293
_TAIL_BACK = pow(_TAIL_STEP, -1, _TAILS)
_SEARCHED = 20_000
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


_PAIRS = tuple(second + first for first in _ALPHABET for second in _ALPHABET)
_TO_LETTERS = bytes(ord(_ALPHABET[byte % 62]) for byte in range(256))


def _base62(number: int) -> str:
    """Seven digits of 62, the lowest first; two at a time, as pages of customers ask for thousands."""
    number, first = divmod(number, 3844)
    number, second = divmod(number, 3844)
    number, third = divmod(number, 3844)
    return _PAIRS[first] + _PAIRS[second] + _PAIRS[third] + _ALPHABET[number]


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
        self._check = int.from_bytes(digest[10:15], "big") | 1
        self._inverse = pow(self._multiplier, -1, _SPACE)
        self._length = length
        # As in real ones, what the corp's ids have in common stands first.
        common = hashlib.sha512(salt.encode()).digest().translate(_TO_LETTERS).decode()
        self._prefix = prefix + common[: length - len(prefix) - 2 * _CODE_LENGTH]

    def encode(self, number: int) -> str:
        """The id of a number."""
        code = (number * self._multiplier + self._offset) % _SPACE
        return f"{self._prefix}{_base62((code ^ number) * self._check % _SPACE)}{_base62(code)}"

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
    position: str = ""
    external_profile: dict[str, Any] | None = None

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
        self._external = IdCodec(_OF_WECHAT, f"external-{seed}", 32)
        self._union = IdCodec("o", f"union-{seed}", 28)
        self._open = IdCodec("oOpen", f"open-{seed}", 28)
        self._draw = lru_cache(maxsize=20_000)(self._person)

    @property
    def count(self) -> int:
        """How many people there are now."""
        return max(self.generated, max(self.changes, default=-1) + 1)

    def at(self, index: int) -> Person:
        """The person of that number (from 0)."""
        person = self._draw(index)
        changed = self.changes.get(index)
        if not changed:
            return person
        if changed.get("type", _WECHAT) != _WECHAT:
            changed = changed | {"external_userid": _OTHER_CORP + person.external_userid[2:]}
        return replace(person, **changed)

    def get(self, person_id: str) -> Person | None:
        """The person of an id such as ``p000001``, or None."""
        number = from_digits(person_id[1:]) if person_id.startswith("p") else None
        if number is None:
            return None
        index = number - 1
        return self.at(index) if 0 <= index < self.count else None

    def external_userid(self, index: int) -> str:
        """The external_userid of a number, without drawing the rest of the person."""
        return self._external.encode(index)

    def index_of(self, external_userid: str) -> int | None:
        """The number of an external_userid, or None when it is nobody's."""
        text = external_userid
        if text.startswith(_OTHER_CORP):
            text = _OF_WECHAT + text[2:]
        index = self._external.decode(text)
        if index is None or index >= self.count or self._id_of(index) != external_userid:
            return None
        return index

    def by_phone(self, phone: str) -> Person | None:
        """The person of a phone number, or None."""
        tail = int(phone[3:]) if len(phone) == _PHONE_LENGTH and phone.isdecimal() else None
        drawn = None if tail is None else self._known((tail - self._tail(0)) * _TAIL_BACK % _TAILS)
        changed = (self.at(index) for index, fields in self.changes.items() if "phone" in fields)
        found = [
            person for person in (*changed, drawn) if person is not None and person.phone == phone
        ]
        return found[0] if found else None

    def by_external_userid(self, external_userid: str) -> Person | None:
        """The person behind an external_userid, or None."""
        index = self.index_of(external_userid)
        return None if index is None else self.at(index)

    def by_unionid(self, unionid: str) -> Person | None:
        """The person behind a unionid, or None."""
        return self._known(self._union.decode(unionid))

    def page(self, offset: int, limit: int) -> list[Person]:
        """People in order of their number."""
        return [self.at(index) for index in range(offset, min(offset + limit, self.count))]

    def search(self, text: str, limit: int) -> list[Person]:
        """The first people whose name, phone or id contains the text; of very many, a whole phone or id finds."""
        whole = self.by_phone(text) or self.get(text) or self.by_external_userid(text)
        found = [whole] if whole else []
        for person in () if whole else self._all():
            if any(
                text in part for part in (person.name, person.real_name, person.phone, person.id)
            ):
                found.append(person)
                if len(found) == limit:
                    break
        return found

    def _all(self) -> Iterator[Person]:
        made = (index for index in sorted(self.changes) if index >= _SEARCHED)
        return (self.at(index) for index in chain(range(min(self.count, _SEARCHED)), made))

    def _known(self, index: int | None) -> Person | None:
        return self.at(index) if index is not None and index < self.count else None

    def _id_of(self, index: int) -> str:
        """The external_userid of the person as he is now."""
        return (
            self.at(index).external_userid
            if index in self.changes
            else self._external.encode(index)
        )

    def _tail(self, index: int) -> int:
        """The last eight digits of a phone number; nobody shares them with another."""
        return (index * _TAIL_STEP + 61_803_399 + self.seed * 7_919) % _TAILS

    def _person(self, index: int) -> Person:
        dice = Dice(self.seed, index)
        gender = dice.choice((1, 2))
        real_name = names.real_name(dice, gender)
        return Person(
            index=index,
            id=f"p{index + 1:06d}",
            name=names.nickname(dice, real_name),
            real_name=real_name,
            gender=gender,
            phone=f"{dice.choice(_PHONE_PREFIXES)}{self._tail(index):08d}",
            unionid=self._union.encode(index),
            openid=self._open.encode(index),
            external_userid=self._external.encode(index),
            avatar=f"http://wx.qlogo.cn/mmhead/sandbox/{index + 1}/0",
        )
