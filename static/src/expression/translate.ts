/**
 * Between what a person writes in the bar and PyTorch: `softmax(W @ x)` is `torch.softmax(W @ x, dim=-1)`. `toCode` writes
 * PyTorch and says what is not understood and where; `toShown` takes from PyTorch what `toCode` would put back.
 */
import { argumentsOf, childrenOf, dotted, isVariable, nearest, parse, type SyntaxNode, walk } from "./syntax";

/** Functions by their short name: `sin` -> `torch.sin`, `mse_loss` -> `torch.nn.functional.mse_loss`. */
export type Functions = ReadonlyMap<string, string>;

const FUNCTIONAL = "torch.nn.functional";
/** What one may write for a function of PyTorch. */
const ALIASES: Readonly<Record<string, string>> = { ln: "log", inv: "inverse", mod: "remainder", tg: "tan" };
const CONSTANTS: readonly string[] = ["pi", "e", "inf"];
/** Their dimension must be said in PyTorch; in the bar it is the last one. */
const ALONG_LAST = new Set([
  "softmax",
  "log_softmax",
  "softmin",
  "cumsum",
  "cumprod",
  "logcumsumexp",
  "logsumexp",
]);
/** Words that nobody means as the name of a number. */
const MATHS = new Set(
  "sin cos tan sinh cosh tanh exp log ln sqrt abs relu gelu sigmoid softmax softplus silu sum mean prod norm max min".split(
    " ",
  ),
);

/** The functions, from the table of the engine's names. */
export function functionsOf(names: Readonly<Record<string, readonly (readonly string[])[]>>): Functions {
  const found = new Map<string, string>();
  for (const [owner, prefix] of [
    [FUNCTIONAL, `${FUNCTIONAL}.`],
    ["torch", "torch."],
  ] as const)
    for (const [name = "", kind] of names[owner] ?? [])
      if (kind === "function" && !name.endsWith("_")) found.set(name, prefix + name);
  for (const [alias, name] of Object.entries(ALIASES)) {
    const meant = found.get(name);
    if (meant && !found.has(alias)) found.set(alias, meant);
  }
  return found;
}

/** What is known around an expression. */
export interface Around {
  readonly functions: Functions;
  readonly imports: ReadonlyMap<string, string>;
  /** Names that the program gives to something. */
  readonly bound: ReadonlySet<string>;
}

/** A mistake, under a character of what was written. */
export interface Mistake {
  readonly from: number;
  readonly to: number;
  readonly message: string;
  /** What could stand there instead. */
  readonly instead?: string;
}

export interface FreeName {
  readonly name: string;
  /** Where it ends in what was written. */
  readonly to: number;
}

export interface Code {
  /** What the expression is called; empty if it was not named. */
  readonly target: string;
  /** In PyTorch. */
  readonly code: string;
  /** Names that nothing has been given to. */
  readonly free: readonly FreeName[];
  /** Names in it that the program binds. */
  readonly uses: readonly string[];
  /** What should be said although it was understood; or empty. */
  readonly note: string;
}

const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/\*\*/y, "**"],
  [/\^/y, "**"],
  [/²/y, "**2"],
  [/³/y, "**3"],
  [/[×·⋅]/y, "*"],
  [/÷/y, "/"],
  [/[−–]/y, "-"],
  [/π/y, "pi"],
];

/** The same in Python's signs, and for each of its characters where it was written. */
function plainSigns(shown: string): { text: string; places: number[]; note: string } {
  let text = "";
  let note = "";
  const places: number[] = [];
  for (let i = 0; i < shown.length; ) {
    const sign = SIGNS.find(([pattern]) => {
      pattern.lastIndex = i;
      return pattern.test(shown);
    });
    const put = sign?.[1] ?? (shown[i] as string);
    if (shown[i] === "^") note = "Powers are written ** in Python; ^ was taken for that.";
    for (let k = 0; k < put.length; k++) places.push(i);
    text += put;
    i += sign ? (sign[1] === "**" && shown[i] === "*" ? 2 : 1) : 1;
  }
  places.push(shown.length);
  return { text, places, note };
}

/** What was written, as PyTorch; or what is wrong with it. */
export function toCode(shown: string, around: Around): Code | { mistake: Mistake } {
  const { text, places, note } = plainSigns(shown);
  const from = (at: number) => places[Math.min(at, text.length)] ?? shown.length;
  const wrong = (at: number, to: number, message: string, instead?: string) => ({
    mistake: { from: from(at), to: Math.max(from(at) + 1, from(to)), message, ...(instead && { instead }) },
  });
  if (/[\n;#]/.test(text)) {
    const at = text.search(/[\n;#]/);
    return wrong(at, at + 1, "One line is one expression. Write the next one on a line of its own.");
  }
  if (!text.trim()) return wrong(0, 1, "Write an expression, for example sin(a) * 2 + 1.");
  const top = parse(text).topNode;
  const problem = syntaxProblem(top, text);
  if (problem) return wrong(problem.from, problem.to, problem.message);
  const statement = top.firstChild as SyntaxNode;
  if (statement.nextSibling) {
    const at = statement.nextSibling.from;
    return wrong(at, at + 1, "An operator such as * or + is missing here.");
  }
  const named = namedBy(statement, text);
  if ("message" in named) return wrong(named.from, named.to, named.message);
  const { target, value } = named;
  const edits: { at: number; to: number; put: string }[] = [];
  const free = new Map<string, FreeName>();
  const uses = new Set<string>();
  let bad: ReturnType<typeof wrong> | null = null;
  walk(value, (node) => {
    if (bad) return;
    if (
      node.name === "BinaryExpression" &&
      node.getChild("BitOp") &&
      text.slice(node.from, node.to).includes("^")
    )
      return;
    if (!isVariable(node)) return;
    const name = text.slice(node.from, node.to);
    const { parent } = node;
    if (around.bound.has(name)) {
      uses.add(name);
      return;
    }
    if (parent?.name === "CallExpression" && parent.firstChild?.from === node.from) {
      const meant = around.functions.get(name);
      if (!meant) {
        const near = nearest(name, [...around.functions.keys(), ...around.bound]);
        const hint = near ? `Did you mean ${near}?` : `A product is written ${name} * (…).`;
        bad = wrong(node.from, node.to, `There is no function ${name}. ${hint}`, near);
        return;
      }
      edits.push({ at: node.from, to: node.to, put: spelled(meant, around.imports) });
      if (ALONG_LAST.has(name)) along(parent, text, edits);
      return;
    }
    if (around.imports.has(name)) {
      bad = unknownMember(node, name);
      return;
    }
    if (parent?.name === "MemberExpression" && parent.firstChild?.from === node.from && name === "torch") {
      bad = unknownMember(node, "torch");
      return;
    }
    if (CONSTANTS.includes(name))
      edits.push({ at: node.from, to: node.to, put: spelled(`torch.${name}`, around.imports) });
    else if (MATHS.has(name)) bad = wrong(node.from, node.to, `${name} is a function: write ${name}(x).`);
    else if (name !== target) {
      const near = name.length > 3 ? nearest(name, around.bound) : "";
      if (near && near.length > 3 && !free.has(name) && close(name, near)) {
        bad = wrong(node.from, node.to, `There is no ${name}. Did you mean ${near}?`, near);
      } else if (!free.has(name)) free.set(name, { name, to: from(node.to) });
    } else bad = wrong(node.from, node.to, `${name} is what this line defines, so it cannot need itself.`);
  });
  if (bad) return bad;

  function unknownMember(node: SyntaxNode, name: string) {
    const owner = around.imports.get(name) ?? name;
    const property = node.parent?.getChild("PropertyName");
    if (node.parent?.name !== "MemberExpression" || !property || owner !== "torch") return null;
    const member = text.slice(property.from, property.to);
    if (node.parent.parent?.name !== "CallExpression" || around.functions.has(member) || member.endsWith("_"))
      return null;
    const near = nearest(member, around.functions.keys());
    // Modules and classes are no functions; only what looks like a slip is one.
    return near
      ? wrong(property.from, property.to, `PyTorch has no ${member}. Did you mean ${near}?`, near)
      : null;
  }

  const end = text.slice(0, value.to).length + (text[value.to] === "." ? 1 : 0);
  let code = text.slice(value.from, end);
  for (const { at, to, put } of edits.sort((a, b) => b.at - a.at || b.to - a.to))
    code = code.slice(0, at - value.from) + put + code.slice(to - value.from);
  return { target, code: code.trim(), free: [...free.values()], uses: [...uses], note };
}

/** One slip of the hand apart, in words long enough for it to be one. */
function close(a: string, b: string): boolean {
  return nearest(a, [b]) === b && Math.abs(a.length - b.length) <= 1 && a[0] === b[0];
}

function namedBy(
  statement: SyntaxNode,
  text: string,
): { target: string; value: SyntaxNode } | { from: number; to: number; message: string } {
  const { from, to } = statement;
  if (statement.name === "ExpressionStatement" && statement.firstChild)
    return { target: "", value: statement.firstChild };
  if (statement.name !== "AssignStatement")
    return {
      from,
      to,
      message: "Only expressions and name = expression can stand here. Write other code in Code.",
    };
  const [target, assign, value, more] = childrenOf(statement);
  if (target?.name !== "VariableName" || assign?.name !== "AssignOp" || !value || more)
    return { from, to, message: "Write one name, =, and an expression: y = sin(a)." };
  return { target: text.slice(target.from, target.to), value };
}

/** How the program writes a function of PyTorch: `F.gelu` where it says `import torch.nn.functional as F`. */
function spelled(full: string, imports: ReadonlyMap<string, string>): string {
  const dot = full.lastIndexOf(".");
  const owner = full.slice(0, dot);
  for (const [name, of] of imports) if (of === owner) return `${name}${full.slice(dot)}`;
  for (const [name, of] of imports) if (of === "torch") return full.replace(/^torch/, name);
  return full;
}

/** `dim=-1` where no dimension was given. */
function along(call: SyntaxNode, text: string, edits: { at: number; to: number; put: string }[]): void {
  const given = argumentsOf(call, text);
  const list = call.getChild("ArgList");
  if (given?.length === 1 && !given[0]?.name && list)
    edits.push({ at: list.to - 1, to: list.to - 1, put: ", dim=-1" });
}

/** The first thing that is no Python, in a person's words. */
function syntaxProblem(top: SyntaxNode, text: string): { from: number; to: number; message: string } | null {
  const open: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if ("([{".includes(char)) open.push(i);
    else if (")]}".includes(char)) {
      const at = open.pop();
      if (at === undefined)
        return { from: i, to: i + 1, message: `Nothing is open that this ${char} could close.` };
      const right = { "(": ")", "[": "]", "{": "}" }[text[at] as string] as string;
      if (right !== char)
        return { from: i, to: i + 1, message: `Here ${right} was expected, for the ${text[at]} before it.` };
    }
  }
  const at = open.pop();
  if (at !== undefined) return { from: at, to: at + 1, message: `This ${text[at]} is not closed.` };
  const product = /(?<![\w.])\d+\.?\d*\s*(?=[A-Za-z_(])(?![eE][+-]?\d|[jJ]\b)/.exec(text);
  if (product) {
    const from = product.index + product[0].length;
    return {
      from,
      to: from + 1,
      message: `A product needs its sign: ${product[0].trim()} * ${word(text, from)}.`,
    };
  }
  const odd = /[^\w\s.,()[\]{}+\-*/%@=<>!&|~:^'"]/.exec(text);
  if (odd) return { from: odd.index, to: odd.index + 1, message: `${odd[0]} has no meaning here.` };
  let error: SyntaxNode | null = null;
  walk(top, (node) => {
    if (!error && node.type.isError) error = node;
  });
  if (!error) return null;
  const found: SyntaxNode = error;
  const before = text.slice(0, found.from).trimEnd();
  const sign = /(\*\*|\/\/|==|[-+*/%@=<>,])$/.exec(before)?.[1];
  const after = text.slice(found.from).trimStart();
  if (sign && (found.from === found.to || /^[-+*/%@=)]/.test(after))) {
    const place = before.length - sign.length;
    return { from: place, to: before.length, message: `Something is missing after ${sign}.` };
  }
  if (/^[\w.]/.test(after) && /[\w)\]]$/.test(before))
    return { from: found.from, to: found.from + 1, message: "An operator such as * or + is missing here." };
  return { from: found.from, to: Math.max(found.to, found.from + 1), message: "This is not understood." };
}

function word(text: string, from: number): string {
  return /^\w+/.exec(text.slice(from))?.[0] ?? "(…)";
}

// --- Shown ---------------------------------------------------------------------------------------------------------------

/** An expression of the program, shorter: what is taken away `toCode` would put back. */
export function toShown(
  code: string,
  around: Omit<Around, "bound"> & { bound: ReadonlySet<string> },
): string {
  const edits: { at: number; to: number; put: string }[] = [];
  const shadowed = (name: string) => around.bound.has(name) || around.imports.has(name);
  walk(parse(code).topNode, (node) => {
    if (node.name !== "MemberExpression") return;
    const path = dotted(node, code);
    const [head = "", ...rest] = path.split(".");
    const full = [around.imports.get(head), ...rest].join(".");
    const name = rest.at(-1) ?? "";
    const called = node.parent?.name === "CallExpression" && node.parent.firstChild?.from === node.from;
    if (!path || node.parent?.name === "MemberExpression" || shadowed(name)) return;
    if (!called) {
      if (CONSTANTS.includes(name) && /^(torch|math)\.\w+$/.test(full))
        edits.push({ at: node.from, to: node.to, put: name });
      return;
    }
    const owner = full.slice(0, full.lastIndexOf("."));
    if ((owner !== "torch" && owner !== FUNCTIONAL) || !around.functions.has(name)) return;
    edits.push({ at: node.from, to: node.to, put: name });
    const list = ALONG_LAST.has(name) && node.parent ? node.parent.getChild("ArgList") : null;
    const tail = list && /,\s*dim\s*=\s*-1\s*\)$/.exec(code.slice(list.from, list.to));
    const given = node.parent && argumentsOf(node.parent, code);
    if (list && tail && given?.length === 2)
      edits.push({ at: list.to - tail[0].length, to: list.to - 1, put: "" });
  });
  let shown = code;
  for (const { at, to, put } of edits.sort((a, b) => b.at - a.at))
    shown = shown.slice(0, at) + put + shown.slice(to);
  // A line that goes over several is one in the bar; within brackets a line's end is a blank.
  return shown.replace(/\s*\\?\n\s*/g, " ");
}
