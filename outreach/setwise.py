"""One statement for many rows that each get values of their own.

`QuerySet.update` writes the same to every row, and Django's `bulk_update` builds a CASE for every row and column and
knows no condition. PostgreSQL takes the values as arrays; elsewhere the rows are written one after the other.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection, models

Columns = Mapping[str, Any]
NOTHING: Columns = {}


def update_each(
    model: type[models.Model],
    values: Mapping[UUID, Columns],
    *,
    expecting: Mapping[UUID, Columns] | None = None,
    where: Columns = NOTHING,
) -> frozenset[UUID]:
    """Write to each row, by its key, columns of its own; all rows get the same columns, by their attribute names.

    A row is written only while it still has what `expecting` says of it, and all of `where`; None stands for NULL.
    Returns the keys of the rows that were written, in the caller's transaction.
    """
    if not values:
        return frozenset()
    expected = expecting or dict.fromkeys(values, NOTHING)
    if connection.vendor == "postgresql":
        return _by_arrays(model, values, expected, where)
    return frozenset(key for key, columns in values.items() if _one(model, key, columns, expected[key], where))


def _one(model: type[models.Model], key: UUID, columns: Columns, expected: Columns, where: Columns) -> int:
    conditions: dict[str, Any] = {}
    for name, value in (*expected.items(), *where.items()):
        conditions.update({f"{name}__isnull": True} if value is None else {name: value})
    return model._default_manager.filter(pk=key, **conditions).update(**columns)


def _by_arrays(
    model: type[models.Model], values: Mapping[UUID, Columns], expected: Mapping[UUID, Columns], where: Columns
) -> frozenset[UUID]:
    first = next(iter(values))
    written, compared = tuple(values[first]), tuple(expected[first])
    sql = _statement(model, written, compared, tuple((name, value is None) for name, value in where.items()))
    arrays: list[list[Any]] = [list(values)]
    arrays += [[_adapted(model, name, values[key][name]) for key in values] for name in written]
    arrays += [[_adapted(model, name, expected[key][name]) for key in values] for name in compared]
    same = [_adapted(model, name, value) for name, value in where.items() if value is not None]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*arrays, *same])
        return frozenset(row[0] for row in cursor.fetchall())


def _adapted(model: type[models.Model], name: str, value: Any) -> Any:
    return _field(model, name).get_db_prep_save(value, connection)


@lru_cache(maxsize=256)
def _field(model: type[models.Model], name: str) -> Any:
    return next(field for field in model._meta.concrete_fields if field.attname == name)


@lru_cache(maxsize=256)
def _statement(
    model: type[models.Model], written: tuple[str, ...], compared: tuple[str, ...], where: tuple[tuple[str, bool], ...]
) -> str:
    """Names come from the models alone, values only as parameters."""
    columns = {name: _field(model, name).column for name in (*written, *compared, *(name for name, _ in where))}
    given = [("key", _array_of(model, model._meta.pk.attname))]
    given += [(f"new_{number}", _array_of(model, name)) for number, name in enumerate(written)]
    given += [(f"old_{number}", _array_of(model, name)) for number, name in enumerate(compared)]
    changes = ", ".join(f'"{columns[name]}" = given.new_{number}' for number, name in enumerate(written))
    conditions = [f't."{model._meta.pk.column}" = given.key']
    conditions += [f't."{columns[name]}" IS NOT DISTINCT FROM given.old_{n}' for n, name in enumerate(compared)]
    conditions += [f't."{columns[name]}" {"IS NULL" if is_null else "= %s"}' for name, is_null in where]
    return (
        f'UPDATE "{model._meta.db_table}" t SET {changes} '  # noqa: S608
        f"FROM unnest({', '.join(kind for _, kind in given)}) AS given({', '.join(name for name, _ in given)}) "
        f'WHERE {" AND ".join(conditions)} RETURNING t."{model._meta.pk.column}"'
    )


def _array_of(model: type[models.Model], name: str) -> str:
    """Such as `%s::uuid[]`; lengths are left to the column, which refuses what a cast would cut off."""
    kind = (_field(model, name).db_type(connection) or "text").partition("(")[0]
    return f"%s::{kind}[]"
