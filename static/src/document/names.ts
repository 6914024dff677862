/** Names: which are free, which may be given, and what a block's value is called where nobody has said. */

const KEYWORDS = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from " +
    "global if import in is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);

/** Functions of Python's that programs here use: a variable of that name would hide them. */
export const BUILTINS = new Set(
  (
    "abs all any bool bytes callable chr complex dict dir divmod enumerate eval filter float format getattr hash " +
    "help hex id input int isinstance iter len list locals map max min next object open ord pow print property range " +
    "repr reversed round set setattr slice sorted str sum super tuple type vars zip"
  ).split(" "),
);

/** Values whose operation's own name is taken by Python, or says little. */
const VALUE_NAMES: Readonly<Record<string, string>> = {
  "operator.add": "total",
  "operator.sub": "difference",
  "operator.mul": "product",
  "operator.truediv": "ratio",
  "operator.matmul": "product",
  "operator.pow": "power",
  "operator.neg": "negative",
  "operator.getitem": "part",
  "torch.abs": "size",
  "torch.sum": "total",
  "torch.max": "largest",
  "torch.min": "smallest",
  "torch.all": "every",
  "torch.any": "some",
  "torch.pow": "power",
  "torch.round": "rounded",
  "torch.tensor": "x",
  "nn.Sequential": "net",
};

export function isName(name: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name);
}

/** Why a name cannot be given, in plain words, or "". `taken` has the names of the scope, `imports` what they stand for. */
export function whyNot(
  name: string,
  taken: ReadonlySet<string>,
  imports: Readonly<Record<string, string>>,
): string {
  if (!name) return "A name is needed.";
  if (!isName(name)) {
    return `“${name}” cannot be a name: letters, digits and _ are allowed, and a digit cannot come first.`;
  }
  if (KEYWORDS.has(name)) return `“${name}” is a word of Python's own; choose another name.`;
  if (name in imports)
    return `“${name}” is already the name of an import (${imports[name]}); choose another name.`;
  if (BUILTINS.has(name)) return `“${name}” is a function of Python's own; choose another name.`;
  if (taken.has(name)) return `There is already something called “${name}”; choose another name.`;
  return "";
}

/** `name`, or `name_2`, `name_3`, ... if it is taken. */
export function free(name: string, taken: ReadonlySet<string>): string {
  const base =
    KEYWORDS.has(name) || BUILTINS.has(name) || !isName(name) ? `${name.replace(/\W/g, "")}_` : name;
  if (!taken.has(base)) return base;
  const stem = base.replace(/_\d+$/, "");
  for (let count = 2; ; count++) {
    const next = `${stem}_${count}`;
    if (!taken.has(next)) return next;
  }
}

/** `BatchNorm1d` -> `batch_norm1d`, `Conv2d` -> `conv2d`, `MLP` -> `mlp`. */
export function snake(name: string): string {
  return name
    .replace(/([A-Z])e(LU)/, "$1E$2")
    .replace(/SiLU/, "SILU")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

/** What the value of a block of this type is called. */
export function valueName(type: string, kind: string): string {
  const named = VALUE_NAMES[type];
  if (named && kind !== "layer") return named;
  if (kind === "layer" || kind === "module") return "h";
  if (kind === "loss") return "loss";
  if (kind === "input") return "x";
  if (kind === "optimizer") return "optimizer";
  const last = snake(type.slice(type.lastIndexOf(".") + 1)).replace(/_+$/, "");
  return BUILTINS.has(last) || KEYWORDS.has(last) || !isName(last) ? "y" : last;
}

/** What the layer, loss or optimizer itself is called. */
export function objectName(type: string, kind: string): string {
  if (kind === "loss") return "criterion";
  if (kind === "optimizer") return "optimizer";
  if (type === "nn.Sequential" || kind === "module") return "net";
  return snake(type.slice(type.lastIndexOf(".") + 1));
}
