/** The menu of every action: a button that opens a list, arrows move in it. On a phone it has the settings too. */
import { type KeyboardEvent, useLayoutEffect, useRef } from "react";
import { actions } from "../actions";
import { clear } from "../actions/clear";
import { showKey } from "../actions/keys";
import { act } from "../actions/listen";
import { getState, update, useStore } from "../store";
import { Icon } from "./icons";
import { DeviceSwitch, Seed } from "./settings";

export function Menu() {
  const open = useStore((state) => state.overlay === "menu");
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    const away = (event: PointerEvent) => {
      if (!box.current?.closest(".menu-place")?.contains(event.target as Node)) update({ overlay: null });
    };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  const close = () => {
    update({ overlay: null });
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") close();
    if (event.key === "Escape" || to !== undefined) event.preventDefault();
    if (to !== undefined) items[(to + items.length) % items.length]?.focus();
  };
  return (
    <div className="menu-place">
      <button
        type="button"
        ref={button}
        className="quiet square"
        aria-label="Menu"
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => update({ overlay: open ? null : "menu" })}
      >
        <Icon name="more" />
      </button>
      {open && (
        <div className="menu">
          {/* biome-ignore lint/a11y/noStaticElementInteractions: Esc closes from any control inside */}
          <div className="menu-settings" onKeyDown={(event) => event.key === "Escape" && close()}>
            <DeviceSwitch />
            <Seed />
          </div>
          <div role="menu" aria-label="Actions" ref={box} onKeyDown={onKeyDown} tabIndex={-1}>
            {actions
              .filter((action) => action !== clear)
              .map((action) => {
                const blocked = action.blocked?.(getState());
                return (
                  <button
                    type="button"
                    role="menuitem"
                    key={action.name}
                    tabIndex={-1}
                    aria-disabled={Boolean(blocked)}
                    title={blocked || undefined}
                    onClick={() => {
                      close();
                      act(action, getState());
                    }}
                  >
                    {action.label}
                    <kbd>{showKey(action.key)}</kbd>
                  </button>
                );
              })}
          </div>
        </div>
      )}
    </div>
  );
}
