# The profiler's table to the letter, but for the times; and the texts of events.
import re

import torch
from torch import nn
from torch.profiler import profile, record_function

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
x = torch.ones(5, 3)


def show(text):
    """Print a table, with times and shares as dots."""
    rule = next(line for line in text.splitlines() if line.startswith("---"))
    for line in text.splitlines():
        line = re.sub(r"-?\d+\.\d+(us|ms|s|%)", lambda found: "." * len(found[0]), line)
        # Longer times take more of the column: what is left of it is blank either way.
        line = re.sub(r" *\.\.\.+", lambda found: " " * (len(found[0]) - 1) + ".", line)
        print(line if not line.startswith("Self CPU time") else line.rstrip(" ."))
    print(len(rule), text.endswith("\n"))


with profile(record_shapes=True, with_flops=True) as prof:
    with record_function("forward"):
        out = net(x)
    out.sum().backward()
show(prof.key_averages().table(sort_by="count", row_limit=12))
show(prof.key_averages(group_by_input_shape=True).table(sort_by="count", row_limit=9, header="by shape"))
show(prof.key_averages().table(sort_by="count", top_level_events_only=True, max_name_column_width=30, time_unit="us"))
show(prof.key_averages(group_by_input_shape=True).table(sort_by="count", max_shapes_column_width=20, row_limit=4))
print({e.key: e.flops for e in prof.key_averages() if e.flops})
print([e.name for e in prof.events() if e.cpu_parent is None][:3])
linear = next(e for e in prof.events() if e.name == "aten::linear")
print([child.name for child in linear.cpu_children], linear.input_shapes, linear.cpu_parent.name, linear.is_async)
print(linear.time_range.elapsed_us() == linear.cpu_time_total, linear.cpu_time_total_str.endswith("s"))
print(re.sub(r"[\d.]+(us|ms)", "_", repr(prof.key_averages()[0])))
print(re.sub(r"_us=[\d.]+|[\d.]+(us|ms)|seq_nr=-?\d+|id=\d+|cpu_children=\[.*?\]", "_", repr(linear)))
total = prof.key_averages().total_average()
print(total.key, total.count)
