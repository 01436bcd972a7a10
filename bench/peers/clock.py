"""Seconds, of the wall or of the processor, as JACOFLOW_BENCH_CLOCK says (bench/measure.ts)."""

import os
import time

now = time.process_time if os.environ.get("JACOFLOW_BENCH_CLOCK") == "cpu" else time.perf_counter
