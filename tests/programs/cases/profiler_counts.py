# How often each operation ran. Times differ from run to run; names and counts do not.
import torch
from torch.autograd import profiler

x = torch.randn(2, 3, requires_grad=True)
y = torch.rand(2, 3, requires_grad=True)
z = torch.ones(2, 3, requires_grad=True)
with profiler.profile() as prof:
    for _ in range(1000):
        z = (z / x) * y
counts = {row.key: row.count for row in prof.key_averages()}
print(counts["aten::div"], counts["aten::mul"])
with profiler.profile() as prof:
    a = torch.ones(4, requires_grad=True)
    b = ((a * 2).sin() + a.exp()).sum()
    b.backward()
counts = {row.key: row.count for row in prof.key_averages()}
print({name: counts[name] for name in ("aten::sin", "aten::exp", "aten::add", "aten::sum", "aten::cos")})
print({name: count for name, count in sorted(counts.items()) if name.endswith("Backward0")})
row = next(row for row in prof.key_averages() if row.key == "aten::sin")
print(row.key, row.count, row.cpu_time_total >= row.self_cpu_time_total > 0, row.cpu_time > 0)
print(prof.self_cpu_time_total > 0, len(prof.function_events) > 10)
