"""Upgrades of the largest tables: events of customers go on being written meanwhile."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AddIndex, CreateModel

LARGE = {"followrelation", "externalcontact", "relationevent"}


def test_an_index_on_a_large_table_is_built_beside_the_traffic() -> None:
    concurrent = []
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app != "customers":
            continue
        fresh = {op.name_lower for op in migration.operations if isinstance(op, CreateModel)}
        for operation in migration.operations:
            if isinstance(operation, AddIndex) and operation.model_name_lower in LARGE - fresh:
                # AddIndex alone locks writes until it is built.
                assert isinstance(operation, AddIndexConcurrently), name
                assert migration.atomic is False, name
                concurrent.append(operation.index.name)

    assert concurrent == ["customers_relation_held"]
