"""What each kind of facts is made of: its columns, how a row is read, where rows are stored."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from customers.crm.models import CrmMember
from customers.crm.reading import read_asset, read_order, read_refund, read_service, read_tags
from customers.crm.rows import FIELDS as MEMBER_FIELDS
from customers.crm.rows import read_row
from customers.crm.rows import table as member_table
from customers.crm.services import (
    assets_upsert,
    members_upsert,
    orders_upsert,
    refunds_upsert,
    services_upsert,
    tags_upsert,
)
from customers.goods.reading import read_goods, read_stock
from customers.goods.services import goods_upsert, stock_upsert
from customers.intake.models import FactKind
from customers.results import UpsertResult
from scrm.core.exceptions import ValidationFailed

Errors = Mapping[str, Sequence[str]]
LINE_FIELDS = {
    "sku": "sku",
    "name": "name",
    "size": "size",
    "colour": "colour",
    "quantity": "quantity",
    "line_amount": "amount",
}
MOMENTS = frozenset({"paid_at", "cancelled_at", "as_of", "refunded_at", "served_at", "observed_at"})
DAYS = frozenset({"expires_on"})
DAY = re.compile(r"(\d{4})[-/.\u5e74](\d{1,2})[-/.\u6708](\d{1,2})\u65e5?(.*)", re.DOTALL)
TAG_MARKS = re.compile(r"[,;|\n\uff0c\u3001\uff1b]+")


@dataclass(frozen=True)
class Kind:
    """One kind: `needed` fields must have a column; `key` names a row; `store` takes at most 1,000 rows."""

    code: str
    needed: tuple[str, ...]
    key: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], tuple[Any, Errors]]
    store: Callable[[Sequence[Any]], UpsertResult]

    @property
    def headers(self) -> Mapping[str, Sequence[str]]:
        """Return the spellings of each field's header, in the template's order."""
        if self.code == FactKind.MEMBERS:
            found: Mapping[str, Sequence[str]] = member_table()["headers"]
            return found
        return _table()[self.code]  # type: ignore[no-any-return]

    @property
    def fields(self) -> list[str]:
        """Return the fields, in the template's order."""
        return list(MEMBER_FIELDS) if self.code == FactKind.MEMBERS else list(self.headers)

    @property
    def has_lines(self) -> bool:
        """Tell whether rows that stand together under one key are one thing with lines."""
        return self.code == FactKind.ORDERS

    def item(self, cells: Mapping[str, str]) -> Mapping[str, Any]:
        """Return text cells by field as the reader takes them; empty ones were not said."""
        if self.code == FactKind.MEMBERS:
            return cells  # its reader takes text, and an empty cell empties the field
        return {
            name: self._cell(name, text) for name, text in cells.items() if text or name == "tags"
        }

    def order(self, rows: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Return rows of one order as an order with lines."""
        first = rows[0]
        head = {name: text for name, text in first.items() if name not in LINE_FIELDS}
        item = dict(self.item(head))
        lines = [
            {LINE_FIELDS[name]: row[name] for name in LINE_FIELDS if row.get(name)} for row in rows
        ]
        item["lines"] = [line for line in lines if line]
        return item

    def _cell(self, name: str, text: str) -> Any:
        if name in MOMENTS:
            return moment_text(text)
        if name in DAYS:
            return moment_text(text)[:10]
        if name == "tags":
            return [tag.strip() for tag in TAG_MARKS.split(text) if tag.strip()]
        return _words(self.code, name).get(text.lower(), text)

    def key_of(self, cells: Mapping[str, Any]) -> str:
        """Return what names a row."""
        return ":".join(str(cells.get(name, "")).strip() for name in self.key)

    def fields_of(self, headers: Sequence[str]) -> dict[str, str]:
        """Return header → field for the headers we know; raises ValidationFailed without a needed one."""
        known = _spellings(self.code)
        found = {header: known[folded(header)] for header in headers if folded(header) in known}
        missing = [name for name in self.needed if name not in found.values()]
        if missing:
            ours = dict(self.template(get_language() or ""))
            raise ValidationFailed(
                _("The file has no column for %(field)s. Its header may be: %(names)s.")
                % {"field": ours[missing[0]], "names": ", ".join(self.headers[missing[0]])},
                code="column_missing",
            )
        fields = list(found.values())
        twice = {name for name in fields if fields.count(name) > 1}
        if twice:
            names = ", ".join(header for header, field in found.items() if field in twice)
            raise ValidationFailed(
                _("Two columns of the file mean the same: %(names)s.") % {"names": names},
                code="column_twice",
            )
        return found

    def template(self, language: str) -> list[tuple[str, str]]:
        """Return (field, header) of an empty file in a language."""
        chinese = language.startswith("zh")
        return [(name, _spelling(self.headers[name], chinese=chinese)) for name in self.fields]


def folded(text: str) -> str:
    """Return a header without what people write differently."""
    return "".join(text.split()).replace("_", "").lower()


def moment_text(text: str) -> str:
    """Return a moment as ISO 8601 where a person or a till wrote it in another common way."""
    found = DAY.fullmatch(text.strip())
    if found is None:
        return text
    year, month, day, rest = found.groups()
    clock = rest.strip().lstrip("T").strip() or "00:00"
    return f"{year}-{int(month):02d}-{int(day):02d}T{clock.zfill(5)}"


def _spelling(spellings: Sequence[str], *, chinese: bool) -> str:
    """Return the first spelling of a language; our own one stands first and is English."""
    found = (each for each in spellings if not each.isascii())
    return next(found, spellings[0]) if chinese else spellings[0]


@cache
def _table() -> dict[str, Any]:
    file = resources.files("customers.intake").joinpath("columns.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


@cache
def _spellings(code: str) -> dict[str, str]:
    headers = KINDS[code].headers
    return {folded(header): name for name, headers in headers.items() for header in headers}


@cache
def _words(code: str, name: str) -> dict[str, str]:
    words = _table()["words"].get(code, {}).get(name, {})
    return {each: meaning for meaning, spellings in words.items() for each in spellings}


def _read_member(cells: Mapping[str, Any]) -> tuple[Any, Errors]:
    read = read_row(cells)
    return read.row, {name: [words] for name, words in read.errors.items()}


def _store_members(rows: Sequence[Any]) -> UpsertResult:
    return members_upsert(rows, source=CrmMember.Source.IMPORT)


KINDS: Mapping[str, Kind] = {
    str(kind.code): kind
    for kind in (
        Kind(FactKind.MEMBERS, ("member_no",), ("member_no",), _read_member, _store_members),
        Kind(FactKind.GOODS, ("sku", "name"), ("sku",), read_goods, goods_upsert),
        Kind(
            FactKind.STOCK,
            ("sku", "store_code", "quantity"),
            ("sku", "store_code"),
            read_stock,
            stock_upsert,
        ),
        Kind(
            FactKind.ORDERS,
            ("order_no", "paid_at", "amount"),
            ("order_no",),
            read_order,
            orders_upsert,
        ),
        Kind(
            FactKind.REFUNDS,
            ("refund_no", "order_no", "refunded_at", "amount"),
            ("refund_no",),
            read_refund,
            refunds_upsert,
        ),
        Kind(
            FactKind.ASSETS,
            ("member_no", "kind"),
            ("member_no", "kind", "code"),
            read_asset,
            assets_upsert,
        ),
        Kind(FactKind.TAGS, ("member_no", "tags"), ("member_no",), read_tags, tags_upsert),
        Kind(
            FactKind.SERVICES,
            ("service_no", "kind", "served_at"),
            ("service_no",),
            read_service,
            services_upsert,
        ),
    )
}
