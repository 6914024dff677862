/** What a program runs with: seed and device. In the bar, or on a phone in the menu. */
import { boot } from "../boot";
import { edit } from "../program";
import type * as wire from "../protocol.gen";
import { update, useStore } from "../store";

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
  const { cuda } = boot.devices;
  const choose = (to: wire.Device) => {
    if (to === "cuda" && !cuda.available) update({ toast: cuda.reason });
    else edit({ device: to });
  };
  return (
    <fieldset className="segments device">
      <legend className="unseen">Device</legend>
      {(["cpu", "cuda"] as const).map((one) => {
        const off = one === "cuda" && !cuda.available;
        return (
          <button
            type="button"
            key={one}
            className="segment"
            aria-pressed={device === one}
            aria-disabled={off}
            data-tip={off ? cuda.reason : undefined}
            aria-description={off ? cuda.reason : undefined}
            onClick={() => choose(one)}
          >
            {one === "cpu" ? "CPU" : "GPU"}
          </button>
        );
      })}
    </fieldset>
  );
}
