"""Model fields that are ciphertext in the database and plain values on the instance.

A field's value is bound to its table, column and primary key (AAD): ciphertext copied to another row or
column does not open. Models that use them make their primary key themselves:
`id = models.UUIDField(primary_key=True, default=uuid7, editable=False)`.
"""

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import orjson
from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.query_utils import DeferredAttribute

from scrm.core.crypto import decrypt, encrypt

_ST = TypeVar("_ST")
_GT = TypeVar("_GT")

if TYPE_CHECKING:

    class _Field(models.Field[_ST, _GT]):
        """Django's field, typed."""

else:

    class _Field(models.Field, Generic[_ST, _GT]):
        """Django's field, which takes no type arguments at run time."""


class Sealed(bytes):
    """Ciphertext of a field, as it lies in the database."""

    __slots__ = ()


class EncryptedAttribute(DeferredAttribute):
    """Opens the ciphertext on first read and keeps the plain value beside it."""

    field: "EncryptedField[Any, Any]"

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        if instance is None:
            return self
        value = super().__get__(instance, cls)
        if not isinstance(value, Sealed):
            return value
        opened = instance.__dict__.get(self.field.opened_name)
        if opened is None:
            opened = self.field.open(instance.pk, value)
            instance.__dict__[self.field.opened_name] = opened
        return opened

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__.pop(self.field.opened_name, None)
        instance.__dict__[self.field.attname] = value


class EncryptedField(_Field[_ST, _GT]):
    """Common part of the encrypted fields; use one of the kinds below."""

    descriptor_class = EncryptedAttribute
    empty_strings_allowed = False
    # The column whose value binds a ciphertext to its row; empty: the primary key.
    bound_to = ""
    description = "AES-256-GCM ciphertext"

    @property
    def opened_name(self) -> str:
        """Where an instance keeps the opened value."""
        return f"_opened_{self.attname}"

    def get_internal_type(self) -> str:
        """Return the kind of column: bytea."""
        return "BinaryField"

    def encode(self, value: Any) -> bytes:
        """Turn a plain value into bytes."""
        raise TypeError(f"{type(self).__name__} cannot encode {type(value).__name__}")

    def decode(self, raw: bytes) -> Any:
        """Turn bytes back into the plain value."""
        raise TypeError(f"{type(self).__name__} cannot decode")

    def aad(self, pk: Any) -> bytes:
        """Return what binds a ciphertext to its place."""
        if pk is None:
            raise TypeError(f"{self} needs the primary key before it can be sealed")
        return f"{self.model._meta.db_table}\x1f{self.column}\x1f{pk}".encode()

    def seal(self, pk: Any, plaintext: Any) -> Sealed:
        """Return the ciphertext of `plaintext` for the row `pk` (for COPY paths)."""
        return Sealed(encrypt(self.encode(plaintext), self.aad(pk)))

    def open(self, pk: Any, sealed: bytes) -> Any:
        """Return the plain value of the row `pk`; raises DecryptionError when it was changed or moved."""
        return self.decode(decrypt(bytes(sealed), self.aad(pk)))

    def reseal(self, bound: Any, sealed: bytes) -> Sealed:
        """Return the same value under the key that writes; raises DecryptionError where it does not open."""
        place = self.aad(bound)
        return Sealed(encrypt(decrypt(bytes(sealed), place), place))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        """Seal the instance's value for its own row."""
        value = model_instance.__dict__.get(self.attname)
        if value is None:
            return None
        if isinstance(value, Sealed):
            opened = model_instance.__dict__.get(self.opened_name)
            if opened is None or not isinstance(opened, dict | list):
                return value
            value = opened  # it may have been changed in place
        sealed = self.seal(model_instance.pk, value)
        model_instance.__dict__[self.attname] = sealed
        model_instance.__dict__[self.opened_name] = value
        return sealed

    def get_prep_value(self, value: Any) -> Any:
        """Refuse plain values: update() and filters do not know the row they would be sealed for."""
        value = super().get_prep_value(value)
        if value is None or isinstance(value, Sealed):
            return value
        raise TypeError(
            f"{self.name} is encrypted: set it on an instance and save, or pass field.seal(pk, value)"
        )

    def get_db_prep_value(
        self,
        value: Any,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,  # noqa: FBT001, FBT002 -- Django's signature
    ) -> Any:
        """Hand the bytes to the driver."""
        value = super().get_db_prep_value(value, connection, prepared)
        return None if value is None else memoryview(value)

    def from_db_value(
        self, value: Any, expression: Any, connection: BaseDatabaseWrapper
    ) -> Sealed | None:
        """Wrap what the database gave; it is opened when read."""
        return None if value is None else Sealed(value)

    def get_lookup(self, lookup_name: str) -> Any:
        """Allow only IS NULL: equal values have different ciphertexts."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} is encrypted; look it up by its blind index.")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        """Never serialise the plain value."""
        return ""


class EncryptedTextField(EncryptedField[_ST, _GT]):
    """Text."""

    _pyi_private_set_type: str | Sealed
    _pyi_private_get_type: str

    def encode(self, value: Any) -> bytes:
        """Turn text into UTF-8."""
        if not isinstance(value, str):
            raise TypeError(f"{self.name} takes text, not {type(value).__name__}")
        return value.encode("utf-8")

    def decode(self, raw: bytes) -> str:
        """Turn UTF-8 into text."""
        return raw.decode("utf-8")


class EncryptedJSONField(EncryptedField[_ST, _GT]):
    """JSON: dicts, lists, text, numbers."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def encode(self, value: Any) -> bytes:
        """Turn the value into JSON with sorted keys."""
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)

    def decode(self, raw: bytes) -> Any:
        """Turn JSON into the value."""
        return orjson.loads(raw)


class EncryptedBytesField(EncryptedField[_ST, _GT]):
    """Files that are small enough for a row (error workbooks)."""

    _pyi_private_set_type: bytes
    _pyi_private_get_type: bytes

    def encode(self, value: Any) -> bytes:
        """Return the bytes as they are."""
        return bytes(value)

    def decode(self, raw: bytes) -> bytes:
        """Return the bytes as they are."""
        return raw
