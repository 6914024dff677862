/** The diagram as a picture: SVG that looks the same elsewhere, and PNG drawn from it. */
import { Broken, putText } from "./png";

/** A picture beyond this is drawn smaller: browsers give up on larger canvases. */
const MOST_SIDE = 16_000;
const MOST_PIXELS = 64_000_000;

/** The page's own typefaces, Latin letters, as `data:` addresses; what cannot be had is left to the system's. */
async function typefaces(families: string): Promise<string> {
  const rules: CSSFontFaceRule[] = [];
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) if (rule instanceof CSSFontFaceRule) rules.push(rule);
  }
  const made = await Promise.all(
    rules.map(async (rule) => {
      const family = rule.style.getPropertyValue("font-family").replace(/["']/g, "");
      const source = /url\("?([^")]+)"?\)/.exec(rule.style.getPropertyValue("src"))?.[1] ?? "";
      if (!families.includes(family) || !/-latin-wght-normal/.test(source)) return "";
      try {
        const address = new URL(source, rule.parentStyleSheet?.href ?? location.href);
        const data = await (await fetch(address)).arrayBuffer();
        const letters = Array.from(new Uint8Array(data), (byte) => String.fromCharCode(byte)).join("");
        return `@font-face{font-family:"${family}";font-weight:100 900;src:url(data:font/woff2;base64,${btoa(letters)}) format("woff2")}`;
      } catch {
        return "";
      }
    }),
  );
  return made.join("");
}

/** The diagram as it stands, all of it, with its typefaces inside. Throws Broken where there is none. */
export async function svgPicture(title: string): Promise<{ svg: string; width: number; height: number }> {
  const text = document.querySelector("autograd-graph")?.toSVG() ?? "";
  if (!text) throw new Broken("There is no diagram yet. Run the program first.");
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  const style = root.querySelector("style");
  if (style) style.textContent = (await typefaces(style.textContent ?? "")) + style.textContent;
  const name = document.createElementNS("http://www.w3.org/2000/svg", "title");
  name.textContent = title;
  root.prepend(name);
  const side = (which: string) => Number(root.getAttribute(which)) || 1;
  return {
    svg: new XMLSerializer().serializeToString(root),
    width: side("width"),
    height: side("height"),
  };
}

/** The same in pixels, two for each unit as far as that goes, with a text inside. */
export async function pngPicture(title: string, keyword: string, text: string): Promise<Uint8Array> {
  const { svg, width, height } = await svgPicture(title);
  const scale = Math.min(2, MOST_SIDE / Math.max(width, height), Math.sqrt(MOST_PIXELS / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const image = new Image();
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    image.src = url;
    await image.decode();
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  } catch {
    throw new Broken("The browser could not draw the picture. Download the SVG instead.");
  } finally {
    URL.revokeObjectURL(url);
  }
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (!blob) throw new Broken("The browser could not make the picture. Download the SVG instead.");
  return putText(new Uint8Array(await blob.arrayBuffer()), keyword, text);
}
