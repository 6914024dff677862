/** Everything that makes or opens a file; loaded when it is first asked for. */
import { fileName, saveFile } from "../actions/download";
import { boot } from "../boot";
import { loadText } from "../data/kept";
import { openTaken } from "../program";
import type * as wire from "../protocol.gen";
import { fitted } from "../share";
import { getState, update } from "../store";
import { pngPicture, svgPicture } from "./picture";
import { Broken } from "./png";
import { ask } from "./server";
import { graphOnly, KEYWORD, readSession, sessionJson } from "./session";

const MARK = "/*session*/null";

/** Does it, or says in a sentence why it could not be done. */
async function saying(work: () => Promise<string>): Promise<void> {
  try {
    const toast = await work();
    if (toast) update({ toast });
  } catch (problem) {
    if (!(problem instanceof Broken)) console.error(problem);
    update({
      toast:
        problem instanceof Broken ? problem.message : "That did not work. Reload the page and try again.",
    });
  }
}

function save(extension: string, type: string, data: BlobPart): void {
  saveFile(`${fileName(getState().draft.title)}.${extension}`, type, data);
}

const limit = () => boot.limits.session_bytes;

/** "left out of the link" is Share's word; here it is a file. */
const leftOut = (omitted: string) => omitted.replace("out of the link", "out of the file");

export const saveSvg = () =>
  saving("svg", async (title) => ["image/svg+xml", (await svgPicture(title)).svg, ""]);

export const savePng = () =>
  saving("png", async (title) => {
    const { json, omitted } = sessionJson(limit());
    return ["image/png", (await pngPicture(title, KEYWORD, json)) as BlobPart, leftOut(omitted)];
  });

export const saveSession = () =>
  saving("json", async () => {
    const { json, omitted } = sessionJson(limit());
    return ["application/json", json, leftOut(omitted)];
  });

export const saveHtml = () =>
  saving("html", async () => {
    const answer = await fetch("/static/dist/standalone.html").catch(() => null);
    const page = answer?.ok ? await answer.text() : "";
    const [before, after, ...more] = page.split(MARK);
    if (before === undefined || after === undefined || more.length) {
      throw new Broken(
        "The server does not have the standalone page. Whoever runs it should run `make build`.",
      );
    }
    // Nothing is left that could end the script element; `playground/export/html.py` does the same.
    const safe = sessionJson(Infinity).json.replace(
      /[<>&\u2028\u2029]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    return ["text/html", `${before}${safe}${after}`, ""];
  });

const written = (path: string, type: string, extension: string) =>
  saving(extension, async () => {
    const { content } = JSON.parse(sessionJson(Infinity).json) as wire.SessionFile;
    const answer = await ask(path, JSON.stringify(graphOnly(content)));
    return [type, await answer.text(), ""];
  });

export const saveDot = () => written("/api/export/dot", "text/vnd.graphviz", "dot");
export const saveModelExplorer = () =>
  written("/api/export/model-explorer", "application/json", "model_explorer.json");

function saving(
  extension: string,
  make: (title: string) => Promise<[type: string, data: BlobPart, said: string]>,
): Promise<void> {
  return saying(async () => {
    const { data: table } = getState().draft;
    if (table && !(await loadText(table))) {
      throw new Broken(
        `The table ${table.name ?? ""} is not in this browser any more. Choose it again in Data.`,
      );
    }
    const [type, data, said] = await make(getState().draft.title || "Untitled");
    save(extension, type, data);
    return said;
  });
}

/** Opens the session in a file as a new draft, with its results. It is a stranger's: the server checks it first. */
export const openFile = (file: File) =>
  saying(async () => {
    const { body, omitted } = fitted((await readSession(file)) as wire.SessionContent, limit());
    const answer = await ask("/api/sessions/check", body);
    openTaken((await answer.json()) as wire.SessionContent);
    return omitted ? leftOut(omitted) : `Opened from ${file.name || "a file"}, as a draft of yours.`;
  });
