/** Formulas appear whenever they were drawn: before KaTeX is there, while it comes, after. */
import { render } from "preact";
import { expect, test, vi } from "vitest";
import { Maths } from "./maths";

const loading = vi.hoisted(() => {
  let [asked, come] = [() => {}, () => {}];
  return {
    wasAsked: new Promise<void>((done) => {
      asked = done;
    }),
    hasCome: new Promise<void>((done) => {
      come = done;
    }),
    ask: () => asked(),
    finish: () => come(),
  };
});

vi.mock("../formulas", async () => {
  loading.ask();
  await loading.hasCome;
  return { rendered: (tex: string) => `<b>${tex}</b>` };
});

// KaTeX comes once: a second try would find it there.
test("a formula drawn in the moment in which KaTeX comes appears as the others do", {
  retry: 0,
}, async () => {
  const places: Element[] = [];
  const draw = () => {
    const place = document.createElement("div");
    places.push(place);
    render(<Maths tex="x" />, place);
  };
  draw();
  await loading.wasAsked;
  loading.finish();
  // What is drawn now looks whether there is anything to load with the next frame: the last of these when there is not.
  while (places[0]?.textContent === "") {
    draw();
    await new Promise((done) => setTimeout(done));
  }
  draw();
  await vi.waitFor(
    () => expect(new Set(places.map((place) => place.textContent))).toEqual(new Set("x")),
    20_000,
  );
});
