# Profiles that are switched off, empty or asked for what they do not have.
import torch
from torch.profiler import profile

x = torch.ones(3)
with torch.autograd.profiler.profile(enabled=False) as none:
    x * 2
print(none)
with torch.autograd.profiler.profile() as prof:
    x * 2
print(str(prof) == prof.table())
with profile() as empty:
    pass
print(repr(empty.key_averages().table()))
try:
    prof.key_averages().table(sort_by="nonsense")
except AttributeError as error:
    print(error)
for manager in (torch.autograd.profiler.emit_nvtx, torch.autograd.profiler.emit_itt):
    try:
        with manager():
            print(manager.__name__)
    except AssertionError as error:
        print(error)
