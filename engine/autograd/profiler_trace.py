"""A profile as a Chrome trace: the JSON that Perfetto, chrome://tracing and TensorBoard's plugin open.

Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU, with the fields PyTorch's
traces have.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine import cuda

if TYPE_CHECKING:
    from engine.autograd.profiler_events import FunctionEvent


def chrome_trace(events: Sequence[FunctionEvent], **facts: Any) -> dict[str, Any]:
    """The events as complete events (``ph`` X, microseconds), an instant for each change of memory, and an arrow
    (``fwdbwd``) from each operation to its backward node. A device has a process of its own and a lane for each
    stream, with an arrow (``ac2g``) from what launched each kernel. `facts` are added at the top level."""
    pid = os.getpid()
    at = {"pid": pid, "tid": pid}
    items: list[dict[str, Any]] = [
        {"ph": "M", "name": "process_name", "ts": 0.0, "pid": pid, "tid": 0, "args": {"name": "python"}},
        {"ph": "M", "name": "process_labels", "ts": 0.0, "pid": pid, "tid": 0, "args": {"labels": "CPU"}},
        {
            "ph": "M",
            "name": "process_sort_index",
            "ts": 0.0,
            "pid": pid,
            "tid": 0,
            "args": {"sort_index": pid},
        },
        {"ph": "M", "name": "thread_name", "ts": 0.0, **at, "args": {"name": f"thread {pid} (python)"}},
    ]
    allocated = 0
    makers: dict[int, FunctionEvent] = {}
    arrows: list[tuple[FunctionEvent, FunctionEvent]] = []
    for e in events:
        if e.name != "[memory]":
            items.append(
                {
                    "ph": "X",
                    "cat": "user_annotation" if e.is_user_annotation else "cpu_op",
                    "name": e.name,
                    **at,
                    "ts": round(e.time_range.start, 3),
                    "dur": round(e.cpu_time_total, 3),
                    "args": _arguments(e),
                }
            )
        if e.self_cpu_memory_usage:
            allocated += e.self_cpu_memory_usage
            memory = {
                "Total Allocated": allocated,
                "Bytes": e.self_cpu_memory_usage,
                "Device Type": 0,
                "Device Id": -1,
            }
            when = round(e.time_range.end, 3)
            items.append(
                {
                    "ph": "i",
                    "cat": "cpu_instant_event",
                    "s": "t",
                    "name": "[memory]",
                    **at,
                    "ts": when,
                    "args": memory,
                }
            )
        if e.sequence_nr >= 0:
            if e.name.startswith("autograd::"):
                continue
            if "Backward" in e.name:
                maker = makers.get(e.sequence_nr)
                if maker is not None:
                    arrows.append((maker, e))
            else:
                makers[e.sequence_nr] = e
    for number, (maker, node) in enumerate(arrows, 1):
        arrow = {"id": number, **at, "cat": "fwdbwd", "name": "fwdbwd"}
        items.append({"ph": "s", **arrow, "ts": round(maker.time_range.start, 3)})
        items.append({"ph": "f", **arrow, "ts": round(node.time_range.start, 3), "bp": "e"})
    lanes, devices = _device_lanes(events, at)
    items += lanes
    end = max((e.time_range.end for e in events), default=0.0)
    items.append(
        {"ph": "i", "s": "g", "name": "Record Window End", "pid": "", "tid": "", "ts": round(end, 3)}
    )
    return {
        "schemaVersion": 1,
        "deviceProperties": devices,
        **facts,
        "host_name": socket.gethostname(),
        "displayTimeUnit": "ms",
        "traceEvents": items,
    }


def _device_lanes(
    events: Sequence[FunctionEvent], at: dict[str, int]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The bars, arrows and names of devices, and what the devices are."""
    items: list[dict[str, Any]] = []
    lanes: set[tuple[int, int]] = set()
    number = 0
    for e in events:
        for kernel in e.kernels:
            number += 1
            lanes.add((kernel.device, kernel.stream))
            lane = {"pid": kernel.device, "tid": kernel.stream}
            arrow = {"id": number, "cat": "ac2g", "name": "ac2g"}
            begin = round(kernel.start, 3)
            items += [
                {
                    "ph": "X",
                    "cat": "kernel",
                    "name": kernel.name,
                    **lane,
                    "ts": begin,
                    "dur": round(kernel.duration, 3),
                    "args": {
                        "External id": e.id + 1,
                        "device": kernel.device,
                        "stream": kernel.stream,
                        "correlation": number,
                    },
                },
                {"ph": "s", **arrow, **at, "ts": round(e.time_range.start, 3)},
                {"ph": "f", **arrow, **lane, "ts": begin, "bp": "e"},
            ]
    names: list[tuple[str, int, int, dict[str, Any]]] = []
    used = sorted({device for device, _ in lanes})
    for device in used:
        names += [
            ("process_name", device, 0, {"name": "python"}),
            ("process_labels", device, 0, {"labels": f"GPU {device}"}),
            ("process_sort_index", device, 0, {"sort_index": 5_000_000 + device}),
        ]
    for device, stream in sorted(lanes):
        names += [
            ("thread_name", device, stream, {"name": f"stream {stream} "}),
            ("thread_sort_index", device, stream, {"sort_index": stream}),
        ]
    items += [
        {"ph": "M", "name": name, "ts": 0.0, "pid": pid, "tid": tid, "args": args}
        for name, pid, tid, args in names
    ]
    return items, [_device(k) for k in used]


def _device(index: int) -> dict[str, Any]:
    is_one = cuda.get_device_properties(index) if cuda.is_available() else None
    if is_one is None:  # a timeline of another machine
        return {"id": index}
    return {
        "id": index,
        "name": is_one.name,
        "totalGlobalMem": is_one.total_memory,
        "computeMajor": is_one.major,
        "computeMinor": is_one.minor,
        "maxThreadsPerBlock": is_one.max_threads_per_block,
        "maxThreadsPerMultiprocessor": is_one.max_threads_per_multi_processor,
        "regsPerMultiprocessor": is_one.regs_per_multiprocessor,
        "warpSize": is_one.warp_size,
        "sharedMemPerBlock": is_one.shared_memory_per_block,
        "sharedMemPerMultiprocessor": is_one.shared_memory_per_multiprocessor,
        "numSms": is_one.multi_processor_count,
    }


def _arguments(e: FunctionEvent) -> dict[str, Any]:
    args: dict[str, Any] = {"External id": e.id + 1, "Record function id": 0, "Ev Idx": e.id}
    if e.input_shapes:
        args["Input Dims"] = e.input_shapes
    if e.sequence_nr >= 0:
        args["Sequence number"] = e.sequence_nr
        args["Fwd thread id"] = int("Backward" in e.name)
    if e.stack:
        args["Call stack"] = ";".join(e.stack)
    return args


def write_trace(path: str, events: Sequence[FunctionEvent], **facts: Any) -> None:
    """Write `chrome_trace` to `path`; compressed if that ends in ``.gz``."""
    text = json.dumps(chrome_trace(events, **facts))
    if path.endswith(".gz"):
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.write(text)
    else:
        with open(path, "w", encoding="utf-8") as plain:
            plain.write(text)
