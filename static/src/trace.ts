/** The recording as a Chrome trace, the format chrome://tracing and Perfetto open. */
import type * as wire from "./protocol.gen";

interface TraceEvent {
  readonly ph: "X" | "M" | "s" | "f";
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  /** Of an arrow: both its ends have it. */
  readonly id?: number;
  readonly bp?: "e";
  readonly args?: Readonly<Record<string, string | number>>;
}

export interface ChromeTrace {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly TraceEvent[];
  readonly otherData: Readonly<Record<string, string | number>>;
}

const BACKWARD = /(Backward\d*|AccumulateGrad|^backward)$/;

/** Whether a span belongs to the backward pass by its own name. */
export function isBackward(name: string): boolean {
  return BACKWARD.test(name);
}

/** A lane for each stream of the GPU, and an arrow to each kernel from the bar of what launched it. */
function gpuEvents(profile: wire.Profile): TraceEvent[] {
  const kernels = profile.kernels ?? [];
  if (kernels.length === 0) return [];
  const streams = [...new Set(kernels.map(([, , , stream]) => stream))];
  const names = streams.map(
    (tid): TraceEvent => ({ pid: 2, tid, ph: "M", name: "thread_name", args: { name: `Stream ${tid}` } }),
  );
  const bars = kernels.flatMap(([name, ts, dur, tid, launched], id): TraceEvent[] => {
    const arrow = { name: "ac2g", cat: "ac2g", id };
    return [
      { pid: 2, tid, ph: "X", name, cat: "kernel", ts, dur, args: { stream: tid } },
      { ...arrow, pid: 1, tid: 1, ph: "s", ts: launched },
      { ...arrow, pid: 2, tid, ph: "f", ts, bp: "e" },
    ];
  });
  return [{ pid: 2, tid: 0, ph: "M", name: "process_name", args: { name: "GPU" } }, ...names, ...bars];
}

export function chromeTrace(profile: wire.Profile, title: string): ChromeTrace {
  const base = { pid: 1, tid: 1 };
  const names: TraceEvent[] = [
    { ...base, ph: "M", name: "process_name", args: { name: title || "Autograd playground" } },
    { ...base, ph: "M", name: "thread_name", args: { name: "Program" } },
  ];
  const spans = profile.spans.map(([name, start, duration, _depth, line, node]): TraceEvent => {
    const args: Record<string, number> = {};
    if (line > 0) args.line = line;
    if (node >= 0) args.node = node;
    return {
      ...base,
      ph: "X",
      name,
      cat: isBackward(name) ? "backward" : "cpu_op",
      ts: start,
      dur: duration,
      args,
    };
  });
  return {
    displayTimeUnit: "ms",
    traceEvents: [...names, ...spans, ...gpuEvents(profile)],
    otherData: {
      spans_omitted: profile.spans_omitted,
      recording_overhead_us: profile.overhead_us,
      explaining_us: profile.explaining_us,
    },
  };
}
