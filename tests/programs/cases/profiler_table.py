# The table: its columns, its order, its last lines.
import torch

x = torch.ones(2, 3)
with torch.autograd.profiler.profile() as prof:
    for _ in range(50):
        y = x / 2 * x
    x.exp()
lines = prof.key_averages().table(sort_by="count").splitlines()
print(lines[1].split())
print(set(lines[0].replace(" ", "")), lines[0] == lines[2], len(lines[0]) == len(lines[1]))
rows = [line.split() for line in lines[3:] if line.strip().startswith("aten::")]
print(sorted((row[0], row[-1]) for row in rows if row[0] in ("aten::div", "aten::mul", "aten::exp")))
print(lines[-1].split(":")[0])
short = prof.key_averages().table(sort_by="cpu_time_total", row_limit=1).splitlines()
print(len([line for line in short if "aten::" in line]))
print([name for name in prof.key_averages().table(header="my header").splitlines() if "header" in name])
self_times = [row.self_cpu_time_total for row in prof.key_averages()]
print(abs(sum(self_times) - prof.self_cpu_time_total) <= 1e-6 * prof.self_cpu_time_total)
