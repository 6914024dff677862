"""Records what ``torch.cuda`` does in PyTorch's build without CUDA into references/cuda.json.

Run by hand where PyTorch 2.13.0 is installed: ``python tests/engine/record_cuda.py``.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

REFERENCES = Path(__file__).parent / "references" / "cuda.json"

PROGRAMS = [
    *(
        f"cuda.{name}()"
        for name in (
            *("is_available", "device_count", "synchronize", "get_device_name", "get_device_properties"),
            *("get_device_capability", "current_device", "memory_allocated", "max_memory_allocated"),
            *(
                "memory_reserved",
                "max_memory_reserved",
                "reset_peak_memory_stats",
                "mem_get_info",
                "empty_cache",
            ),
            *("memory_summary", "memory_stats", "current_stream", "default_stream", "seed", "seed_all"),
            *(
                "initial_seed",
                "get_rng_state",
                "get_rng_state_all",
                "is_initialized",
                "init",
                "get_arch_list",
            ),
            *("get_gencode_flags", "ipc_collect", "max_memory_cached", "memory_cached", "is_tf32_supported"),
            *(
                "reset_max_memory_allocated",
                "reset_max_memory_cached",
                "is_bf16_supported",
                "Stream",
                "Event",
            ),
            *("is_current_stream_capturing", "amp.autocast", "amp.GradScaler"),
            *("get_per_process_memory_fraction", "get_sync_debug_mode", "get_allocator_backend"),
            *("memory_stats_as_nested_dict", "reset_accumulated_memory_stats", "current_blas_handle"),
            *("profiler.start", "profiler.stop", "profiler.profile().__enter__", "FloatTensor"),
        )
    ),
    "cuda.manual_seed(3)",
    "cuda.manual_seed_all(3)",
    "cuda.set_rng_state(torch.zeros(16, dtype=torch.uint8))",
    "cuda.set_rng_state_all([])",
    "cuda.make_graphed_callables(torch.nn.Linear(1, 1), (torch.ones(1, 1),))",
    "cuda.default_generators",
    "torch.get_device_module() is torch.cpu",
    "torch.get_device_module('cpu') is torch.cpu",
    "torch.get_device_module(torch.device('cuda', 0)) is cuda",
    "torch.get_device_module('nope')",
    "torch.get_device_module(3)",
    *(
        f"torch.cpu.{call}"
        for call in (
            *("is_available()", "is_initialized()", "device_count()", "current_device()", "synchronize()"),
            *("current_stream()", "stream(None).__enter__()", "Stream().wait_stream(None)", "set_device(0)"),
            *("Event().query()", "Event().record()", "Event().wait()", "Stream().record_event()"),
        )
    ),
    *(
        f"[torch.backends.cuda.{name}_sdp_enabled(), torch.backends.cuda.enable_{name}_sdp(True)]"
        for name in ("flash", "mem_efficient", "math", "cudnn")
    ),
    "torch.backends.cuda.is_flash_attention_available()",
    "[torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32]",
    "torch.backends.cuda.matmul.nope",
    "torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction",
    "cuda.can_device_access_peer(0, 1)",
    "cuda.get_stream_from_external(3)",
    "cuda.set_sync_debug_mode('warn')",
    "cuda.FloatTensor",
    "isinstance(torch.ones(1), cuda.FloatTensor), isinstance(torch.ones(1), torch.FloatTensor)",
    "torch.Stream()",
    "torch.Stream(device='cpu')",
    "torch.Stream('cuda')",
    "[torch.Stream().device, torch.Stream().stream_id, torch.Stream().device_index, torch.Stream().query()]",
    "torch.Stream().__enter__().synchronize()",
    "torch.Stream() == torch.Stream()",
    "torch.Stream().is_capturing()",
    "torch.Stream().record_event()",
    "torch.Stream().wait_stream(torch.Stream())",
    "torch.Stream().wait_event(torch.Event())",
    "torch.Event()",
    "torch.Event('cpu', enable_timing=True)",
    "torch.Event('cuda:0')",
    "torch.Event().record()",
    "[torch.Event().query(), torch.Event().synchronize(), torch.Event().wait(), torch.Event().device]",
    "torch.Event().elapsed_time(torch.Event())",
    "torch.ones(2).record_stream(1)",
    "torch.ones(2).record_stream(torch.Stream())",
    "torch.Stream, torch.Event",
    "cuda.OutOfMemoryError.__mro__",
    "cuda.OutOfMemoryError is torch.OutOfMemoryError",
    "cuda.set_device(0)",
    "cuda.set_device('cuda:0')",
    "cuda.set_device(-1)",
    "cuda.set_device('cpu')",
    "cuda.device(0).__enter__()",
    "cuda.device(-1).__enter__()",
    "cuda.device('cpu')",
    "cuda.device_of(torch.ones(1)).__enter__()",
    "cuda.stream(None).__enter__()",
    "cuda.set_stream(None)",
    "cuda.set_per_process_memory_fraction(0.5)",
    "cuda.nvtx.range_push('a')",
    "cuda.nvtx.range_pop()",
    "cuda.nvtx.mark('a')",
    "cuda.nvtx.range('a').__enter__()",
    "torch.Generator('cuda')",
    "torch.Generator('cuda:0')",
    "torch.Generator().get_offset()",
    "torch.rand(2, device='cuda')",
    "torch.ones(2).cuda(non_blocking=True)",
    "torch.ones(2, pin_memory=False)",
    "torch.ones(2).is_pinned()",
    "torch.ones(2).to('cpu', non_blocking=True)",
    "torch.ones(2).copy_(torch.zeros(2), non_blocking=True)",
    "list(torch.utils.data.DataLoader(torch.arange(3.0), pin_memory=True))",
    "torch.nn.Linear(1, 1).to('cpu', non_blocking=True).in_features",
    "torch.autograd.profiler.profile(use_cuda=True).use_device",
    "torch.autograd.profiler.profile(use_device='cuda').use_device",
    *(
        f"torch.accelerator.{name}()"
        for name in (
            *("memory_allocated", "max_memory_allocated", "memory_reserved", "max_memory_reserved"),
            *("reset_peak_memory_stats", "empty_cache", "is_available", "device_count"),
            *("current_stream", "memory_stats", "get_memory_info", "reset_accumulated_memory_stats"),
        )
    ),
    "torch.accelerator.set_device_index(0)",
    "torch.accelerator.device_index(0).__enter__()",
    "torch.accelerator.device_index(None).__enter__()",
    "sorted(a.name for a in torch.profiler.profile(activities=[A.CPU, A.CUDA]).activities)",
    "torch.profiler.profile(use_cuda=True).use_device",
    "list(torch.profiler.profile(activities=[A.CUDA]).__enter__().stop() or [])",
]


def done(torch: Any, program: str) -> dict[str, Any]:
    """What it gives, as text, or what it raises; and the warnings."""
    names = {"torch": torch, "cuda": torch.cuda, "A": torch.profiler.ProfilerActivity}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            value = eval(program, names)
            result = {"gives": type(value).__name__ if " object at 0x" in repr(value) else repr(value)}
        except BaseException as error:
            result = {"raises": type(error).__name__, "message": str(error)}
    return {**result, "warns": [f"{w.category.__name__}: {w.message}" for w in told]}


if __name__ == "__main__":
    import torch

    recorded = {program: done(torch, program) for program in PROGRAMS}
    REFERENCES.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
