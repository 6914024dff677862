/** A sentence in which what stands between backticks is code. */
export function Sentence({ text }: { text: string }) {
  return text.split("`").map((part, i) => (i % 2 === 1 ? <code key={`${i}${part}`}>{part}</code> : part));
}
