"""What a person typed into the company's own fields of one customer, from the console or the phone."""

from collections.abc import Mapping
from typing import Any

from customers.fields.forms import ValuesForm
from customers.fields.services import values_set
from customers.profile.selectors import contact_ids, fields_of
from customers.relations.models import ExternalContact
from customers.timeline.selectors import records_shown
from scrm.core.exceptions import ScrmError
from scrm.core.scope import Scope


def fields_written(
    scope: Scope, contact: ExternalContact, typed: Mapping[str, Any], *, actor: Any
) -> ValuesForm:
    """Write the fields this scope may change; the form that comes back has errors when nothing was written."""
    records = records_shown(scope, contact)
    form = ValuesForm(fields_of(scope, records, contact), typed)
    if not form.is_valid():
        return form
    try:
        values_set(
            scope,
            contact_ids(records, contact),
            records.member_ids,
            form.raw(),
            actor=actor,
            removed=form.removed(),
        )
    except ScrmError as error:
        form.refuse(str(error.data.get("field", "")), error.message)
    return form
