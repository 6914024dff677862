/** The session as a file: what goes into pictures and pages, and how it is found again in what somebody brings. */
import type * as wire from "../protocol.gen";
import { content, slim, viewOf } from "../share";
import { getState } from "../store";
import { Broken, getText, isPng } from "./png";

export const KEYWORD = "autograd-playground";
/** In the standalone page; JSON there has no `<`. */
const OPENING = '<script type="application/json" id="session">';
const MIB = 1024 * 1024;
/** Of a file that is looked at. */
const MOST_FILE = 64 * MIB;
/** Of the session in it. */
const MOST_TEXT = 32 * MIB;
const VERSION = 1;

const NOT_OURS = "Expected a picture (.png), a page (.html) or a session (.json) that was downloaded here.";

/** The session on the page as JSON of at most `limit` bytes, and a sentence about what did not fit. */
export function sessionJson(limit: number): { json: string; omitted: string } {
  const { draft, run } = getState();
  const view = viewOf(getState());
  const { body, omitted } = content(draft, run, view, limit);
  return { json: `{"playground":${VERSION},"content":${body}}`, omitted };
}

/** The session in a file of any of our kinds. What it holds is not checked. Throws Broken with a sentence. */
export async function readSession(file: Blob): Promise<unknown> {
  if (file.size > MOST_FILE) {
    throw new Broken(
      `The file has ${Math.round(file.size / MIB)} MiB; at most ${MOST_FILE / MIB} MiB are opened.`,
    );
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (isPng(bytes)) {
    const text = await getText(bytes, KEYWORD, MOST_TEXT);
    if (text === null) {
      throw new Broken(
        "This picture has no session inside. Only the original file has one: a screenshot has not, and many sites remove it from what is uploaded there.",
      );
    }
    return sessionOf(text, "The session inside the picture is damaged.");
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Broken(`This is no file of the playground. ${NOT_OURS}`);
  }
  if (/^\s*</.test(text)) {
    const at = text.indexOf(OPENING);
    if (at < 0) throw new Broken(`This page has no session inside. ${NOT_OURS}`);
    const start = at + OPENING.length;
    return sessionOf(text.slice(start, text.indexOf("<", start)), "The session inside the page is damaged.");
  }
  return sessionOf(text, `This is no file of the playground. ${NOT_OURS}`);
}

/** The content in the JSON of a file; also of the `.json` of a link, which has other fields around it. */
function sessionOf(text: string, otherwise: string): unknown {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Broken(otherwise);
  }
  if (typeof file !== "object" || file === null) throw new Broken(otherwise);
  const { playground = VERSION, content } = file as { playground?: unknown; content?: unknown };
  if (typeof playground !== "number") throw new Broken(otherwise);
  if (playground > VERSION) {
    throw new Broken(
      "This was made with a newer version of the playground. Reload the page; if that does not help, this server has to be updated.",
    );
  }
  const found = content ?? ("code" in file ? file : null);
  if (typeof found !== "object" || found === null) throw new Broken(otherwise);
  return found;
}

/** What is needed of a session to draw its graph elsewhere: no output, no plots, no long lists of numbers. */
export function graphOnly(all: wire.SessionContent): wire.SessionContent {
  const events = (all.events ?? []).flatMap((event) => {
    if (event.type !== "graph") return [];
    const { steps, ...graph } = slim(event);
    return [{ ...graph, steps: steps.map(({ leaving: _, ...step }) => step) }];
  });
  const { title = "", device = "cpu", seed = 0 } = all;
  return { code: "", title, device, seed, events };
}
