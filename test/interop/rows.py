"""Writes the rows of Parquet or Arrow files as JSON, one a line, as another reader than jacoflow's has them.

rows.py READER FILE...: READER is pyarrow, polars, pandas, arrow (IPC files), or http (URLs of Arrow streams).
Numbers that JSON has no form for are texts.
"""

import json
import math
import sys
import urllib.request


def rows_of(reader, file):
    if reader == "pyarrow":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(file).to_pylist()
    if reader == "polars":
        import polars

        return polars.read_parquet(file).to_dicts()
    if reader == "pandas":
        import pandas

        return pandas.read_parquet(file).to_dict("records")
    import pyarrow.ipc

    if reader == "arrow":
        return pyarrow.ipc.open_file(file).read_all().to_pylist()
    with urllib.request.urlopen(file) as response:
        return pyarrow.ipc.open_stream(response).read_all().to_pylist()


def plain(value):
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


for file in sys.argv[2:]:
    for row in rows_of(sys.argv[1], file):
        print(json.dumps({name: plain(value) for name, value in row.items()}))
