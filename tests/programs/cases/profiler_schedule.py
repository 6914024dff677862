# Profiling some steps of a loop, and what the profile knows then.
import json
import os
import tempfile

import torch
from torch.profiler import (
    ProfilerAction, ProfilerActivity, profile, record_function, schedule, tensorboard_trace_handler,
)

plan = schedule(wait=1, warmup=1, active=2, repeat=1, skip_first=1)
print([plan(k).name for k in range(7)], list(ProfilerAction)[:3])
for wrong in ({"wait": -1, "warmup": 0, "active": 1}, {"wait": 1, "warmup": 0, "active": 0}):
    try:
        schedule(**wrong)
    except AssertionError as error:
        print(error)


def counts(prof):
    return {e.key: e.count for e in prof.key_averages() if e.key in ("aten::mul", "ProfilerStep*", "inner")}


ready = lambda prof: print("ready", prof.step_num, counts(prof))
x = torch.ones(4)
options = {"activities": [ProfilerActivity.CPU], "schedule": schedule(wait=1, warmup=1, active=2)}
with profile(**options, on_trace_ready=ready) as prof:
    for k in range(10):
        with record_function("inner"):
            x * k
        prof.step()
print(prof.step_num)

with profile(profile_memory=True) as prof:
    y = torch.mul(torch.ones(10), torch.ones(10))
print([(e.key, e.cpu_memory_usage) for e in prof.key_averages() if e.key == "aten::mul"])
print("Self CPU Mem" in prof.key_averages().table(sort_by="self_cpu_memory_usage"))

folder = tempfile.mkdtemp()
with profile(on_trace_ready=tensorboard_trace_handler(folder)) as prof:
    x * 2
(name,) = os.listdir(folder)
with open(os.path.join(folder, name)) as file:
    trace = json.load(file)
print(name.endswith(".pt.trace.json"), any(e.get("name") == "aten::mul" for e in trace["traceEvents"]))
try:
    prof.export_stacks("stacks.txt")
except AssertionError as error:
    print(error)
