"""Reads a stream of metrics while the run that sends it goes on:

    npx jacoflow run examples/quickstart.yaml --stream - | python examples/consumer.py

Needs pyarrow. A batch is one evaluation; this prints the test error of each, and at the end the smallest.
"""

import sys

import pyarrow as pa

smallest = None
with pa.ipc.open_stream(sys.stdin.buffer) as stream:
    for batch in stream:
        for row in batch.to_pylist():
            if row["name"] != "error" or row["split"] != "test":
                continue
            print(f"epoch {row['epoch']:g}: test error {row['value']:.3f}", flush=True)
            if smallest is None or row["value"] < smallest["value"]:
                smallest = row
if smallest is not None:
    print(f"smallest: {smallest['value']:.3f} at epoch {smallest['epoch']:g}")
