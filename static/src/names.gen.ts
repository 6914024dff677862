export type Kind = "class" | "constant" | "function" | "method" | "module" | "property";
export type Entry = readonly [name: string, kind: Kind, signature: string, doc: string];
export type NameTable = Readonly<Record<string, readonly Entry[]>>;
export const NAMES: NameTable = {"torch":[["sin","function","(input)","Sine."]],"torch.Tensor":[["sum","method","()","Sum."]]};
