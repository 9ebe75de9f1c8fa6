"""The peers and the oracle of OneID's rows: scipy, Splink on DuckDB, and the rule once more in arrays."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow
from pyarrow import csv
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from benchmarks.oneid_world import text_slices

Array = Any
CONTACT_LETTER = "8"  # of 00000000-0000-7000-8000-…: the world's contacts
EDGES = """
COPY (SELECT record_id, left(kind, 1) || value FROM customers_recordkey
       WHERE id > {start} AND id <= {end} AND kind <> 'weak_phone') TO STDOUT
"""


@dataclass(frozen=True)
class Edges:
    """Edges as arrays: the record and the key of each by number, and what they were."""

    records: Array
    keys: Array
    record_ids: Array
    key_texts: Array


def edges_load() -> Edges:
    """Read the same edges as ours does, as the text Arrow reads fastest, and number them by its dictionaries."""
    read = csv.ReadOptions(column_names=["record", "key"])
    parse = csv.ParseOptions(delimiter="\t", quote_char=False)
    text = csv.ConvertOptions(column_types={"record": pyarrow.string(), "key": pyarrow.string()})
    tables = [
        csv.read_csv(rows, read, parse, text) for rows in text_slices("customers_recordkey", EDGES)
    ]
    table = pyarrow.concat_tables(tables)
    record = table["record"].combine_chunks().dictionary_encode()
    key = table["key"].combine_chunks().dictionary_encode()
    return Edges(
        record.indices.to_numpy(), key.indices.to_numpy(), record.dictionary, key.dictionary
    )


def components(edges: Edges) -> Array:
    """Return by record number its component, by scipy."""
    records = len(edges.record_ids)
    return _connected(edges.records, edges.keys, records, len(edges.key_texts))[:records]


def _connected(left: Array, right: Array, lefts: int, rights: int) -> Array:
    size = lefts + rights
    ones = np.ones(len(left), dtype=np.int8)
    graph = coo_array((ones, (left, right + lefts)), shape=(size, size))
    return connected_components(graph, directed=False)[1]


def oracle(edges: Edges, active: set[str], degree: int, most: int) -> Array:
    """Return by record number its person: the rule of OneID level by level over everything, in arrays."""
    letters = np.array([text[0] for text in edges.key_texts.to_pylist()])
    ids = edges.record_ids.to_pylist()
    is_contact = np.array([text[19] == CONTACT_LETTER for text in ids])
    is_active = np.array([text in active for text in ids])
    counts = np.bincount(edges.keys, minlength=len(letters))
    usable = ~(np.isin(letters, ["p", "i"]) & (counts > degree))
    label = np.arange(len(ids))
    unionid = np.flatnonzero(letters[edges.keys] == "u")
    for letter, only in (
        ("u", is_contact),
        ("u", None),
        ("e", None),
        ("m", None),
        ("i", None),
        ("p", None),
    ):
        chosen = (letters[edges.keys] == letter) & usable[edges.keys]
        if only is not None:
            chosen &= only[edges.records]
        trial = _connected(label[edges.records[chosen]], edges.keys[chosen], len(ids), len(letters))
        block = trial[label]
        pairs = np.unique(np.stack([block[edges.records[unionid]], edges.keys[unionid]]), axis=1)
        broken = np.bincount(pairs[0], minlength=trial.max() + 1) > 1
        broken |= np.bincount(block[is_active], minlength=len(broken)) > 1
        broken |= np.bincount(block, minlength=len(broken)) > most
        joined = np.where(broken[block], label + len(broken), block)
        label = np.unique(joined, return_inverse=True)[1]
    return label


def same(left: Array, right: Array) -> bool:
    """Tell whether two labellings group alike."""
    pairs = len(np.unique(np.stack([left, right]), axis=1)[0])
    return pairs == len(np.unique(left)) == len(np.unique(right))


def splink_records(edges: Edges) -> Any:
    """Return a row a record with a column a kind of key, as Splink wants them."""
    letters = np.array([text[0] for text in edges.key_texts.to_pylist()])[edges.keys]
    columns: dict[str, Any] = {"unique_id": edges.record_ids}
    for letter in "ueip":
        chosen = letters == letter
        values = np.full(len(edges.record_ids), None, dtype=object)
        values[edges.records[chosen]] = np.array(edges.key_texts.to_pylist(), dtype=object)[
            edges.keys[chosen]
        ]
        columns[letter] = pyarrow.array(values, pyarrow.string())
    return pyarrow.table(columns)


def splink_persons(records: Any) -> int:
    """Return how many clusters Splink's deterministic linking makes of the records."""
    import duckdb
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(duckdb.connect())
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=[block_on(letter) for letter in "ueip"],
        comparisons=[],
    )
    linker = Linker(api.register(records), settings)
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(
        linker.inference.deterministic_link()
    )
    name = found.physical_name
    answer = api.query_sql(f"select count(distinct cluster_id) as persons from {name}")
    return int(answer.as_record_list()[0]["persons"])
