/** The recording as a Chrome trace, the format chrome://tracing and Perfetto open. */
import type * as wire from "./protocol.gen";

interface TraceEvent {
  readonly ph: "X" | "M";
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly args: Readonly<Record<string, string | number>>;
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
    traceEvents: [...names, ...spans],
    otherData: {
      spans_omitted: profile.spans_omitted,
      recording_overhead_us: profile.overhead_us,
      explaining_us: profile.explaining_us,
    },
  };
}
