"""What was sent in is deleted after a year; that it was sent, and what came of it, stays."""

import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from contacts.org.models import BindingImport, BindingImportRow, SentRows, StoreBinding, UnitFile
from contacts.org.services import (
    binding_import,
    binding_import_apply,
    sent_in_purge,
    unit_file_apply,
    unit_file_send,
)
from scrm.accounts.models import User
from scrm.core.scope import SYSTEM_SCOPE
from tests.cast import Company, company, hq_ops
from tests.factories.contacts import MemberFactory

__all__ = ["company", "hq_ops"]
pytestmark = pytest.mark.django_db


def sent_in(actor: User) -> tuple[BindingImport, UnitFile]:
    """Send in a file of bindings, which is bound, and one of units, with a refused row."""
    MemberFactory(userid="a")
    bindings = io.BytesIO("门店编码,工号或账号\nS1,a\nS9,a".encode("gbk"))
    batch = binding_import(file=bindings, filename="b.csv", actor=actor, scope=SYSTEM_SCOPE)
    binding_import_apply(batch=batch, actor=actor, scope=SYSTEM_SCOPE)
    units = io.BytesIO(
        "编码,名称,类型,上级编码\nS7,滨海店,门店,B1\nS8,海角店,仓库,B1".encode("gbk")
    )
    file = unit_file_send(file=units, filename="u.csv", existing="update", actor=actor)
    unit_file_apply(file=file, actor=actor)
    return batch, file


@pytest.mark.parametrize(("days", "kept"), [(364, True), (366, False)])
def test_rows_live_for_a_year(
    company: Company, hq_ops: User, client: Client, days: int, kept: bool
) -> None:
    # given both files, sent in some days ago, one from a phone
    batch, file = sent_in(hq_ops)
    then = timezone.now() - timedelta(days=days)
    SentRows.objects.update(created_at=then)
    BindingImport.objects.update(
        created_at=then, latitude="31.2", longitude="121.4", datum="gcj02", accuracy=20
    )

    # when the clock deletes
    sent_in_purge()

    # then the rows and the place are gone, the binding, the files and their dates are not
    batch.refresh_from_db()
    file.refresh_from_db()
    assert SentRows.objects.count() == (2 if kept else 0)
    assert BindingImportRow.objects.count() == (2 if kept else 0)
    assert (batch.latitude is not None, bool(batch.datum), batch.accuracy is not None) == (
        kept, kept, kept,
    )  # fmt: skip
    assert (batch.status, file.status, file.result["create"]) == ("applied", "applied", 1)
    assert StoreBinding.objects.count() == 1

    # and the pages say so
    client.force_login(hq_ops)
    client.cookies["django_language"] = "en"
    for path in (f"imports/{batch.pk}/", f"units/files/{file.pk}/"):
        page = client.get(f"/console/org/{path}")
        assert (page.status_code, b"deleted after a year" in page.content) == (200, not kept)
    errors = client.get(f"/console/org/units/files/{file.pk}/errors/")
    assert errors.status_code == (200 if kept else 404)
