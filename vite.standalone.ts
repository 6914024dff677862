/** Builds static/dist/standalone.html: everything a session needs to be looked at, in one file that asks for nothing else. */
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { build, type Plugin, type UserConfig } from "vite";

const ROOT = import.meta.dirname;
const SOURCE = "static/src/standalone";
/** Where the session is written in, by playground/export/html.py and static/src/export/index.ts. */
const SESSION = "/*session*/null";

/** Modules that have another side to talk to, and what stands in for them where there is none. */
const INSTEAD: Readonly<Record<string, string>> = {
  "static/src/boot.ts": `${SOURCE}/boot.ts`,
  "static/src/socket.ts": `${SOURCE}/socket.ts`,
  "static/src/graph/layout_start.ts": `${SOURCE}/layout_start.ts`,
  "static/src/parts/plot.tsx": `${SOURCE}/plot.tsx`,
};

const alone: Plugin = {
  name: "standalone-modules",
  enforce: "pre",
  async resolveId(source, importer, options) {
    const found = await this.resolve(source, importer, { ...options, skipSelf: true });
    const other = found && INSTEAD[relative(ROOT, found.id)];
    return other ? resolve(ROOT, other) : null;
  },
};

/** The typefaces of KaTeX that derivatives are written in. */
const KATEX = /KaTeX_(Main-(Regular|Italic|Bold)|Math-Italic|Size[1-4]-Regular|AMS-Regular)\.woff2/;

/** Of the typefaces only those that are all but always needed; the rest is left to the system's. */
const typefaces: Plugin = {
  name: "standalone-typefaces",
  enforce: "pre",
  transform(code, id) {
    if (!/\.css($|\?)/.test(id)) return null;
    if (id.includes("@fontsource")) {
      return code.replace(/@font-face\s*\{[^}]*\}/g, (face) =>
        /-latin-wght-normal\.woff2/.test(face) ? face : "",
      );
    }
    if (!id.includes("katex")) return null;
    return code
      .replace(/@font-face\s*\{[^}]*\}/g, (face) => (KATEX.test(face) ? face : ""))
      .replace(/,\s*url\([^)]*\.(?:woff|ttf)\)\s*format\([^)]*\)/g, "");
  },
};

/** A script as it may stand inside a script element. */
function inside(script: string): string {
  return script.replace(/<\/(?=script)/gi, "<\\/").replace(/<!--/g, "\\x3C!--");
}

/** What the page may do: run this one script, and the worker inside it. No address can be reached. */
function policy(script: string): string {
  const hash = createHash("sha256").update(script).digest("base64");
  return [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    "font-src data:",
    "img-src data: blob:",
    "worker-src blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

/** Goes with the page's own build, after it. */
export function standalone(config: Pick<UserConfig, "resolve">): Plugin {
  return {
    name: "standalone",
    apply: "build",
    async writeBundle() {
      const built = await build({
        ...config,
        configFile: false,
        root: ROOT,
        logLevel: "warn",
        publicDir: false,
        plugins: [alone, typefaces],
        worker: { format: "iife" },
        build: {
          write: false,
          target: "es2022",
          cssCodeSplit: false,
          modulePreload: false,
          assetsInlineLimit: Number.MAX_SAFE_INTEGER,
          chunkSizeWarningLimit: 5000,
          rolldownOptions: {
            input: resolve(ROOT, SOURCE, "main.tsx"),
            output: { format: "es", codeSplitting: false },
          },
        },
      });
      const { output } = [built].flat()[0] as { output: readonly { type: string; fileName: string }[] };
      const scripts = output.filter((one) => one.type === "chunk") as unknown as { code: string }[];
      const styles = output.filter((one) => one.fileName.endsWith(".css")) as unknown as { source: string }[];
      const others = output.filter((one) => !/\.(js|css)$/.test(one.fileName)).map((one) => one.fileName);
      if (scripts.length !== 1 || styles.length !== 1 || others.length) {
        const names = output.map((one) => one.fileName).join(", ");
        throw new Error(`The standalone page must be one script and one style sheet, and is ${names}.`);
      }
      const script = inside(`\n${scripts[0]?.code ?? ""}`);
      const parts: Readonly<Record<string, string>> = {
        "%POLICY%": policy(script),
        "%STYLE%": String(styles[0]?.source).replace(/<\//g, "<\\/"),
        "%SCRIPT%": script,
      };
      const page = readFileSync(resolve(ROOT, "templates/standalone.html"), "utf8");
      const whole = page.replace(/%(POLICY|STYLE|SCRIPT)%/g, (mark) => parts[mark] ?? "");
      if (whole.split(SESSION).length !== 2) {
        throw new Error(`The standalone page must have ${SESSION} once: does it import static/src/export?`);
      }
      writeFileSync(resolve(ROOT, "static/dist/standalone.html"), whole);
    },
  };
}
