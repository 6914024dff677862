# Counting by operation and by the shapes it worked on.
import torch

a, b = torch.ones(2, 3), torch.ones(3, 4)
with torch.autograd.profiler.profile(record_shapes=True) as prof:
    for _ in range(3):
        a @ b
    a * 2
    a * a
    b.sin()
    a.sin()
    a.sin()
for row in sorted(prof.key_averages(group_by_input_shape=True), key=lambda r: (r.key, str(r.input_shapes))):
    if row.key in ("aten::mm", "aten::mul", "aten::sin"):
        print(row.key, row.count, row.input_shapes)
print(
    {row.key: row.count for row in prof.key_averages() if row.key in ("aten::mm", "aten::mul", "aten::sin")}
)
table = prof.key_averages(group_by_input_shape=True).table(sort_by="count")
print("Input Shapes" in table, "[[2, 3], [3, 4]]" in table)
