/** What can be added, by type: `palette.gen.json` as the edits use it. */

export interface Parameter {
  readonly name: string;
  /** A tensor that a wire can bring. */
  readonly wire?: boolean;
  readonly required?: boolean;
  /** As it would be written. */
  readonly default?: string;
  /** What a block that was just dropped has here. */
  readonly fresh?: string;
  readonly place?: "call" | "definition";
  /** Any number of tensors, which are the arguments `0`, `1`, ... of the block. */
  readonly list?: boolean;
  /** Any number of numbers, which are one argument: `2, 3`. */
  readonly many?: boolean;
  readonly keyword?: boolean;
  /** A list in brackets. */
  readonly brackets?: boolean;
  readonly choices?: readonly string[];
  readonly doc?: string;
}

export interface Entry {
  readonly type: string;
  readonly kind: string;
  readonly section?: string;
  readonly title?: string;
  readonly doc?: string;
  readonly parameters?: readonly Parameter[];
  /** Names of the values; empty for the one value of most. */
  readonly outputs?: readonly string[];
  /** Of an operator. */
  readonly symbol?: string;
  /** Of a method: written without brackets. */
  readonly attribute?: boolean;
}

export type Palette = ReadonlyMap<string, Entry>;

export function asPalette(entries: readonly Entry[]): Palette {
  return new Map(entries.map((entry) => [entry.type, entry]));
}

export function parameter(entry: Entry | undefined, name: string, place?: string): Parameter | undefined {
  const own = (entry?.parameters ?? []).filter((one) => !place || (one.place ?? "call") === place);
  return (
    own.find((one) => one.name === name) ?? (/^\d+$/.test(name) ? own.find((one) => one.list) : undefined)
  );
}

/** Whether a block of this type is made first and called then: two statements. */
export function isMade(type: string): boolean {
  return type.startsWith("optim.") || (/^nn\.\w+$/.test(type) && type !== "nn.Parameter");
}
