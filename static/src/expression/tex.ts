/** An expression as a person would write it on paper, in TeX, from its text alone. */
import { argumentsOf, childrenOf, parse, type SyntaxNode } from "./syntax";

const GREEK = new Set(
  "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau phi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega pi".split(
    " ",
  ),
);
const FUNCTIONS: Readonly<Record<string, string>> = {
  sin: "\\sin",
  cos: "\\cos",
  tan: "\\tan",
  sinh: "\\sinh",
  cosh: "\\cosh",
  tanh: "\\tanh",
  asin: "\\arcsin",
  acos: "\\arccos",
  atan: "\\arctan",
  log: "\\ln",
  log2: "\\log_2",
  log10: "\\log_{10}",
  max: "\\max",
  min: "\\min",
  maximum: "\\max",
  minimum: "\\min",
  det: "\\det",
  sigmoid: "\\sigma",
  relu: "\\operatorname{ReLU}",
};
/** What is written around one argument. */
const AROUND: Readonly<Record<string, readonly [string, string]>> = {
  sqrt: ["\\sqrt{", "}"],
  exp: ["e^{", "}"],
  abs: ["\\left|", "\\right|"],
  norm: ["\\left\\lVert ", "\\right\\rVert"],
  floor: ["\\left\\lfloor ", "\\right\\rfloor"],
  ceil: ["\\left\\lceil ", "\\right\\rceil"],
  inverse: ["{", "}^{-1}"],
  square: ["{", "}^{2}"],
  reciprocal: ["\\frac{1}{", "}"],
};

/** How tightly something holds together: a sum 1, a product 2, a sign 3, a power 4, and what needs no brackets 5. */
interface Tex {
  readonly tex: string;
  readonly hold: number;
  readonly number?: boolean;
}

const atom = (tex: string): Tex => ({ tex, hold: 5 });

export function nameTex(name: string): string {
  if (name.endsWith("[0]")) return `{${nameTex(name.slice(0, -3))}}_{0}`;
  const [, head = name, index = ""] = /^([A-Za-z]+?)_?(\d+|(?<=_)[A-Za-z]\w*)?$/.exec(name) ?? [];
  const escaped = head.replace(/_/g, "\\_");
  const base = GREEK.has(head) ? `\\${head}` : head.length === 1 ? head : `\\mathit{${escaped}}`;
  return index ? `{${base}}_{${index.replace(/_/g, "\\_")}}` : `{${base}}`;
}

function numberTex(text: string): string {
  const [, digits = text, power] = /^([\d_.]+)(?:[eE]\+?(-?\d+))?$/.exec(text) ?? [];
  const plain = digits
    .replace(/_/g, "")
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
  return power ? `${plain}\\cdot 10^{${power}}` : plain || "0";
}

/** `{y} = 2\,\sin({a}) + 1` for `y = sin(a) * 2 + 1`; empty for what cannot be written so. */
export function lineTex(shown: string): string {
  let made = written.get(shown);
  if (made === undefined) {
    if (written.size > 200) written.clear();
    made = write(shown);
    written.set(shown, made);
  }
  return made;
}

/** The same lines are asked for with every position of a control. */
const written = new Map<string, string>();

function write(shown: string): string {
  const [statement] = childrenOf(parse(shown).topNode);
  if (!statement) return "";
  const value = statement.name === "AssignStatement" ? statement.lastChild : statement.firstChild;
  const target = statement.name === "AssignStatement" ? statement.firstChild : null;
  if (!value) return "";
  try {
    const right = tex(value, shown).tex;
    return target ? `${nameTex(shown.slice(target.from, target.to))} = ${right}` : right;
  } catch {
    return "";
  }
}

class Untold extends Error {}

function held(one: Tex, hold: number): string {
  return one.hold >= hold ? one.tex : `\\left(${one.tex}\\right)`;
}

function tex(node: SyntaxNode, text: string): Tex {
  const slice = (one: SyntaxNode) => text.slice(one.from, one.to);
  switch (node.name) {
    case "Number":
      return { tex: numberTex(slice(node)), hold: 5, number: true };
    case "VariableName":
      return atom(
        slice(node) === "inf" ? "\\infty" : slice(node) === "e" ? "\\mathrm{e}" : nameTex(slice(node)),
      );
    case "Boolean":
    case "None":
      return atom(`\\mathrm{${slice(node)}}`);
    case "ParenthesizedExpression": {
      const inner = childrenOf(node).find((one) => !/^[()]$/.test(one.name));
      // What brackets are needed is known where they are.
      return inner ? tex(inner, text) : atom("");
    }
    case "UnaryExpression": {
      const [sign, value] = childrenOf(node);
      if (!sign || !value) throw new Untold();
      const mark = { "-": "-", "+": "", "~": "\\lnot " }[slice(sign)];
      if (mark === undefined) throw new Untold();
      return { tex: `${mark}${held(tex(value, text), 2)}`, hold: 3 };
    }
    case "BinaryExpression":
      return binary(node, text);
    case "CallExpression":
      return call(node, text);
    case "MemberExpression":
      return member(node, text);
    case "ArrayExpression":
    case "TupleExpression": {
      const items = childrenOf(node).filter((one) => !/^[[\](),]$/.test(one.name));
      return atom(`\\left[${items.map((one) => tex(one, text).tex).join(",\\,")}\\right]`);
    }
    default:
      throw new Untold();
  }
}

const COMPARE: Readonly<Record<string, string>> = {
  "<": "<",
  ">": ">",
  "<=": "\\le",
  ">=": "\\ge",
  "==": "=",
  "!=": "\\ne",
};

function binary(node: SyntaxNode, text: string): Tex {
  const [left, sign, right] = childrenOf(node);
  if (!left || !sign || !right) throw new Untold();
  const operator = text.slice(sign.from, sign.to);
  const [a, b] = [tex(left, text), tex(right, text)];
  switch (operator) {
    case "+":
    case "-":
      return { tex: `${held(a, 1)} ${operator} ${held(b, operator === "-" ? 2 : 1)}`, hold: 1 };
    case "*": {
      // A number comes first, as on paper.
      const [x, y] = b.number && !a.number ? [b, a] : [a, b];
      const [l, r] = [held(x, 2), held(y, 2)];
      const dot = y.number || /^-/.test(r) ? "\\cdot " : "\\,";
      return { tex: `${l}${dot}${/^-/.test(r) ? `\\left(${r}\\right)` : r}`, hold: 2 };
    }
    case "@":
      return { tex: `${held(a, 2)}\\,${held(b, 2)}`, hold: 2 };
    case "/":
      return { tex: `\\frac{${a.tex}}{${b.tex}}`, hold: 2.5 };
    case "//":
      return atom(`\\left\\lfloor \\frac{${a.tex}}{${b.tex}}\\right\\rfloor`);
    case "%":
      return { tex: `${held(a, 2)} \\bmod ${held(b, 2.5)}`, hold: 2 };
    case "**":
      return { tex: `{${held(a, 5)}}^{${b.tex}}`, hold: 4 };
    default: {
      const compare = COMPARE[operator];
      if (!compare) throw new Untold();
      return { tex: `${held(a, 1)} ${compare} ${held(b, 1)}`, hold: 0 };
    }
  }
}

function call(node: SyntaxNode, text: string): Tex {
  const head = node.firstChild;
  if (!head) throw new Untold();
  const given = argumentsOf(node, text);
  if (!given) throw new Untold();
  const values = given.filter((one) => !one.name).map((one) => tex(one.value, text));
  const property = head.getChild("PropertyName");
  if (
    property &&
    head.firstChild &&
    !/^(torch|F|nn|math)$/.test(text.slice(head.firstChild.from, head.firstChild.to))
  )
    values.unshift(tex(head.firstChild, text));
  const last = property ?? head;
  if (!property && head.name !== "VariableName") throw new Untold();
  return applied(text.slice(last.from, last.to), values);
}

function applied(name: string, values: readonly Tex[]): Tex {
  const [first] = values;
  const around = AROUND[name];
  if (around && first && values.length === 1) {
    const [open, close] = around;
    const inner = open === "{" ? held(first, 5) : first.tex;
    return { tex: `${open}${inner}${close}`, hold: name === "exp" || open === "{" ? 4 : 5 };
  }
  if (name === "sum" && first) return { tex: `\\sum ${held(first, 2)}`, hold: 2 };
  if (name === "pow" && values[1] && first) return { tex: `{${held(first, 5)}}^{${values[1].tex}}`, hold: 4 };
  if (/^(matmul|mm|mv)$/.test(name) && values[1] && first)
    return { tex: `${held(first, 2)}\\,${held(values[1], 2)}`, hold: 2 };
  if (name === "dot" && values[1] && first)
    return { tex: `${held(first, 2)}\\cdot ${held(values[1], 2)}`, hold: 2 };
  const spelled = FUNCTIONS[name] ?? `\\operatorname{${name.replace(/_/g, "\\_")}}`;
  return { tex: `${spelled}\\left(${values.map((one) => one.tex).join(",\\,")}\\right)`, hold: 4.5 };
}

function member(node: SyntaxNode, text: string): Tex {
  const object = node.firstChild;
  if (!object) throw new Untold();
  const property = node.getChild("PropertyName");
  if (property) {
    const name = text.slice(property.from, property.to);
    if (/^(T|mT)$/.test(name)) return { tex: `{${held(tex(object, text), 5)}}^{\\top}`, hold: 4 };
    return atom(`${tex(object, text).tex}.\\mathrm{${name.replace(/_/g, "\\_")}}`);
  }
  const inside = childrenOf(node)
    .slice(1)
    .filter((one) => !/^[[\],]$/.test(one.name));
  return atom(`{${held(tex(object, text), 5)}}_{${inside.map((one) => tex(one, text).tex).join(",\\,")}}`);
}
