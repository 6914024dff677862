/** Plotly reads a few HTML tags in every text it draws. What comes from a program is text and nothing else. */

/** The same value with every string in it, at any depth, escaped for Plotly. */
export function plain<T>(value: T): T {
  if (typeof value === "string") return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;") as T;
  if (Array.isArray(value)) {
    return (value.every((item) => typeof item === "number") ? value : value.map(plain)) as T;
  }
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)])) as T;
  }
  return value;
}
