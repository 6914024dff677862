# Naming parts of a program and nesting them; the trace as a file.
import json
import os
import tempfile

import torch
from torch.autograd.profiler import record_function

x = torch.ones(3, requires_grad=True)
with torch.autograd.profiler.profile() as prof:
    with record_function("outer"):
        y = x * 2
        for _ in range(2):
            with record_function("inner"):
                y = y.sin()
    with torch.profiler.record_function("backward"):
        y.sum().backward()
rows = {row.key: row for row in prof.key_averages()}
print({name: rows[name].count for name in ("outer", "inner", "backward", "aten::sin", "aten::mul")})
print(rows["outer"].cpu_time_total >= rows["inner"].cpu_time_total)


@record_function("decorated")
def work():
    return x + 1


with torch.autograd.profiler.profile() as prof:
    work()
    work()
print({row.key: row.count for row in prof.key_averages() if row.key in ("decorated", "aten::add")})
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "trace.json")
    prof.export_chrome_trace(path)
    with open(path) as file:
        trace = json.load(file)
events = trace["traceEvents"] if isinstance(trace, dict) else trace
print(sorted({event["name"] for event in events if event.get("ph") == "X"} & {"decorated", "aten::add"}))
