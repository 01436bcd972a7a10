"""Writes Parquet files in every form that pyarrow and polars have, and the rows of all of them as JSON.

foreign.py FOLDER: FOLDER/*.parquet, FOLDER/rows.json.
"""

import itertools
import json
import random
import sys

import polars
import pyarrow as pa
import pyarrow.parquet as parquet

folder = sys.argv[1]
rows = 300
random.seed(3)


def column(kind, make, nulls=0.0):
    return pa.array([None if random.random() < nulls else make(row) for row in range(rows)], kind)


def number(_):
    return random.randrange(-9, 9)


def half(_):
    return random.randrange(-99, 99) / 2


table = pa.table(
    {
        "integer": column(pa.int32(), number),
        "constant": column(pa.int32(), lambda _: 7),
        "long": column(pa.int64(), lambda _: random.getrandbits(50), 0.2),
        "moment": column(pa.int64(), lambda row: [-(2**63), 0, 2**63 - 1][row % 3]),
        "float": column(pa.float32(), half),
        "double": column(pa.float64(), half, 0.5),
        "truth": column(pa.bool_(), lambda _: random.random() < 0.3, 0.1),
        "nothing": column(pa.int32(), number, 1.0),
        "word": column(pa.string(), lambda _: random.choice(["train", "test"])),
        "text": column(pa.string(), lambda row: "x" * random.randrange(9) + str(row), 0.1),
        "list": column(pa.list_(pa.float32()), lambda _: [half(_)] * 6),
        "holes": column(pa.list_(pa.float32()), lambda _: random.choice([[], [0.5, None], [1.5] * 9]), 0.2),
        "fixed": column(pa.list_(pa.float32(), 3), lambda _: [half(_)] * 3),
        "lists": column(pa.list_(pa.list_(pa.int32())), lambda row: [[at] * at for at in range(row % 4)], 0.2),
        "parts": column(pa.struct([("a", pa.int32()), ("b", pa.list_(pa.string()))]), lambda row: {"a": row, "b": [str(row)]}),
    }
)
encodings = {
    "integer": "DELTA_BINARY_PACKED",
    "constant": "DELTA_BINARY_PACKED",
    "long": "DELTA_BINARY_PACKED",
    "moment": "DELTA_BINARY_PACKED",
    "float": "BYTE_STREAM_SPLIT",
    "double": "BYTE_STREAM_SPLIT",
    "truth": "RLE",
    "word": "DELTA_BYTE_ARRAY",
    "text": "DELTA_LENGTH_BYTE_ARRAY",
}
codecs = ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]
for codec, version in itertools.product(codecs, ["1.0", "2.0"]):
    form = {"compression": codec, "data_page_version": version}
    name = f"{folder}/pyarrow-{codec}-{version}"
    parquet.write_table(table, f"{name}-dictionary.parquet", **form)
    parquet.write_table(table, f"{name}-pages.parquet", **form, data_page_size=64, write_batch_size=8, row_group_size=128)
    parquet.write_table(table, f"{name}-encoded.parquet", **form, use_dictionary=False, column_encoding=encodings)
for codec in ["uncompressed", "snappy", "gzip", "zstd", "lz4", "brotli"]:
    frame = polars.from_arrow(table)
    frame.write_parquet(f"{folder}/polars-{codec}.parquet", compression=codec)
    frame.write_parquet(f"{folder}/polars-{codec}-pages.parquet", compression=codec, row_group_size=100, data_page_size=64)
with open(f"{folder}/rows.json", "w") as file:
    json.dump(table.to_pydict(), file)
