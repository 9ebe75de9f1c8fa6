"""What every batch of the partner API does: each row is checked by itself, errors name the row by its index."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.utils.translation import gettext as _
from rest_framework import serializers

from customers.results import FAILED, ROW_RESULTS
from scrm.core.api import RowsField, StrictSerializer

Row = TypeVar("Row")
Errors = Mapping[str, Any]


class FactErrorSerializer(serializers.Serializer[Any]):
    """What is wrong with one row of a batch; `key` is the row's number as sent."""

    index = serializers.IntegerField()
    key = serializers.CharField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]


class BatchResultSerializer(serializers.Serializer[Any]):
    """What a batch did; `results` has a word for each row in the order sent, `warnings` stopped no row."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = serializers.ListField(child=serializers.ChoiceField(ROW_RESULTS), required=False)
    errors = FactErrorSerializer(many=True)  # type: ignore[assignment]
    warnings = FactErrorSerializer(many=True, required=False)


@dataclass(frozen=True)
class Checked(Generic[Row]):
    """The usable rows of a batch with their places, and what is wrong with the others by index."""

    rows: list[Row]
    errors: list[dict[str, Any]]
    places: list[int] = field(default_factory=list)


def checked(
    sent: Sequence[Any],
    *,
    key: Sequence[str],
    read: Callable[[Mapping[str, Any]], tuple[Row | None, Errors]],
    label: str = "key",
) -> Checked[Row]:
    """Read each item; one whose key (the fields that name it) came before in the batch is an error.

    Keys are compared as they are stored: blanks around one make no other. label is what errors call the key.
    """
    done: Checked[Row] = Checked([], [])
    seen: dict[tuple[str, ...], int] = {}
    for index, item in enumerate(sent):
        if not isinstance(item, Mapping):
            words = _("This item is no object: send its fields by name.")
            done.errors.append({"index": index, label: "", "fields": {"non_field_errors": [words]}})
            continue
        row, wrong = read(item)
        named = tuple(str(_said(item if row is None else row, name)) for name in key)
        if row is not None and named in seen:
            words = _("The same row as item %(index)d.") % {"index": seen[named]}
            row, wrong = None, {key[-1]: [words]}
        if row is None:
            done.errors.append({"index": index, label: ":".join(named)[:130], "fields": wrong})
            continue
        seen[named] = index
        done.rows.append(row)
        done.places.append(index)
    return done


def _said(row: Any, name: str) -> Any:
    return row.get(name, "") if isinstance(row, Mapping) else getattr(row, name)


def by_serializer(
    serializer: type[serializers.Serializer[Any]], build: Callable[[dict[str, Any]], Row]
) -> Callable[[Mapping[str, Any]], tuple[Row | None, Errors]]:
    """Return a reader that validates an item with a serializer and builds a row of it."""

    def read(item: Mapping[str, Any]) -> tuple[Row | None, Errors]:
        form = serializer(data=item)
        if not form.is_valid():
            return None, flat(form.errors)
        return build(form.validated_data), {}

    return read


def flat(errors: Any, path: str = "") -> dict[str, list[str]]:
    """Return errors of nested fields in one level: `{"lines.0.amount": ["…"]}`."""
    if isinstance(errors, Mapping):
        parts = errors.items()
    elif any(isinstance(one, Mapping) for one in errors):
        parts = dict(enumerate(errors)).items()
    else:
        return {path or "non_field_errors": [str(one) for one in errors]} if errors else {}
    found: dict[str, list[str]] = {}
    for name, inner in parts:
        found |= flat(inner, f"{path}.{name}" if path else str(name))
    return found


def answer_of(
    counts: Any,
    errors: Sequence[Mapping[str, Any]],
    *,
    places: Sequence[int] | None = None,
    warnings: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return what a batch answers, from an UpsertResult and the errors.

    places are where the stored rows stood in what was sent: with them each row gets its own result.
    """
    answer = {
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "failed": len(errors),
        "errors": list(errors),
    }
    if places is not None:
        answer["results"] = _results(places, counts.outcomes, errors)
        answer["warnings"] = list(warnings)
    return answer


def _results(
    places: Sequence[int], outcomes: Sequence[str], errors: Sequence[Mapping[str, Any]]
) -> list[str]:
    failed = {int(error["index"]) for error in errors}
    results = [FAILED] * (len(places) + len(failed.difference(places)))
    for place, outcome in zip(places, outcomes, strict=True):
        results[place] = outcome
    return results


def envelope(
    name: str, title: str, row: type[serializers.Serializer[Any]]
) -> type[StrictSerializer]:
    """Return the serializer of a batch body: 1 to 1,000 rows under `name`, each checked by itself."""
    words = (
        "At most 1,000 rows a call; each is checked by itself, so that a bad one stops no other."
    )
    return type(title, (StrictSerializer,), {name: RowsField(row=row), "__doc__": words})
