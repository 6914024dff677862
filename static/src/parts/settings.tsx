/** What a program runs with: seed and device. In the bar, or on a phone in the menu. */
import { useEffect, useId, useRef, useState } from "react";
import { edit } from "../program";
import { useStore } from "../store";

const MAX_SEED = Number.MAX_SAFE_INTEGER;

export function Seed() {
  const seed = useStore((state) => state.draft.seed);
  return (
    <label className="seed">
      seed
      <input
        className="number"
        inputMode="numeric"
        value={seed}
        size={Math.max(2, String(seed).length)}
        onChange={(event) => {
          const next = Number(event.target.value.replace(/\D/g, ""));
          if (next <= MAX_SEED) edit({ seed: next });
        }}
      />
    </label>
  );
}

export function DeviceSwitch() {
  const device = useStore((state) => state.draft.device);
  const noGpu = useStore((state) => state.noGpu);
  return (
    <fieldset className="segments device">
      <legend className="unseen">Device</legend>
      <Choice chosen={device === "cpu"} choose={() => edit({ device: "cpu" })} why="">
        CPU
      </Choice>
      <Choice chosen={device === "cuda"} choose={() => edit({ device: "cuda" })} why={noGpu}>
        GPU
      </Choice>
    </fieldset>
  );
}

interface ChoiceProps {
  readonly chosen: boolean;
  readonly choose: () => void;
  /** Why it cannot be chosen; empty if it can. */
  readonly why: string;
  readonly children: string;
}

/** The reason is shown to a mouse, to a finger that taps and to the keyboard; Esc or a tap elsewhere hides it. */
function Choice({ chosen, choose, why, children }: ChoiceProps) {
  const [told, tell] = useState(false);
  const tip = useId();
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (!told) return;
    const away = (event: PointerEvent) => {
      if (!place.current?.contains(event.target as Node)) tell(false);
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [told]);
  return (
    <span
      ref={place}
      className="tipped"
      onPointerEnter={(event) => event.pointerType === "mouse" && tell(true)}
      onPointerLeave={(event) => event.pointerType === "mouse" && tell(false)}
    >
      <button
        type="button"
        className="segment"
        aria-pressed={chosen}
        aria-disabled={why !== ""}
        aria-describedby={why ? tip : undefined}
        onClick={() => (why ? tell(true) : choose())}
        onFocus={() => tell(true)}
        onBlur={() => tell(false)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || !why || !told) return;
          event.stopPropagation();
          tell(false);
        }}
      >
        {children}
      </button>
      {why && (
        <span role="tooltip" id={tip} className="tip" hidden={!told}>
          {why}
        </span>
      )}
    </span>
  );
}
