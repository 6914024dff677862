/** A row of tabs: one stop for Tab, arrows move, as the ARIA pattern has it. */
import { type KeyboardEvent, useRef } from "react";
import { Icon, type IconName } from "./icons";

export interface Tab<T extends string> {
  readonly id: T;
  readonly label: string;
  readonly icon?: IconName;
  /** Read out after the label: an error inside, how much there is. */
  readonly mark?: "error" | undefined;
}

interface Props<T extends string> {
  readonly label: string;
  readonly tabs: readonly Tab<T>[];
  readonly current: T;
  readonly onPick: (id: T) => void;
  /** The id of the element a tab shows. */
  readonly controls: (id: T) => string;
  readonly className?: string;
}

export function Tabs<T extends string>({
  label,
  tabs,
  current,
  onPick,
  controls,
  className = "tabs",
}: Props<T>) {
  const list = useRef<HTMLDivElement>(null);
  const go = (index: number) => {
    const tab = tabs[(index + tabs.length) % tabs.length];
    if (!tab) return;
    onPick(tab.id);
    list.current?.querySelector<HTMLElement>(`[data-tab="${tab.id}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = tabs.findIndex((tab) => tab.id === current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  };
  return (
    <div className={className} role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          type="button"
          key={tab.id}
          role="tab"
          className="tab"
          data-tab={tab.id}
          id={`tab-${controls(tab.id)}`}
          aria-selected={tab.id === current}
          aria-controls={controls(tab.id)}
          tabIndex={tab.id === current ? 0 : -1}
          onClick={() => onPick(tab.id)}
        >
          {tab.icon && <Icon name={tab.icon} />}
          {tab.label}
          {tab.mark === "error" && (
            <span className="tab-error">
              <span className="unseen"> (has errors)</span>
            </span>
          )}
        </button>
      ))}
    </div>
  );
}
