/** A menu of actions: a button that opens a list, arrows move in it. */
import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef } from "react";
import type { Action } from "../actions/action";
import { showKey } from "../actions/keys";
import { act } from "../actions/listen";
import { getState, type Overlay, update, useStore } from "../store";

interface Props {
  /** What is open while this menu is. */
  readonly overlay: NonNullable<Overlay>;
  readonly label: string;
  readonly actions: readonly Action[];
  readonly className: string;
  /** What the button shows. */
  readonly children: ReactNode;
  /** Controls above the actions. */
  readonly above?: ReactNode;
  /** What an action is called where the menu says the rest. */
  readonly name?: (action: Action) => string;
}

export function Menu({ overlay, label, actions, className, children, above, name }: Props) {
  const open = useStore((state) => state.overlay === overlay);
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
    <div className={`menu-place menu-place-${overlay}`}>
      <button
        type="button"
        ref={button}
        className={className}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={() => update({ overlay: open ? null : overlay })}
      >
        {children}
      </button>
      {open && (
        <div className="menu">
          {above && (
            // biome-ignore lint/a11y/noStaticElementInteractions: Esc closes from any control inside
            <div className="menu-settings" onKeyDown={(event) => event.key === "Escape" && close()}>
              {above}
            </div>
          )}
          <div role="menu" aria-label={label} ref={box} onKeyDown={onKeyDown} tabIndex={-1}>
            {actions.map((action) => {
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
                  {name?.(action) ?? action.label}
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
