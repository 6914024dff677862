/** What the server is asked about files: whether a session is one, and the formats that Python writes. */
import { Broken } from "./png";

/** Sends a session and gives the answer. Throws Broken with a sentence. */
export async function ask(path: string, body: string): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  } catch {
    throw new Broken("The server cannot be reached. Try again in a moment.");
  }
  if (answer.ok) return answer;
  const data: unknown = await answer.json().catch(() => null);
  const said = typeof data === "object" && data !== null && "error" in data ? String(data.error) : "";
  throw new Broken(said || `The server could not do that (status ${answer.status}). Try again in a moment.`);
}
