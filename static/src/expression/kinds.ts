/** What a free name most likely is, from how it is used: `W @ x` needs a matrix and a vector. */
import type { Kind } from "./inputs";
import { argumentsOf, parse, type SyntaxNode } from "./syntax";

export interface Guess {
  readonly kind: Kind;
  readonly shape: readonly number[];
}

type Shape = readonly number[];

/** What is known of an expression's shape; `product`: it came of a matrix product, so a bias has its shape. */
interface Known {
  readonly shape: Shape | null;
  readonly product: boolean;
}

const UNKNOWN: Known = { shape: null, product: false };
const NUMBER: Known = { shape: [], product: false };

/** Functions that only mean something of several numbers. */
const OF_VECTORS = new Set(
  "softmax log_softmax softmin sum mean std var norm cumsum cumprod argmax argmin sort dot prod logsumexp median normalize cross_entropy nll_loss".split(
    " ",
  ),
);
const OF_MATRICES = new Set(
  "det inv inverse trace diag logdet matrix_exp mm mv matrix_power cholesky pinverse".split(" "),
);
/** Functions that make a number of any tensor. */
const TO_NUMBER = new Set(
  "sum mean std var norm prod det trace logdet dot mse_loss cross_entropy l1_loss".split(" "),
);
const MATRIX_ROWS = 3;
const VECTOR = 3;
const WIDTH = 2;

const isUpper = (name: string) => /^[A-Z]/.test(name);

/** A guess for each of the names that have nothing given to them. `shapes` are those of the other names, as far as known. */
export function guessKinds(
  expression: string,
  free: readonly string[],
  shapes: ReadonlyMap<string, Shape>,
): Map<string, Guess> {
  const known = new Map<string, Shape>();
  const wanted = new Set(free);
  const is = (node: SyntaxNode, name = expression.slice(node.from, node.to)) =>
    node.name === "VariableName" && wanted.has(name) && !known.has(name) ? name : "";
  const learn = (node: SyntaxNode, shape: Shape): void => {
    const name = is(node);
    if (name) known.set(name, shape);
  };

  function product(left: SyntaxNode, right: SyntaxNode): Known {
    const [a, b] = [is(left), is(right)];
    if (a && b) {
      if (isUpper(a)) {
        learn(left, [MATRIX_ROWS, WIDTH]);
        learn(right, isUpper(b) ? [WIDTH, MATRIX_ROWS] : [WIDTH]);
      } else {
        learn(left, isUpper(b) ? [WIDTH] : [VECTOR]);
        learn(right, isUpper(b) ? [WIDTH, MATRIX_ROWS] : [VECTOR]);
      }
    } else if (a) {
      const other = visit(right).shape;
      const inner = other?.[0] ?? WIDTH;
      learn(left, isUpper(a) || (other?.length ?? 1) < 1 ? [MATRIX_ROWS, inner] : [inner]);
    } else if (b) {
      const inner = visit(left).shape?.at(-1) ?? WIDTH;
      learn(right, isUpper(b) ? [inner, MATRIX_ROWS] : [inner]);
    }
    const [x, y] = [visit(left).shape, visit(right).shape];
    if (!x?.length || !y?.length) return { shape: null, product: true };
    return { shape: [...x.slice(0, -1), ...(y.length > 1 ? y.slice(1) : [])], product: true };
  }

  function visit(node: SyntaxNode): Known {
    switch (node.name) {
      case "Number":
        return NUMBER;
      case "VariableName": {
        const name = expression.slice(node.from, node.to);
        const shape = known.get(name) ?? shapes.get(name);
        return { shape: shape ?? null, product: false };
      }
      case "ParenthesizedExpression":
      case "UnaryExpression":
        return node.lastChild?.prevSibling && node.name === "ParenthesizedExpression"
          ? visit(node.lastChild.prevSibling)
          : node.lastChild
            ? visit(node.lastChild)
            : UNKNOWN;
      case "BinaryExpression": {
        const [left, sign, right] = [node.firstChild, node.firstChild?.nextSibling, node.lastChild];
        if (!left || !sign || !right) return UNKNOWN;
        const operator = expression.slice(sign.from, sign.to);
        if (operator === "@") return product(left, right);
        // What is large says what a name beside it must be like, so the names come last.
        const [a, b] = is(left) ? [visit(right), visit(left)] : [visit(left), visit(right)];
        if (/^[-+]$/.test(operator) && a.product) {
          const shape = a.shape ?? [VECTOR];
          learn(is(left) ? left : right, shape);
        }
        const shape = (a.shape?.length ?? 0) >= (b.shape?.length ?? 0) ? a.shape : b.shape;
        return { shape, product: a.product || b.product };
      }
      case "CallExpression":
        return called(node);
      case "MemberExpression":
        return member(node);
      default:
        for (let child = node.firstChild; child; child = child.nextSibling) visit(child);
        return UNKNOWN;
    }
  }

  function called(node: SyntaxNode): Known {
    const head = node.firstChild;
    const name = head ? (/\w+$/.exec(expression.slice(head.from, head.to))?.[0] ?? "") : "";
    const values = (argumentsOf(node, expression) ?? []).map((one) => one.value);
    if (/^(matmul|mm|mv)$/.test(name) && values.length === 2)
      return product(values[0] as SyntaxNode, values[1] as SyntaxNode);
    const all = values.map(visit);
    const first = values[0];
    if (OF_MATRICES.has(name) && first) learn(first, [WIDTH, WIDTH]);
    if (OF_VECTORS.has(name))
      for (const value of values) if (!all.some((one) => one.shape?.length)) learn(value, [VECTOR]);
    if (/^(mse_loss|l1_loss|dot)$/.test(name)) {
      const shape = all.find((one) => one.shape?.length)?.shape;
      if (shape) for (const value of values) learn(value, shape);
    }
    if (head?.name === "MemberExpression") visit(head);
    if (TO_NUMBER.has(name)) return NUMBER;
    const shape = all.find((one) => one.shape)?.shape ?? null;
    return { shape, product: all.some((one) => one.product) };
  }

  /** `x[0]`, `A.T`, `v.sum` */
  function member(node: SyntaxNode): Known {
    const object = node.firstChild;
    if (!object) return UNKNOWN;
    const property = node.getChild("PropertyName");
    if (property) {
      const name = expression.slice(property.from, property.to);
      if (/^(T|mT|det|inverse|trace|t)$/.test(name)) learn(object, [MATRIX_ROWS, WIDTH]);
      else if (OF_VECTORS.has(name)) learn(object, [VECTOR]);
      const { shape } = visit(object);
      return { shape: name === "T" && shape ? [...shape].reverse() : shape, product: false };
    }
    const commas = node.getChildren(",").length;
    learn(object, commas ? [MATRIX_ROWS, WIDTH] : [VECTOR]);
    return UNKNOWN;
  }

  visit(parse(expression).topNode);
  return new Map(
    free.map((name) => {
      const shape = known.get(name) ?? [];
      return [
        name,
        { kind: shape.length === 0 ? "number" : shape.length === 1 ? "vector" : "matrix", shape },
      ];
    }),
  );
}
