/** The quiet row of controls over the diagram: search, zoom, direction, open and close. */

export interface ToolbarActions {
  search(text: string): void;
  next(by: 1 | -1): void;
  zoom(factor: number): void;
  fit(): void;
  turn(): void;
  openAll(open: boolean): void;
}

const ICONS = {
  plus: "M8 3.5v9M3.5 8h9",
  minus: "M3.5 8h9",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  down: "M8 3v9M4.5 9L8 12.5 11.5 9",
  right: "M3 8h9M9 4.5L12.5 8 9 11.5",
  open: "M4 6l4-3.5L12 6M4 10l4 3.5 4-3.5",
  close: "M4 2.5L8 6l4-3.5M4 13.5L8 10l4 3.5",
  before: "M4 10l4-4 4 4",
  after: "M4 6l4 4 4-4",
  help: "M6 6a2 2 0 1 1 2.8 1.8c-.5.3-.8.7-.8 1.2v.5M8 12v.2M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8z",
  search: "M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM10 10l3.2 3.2",
} as const;

type Icon = keyof typeof ICONS;

function icon(name: Icon): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

function button(name: Icon, label: string, act: () => void): HTMLButtonElement {
  const element = document.createElement("button");
  element.type = "button";
  element.title = label;
  element.setAttribute("aria-label", label);
  element.append(icon(name));
  element.addEventListener("click", act);
  return element;
}

export class Toolbar {
  readonly element = document.createElement("div");
  readonly input = document.createElement("input");
  #count = document.createElement("span");
  #scale = document.createElement("button");
  #turn: HTMLButtonElement;
  #group: HTMLButtonElement;
  #steps: HTMLElement[];
  #opens = true;
  #problem = document.createElement("p");
  #help: HTMLButtonElement;
  #list: HTMLElement | null = null;

  constructor(readonly actions: ToolbarActions) {
    this.element.className = "ag-toolbar";
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", "Diagram");
    const field = document.createElement("label");
    field.className = "ag-search";
    this.input.type = "search";
    this.input.placeholder = "Search";
    this.input.setAttribute("aria-label", "Search the graph by name, operation, shape or type");
    this.input.spellcheck = false;
    this.input.addEventListener("input", () => actions.search(this.input.value));
    this.input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") actions.next(event.shiftKey ? -1 : 1);
      else if (event.key === "Escape") {
        this.input.value = "";
        actions.search("");
        this.input.blur();
      } else return;
      event.preventDefault();
    });
    this.#count.className = "ag-count";
    this.#count.setAttribute("aria-live", "polite");
    this.#steps = [
      button("before", "Previous match (Shift+Enter)", () => actions.next(-1)),
      button("after", "Next match (Enter)", () => actions.next(1)),
    ];
    field.append(icon("search"), this.input, this.#count);
    this.#turn = button("right", "Draw left to right", actions.turn);
    this.#group = button("open", "Open every group", () => actions.openAll(this.#opens));
    this.#scale.type = "button";
    this.#scale.className = "ag-scale";
    this.#scale.title = "Show everything (0)";
    this.#scale.addEventListener("click", actions.fit);
    this.#problem.className = "ag-problem";
    this.#problem.id = "ag-search-problem";
    this.#problem.setAttribute("role", "status");
    this.input.setAttribute("aria-describedby", this.#problem.id);
    this.#help = button("help", "What can be searched for", () => void this.#toggleHelp());
    this.#help.setAttribute("aria-expanded", "false");
    // Fields have an event of this name too, when text in them is selected.
    this.element.addEventListener("select", (event) => event.stopPropagation());
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.#list) return;
      event.stopPropagation();
      void this.#toggleHelp();
      this.#help.focus();
    });
    this.element.append(
      field,
      this.#help,
      this.#problem,
      ...this.#steps,
      rule(),
      this.#group,
      this.#turn,
      rule(),
      zoom(button("minus", "Zoom out (−)", () => actions.zoom(1 / 1.3))),
      this.#scale,
      zoom(button("plus", "Zoom in (+)", () => actions.zoom(1.3))),
      button("fit", "Show everything (0)", actions.fit),
    );
    this.found(0, -1, false);
  }

  found(total: number, at: number, searching: boolean, problem = ""): void {
    this.input.setAttribute("aria-invalid", String(problem !== ""));
    this.#problem.textContent = problem;
    this.#problem.hidden = !problem;
    if (problem) searching = false;
    this.#count.textContent = searching ? (total ? `${at + 1} / ${total}` : "none") : "";
    for (const step of this.#steps) step.hidden = total < 2;
  }

  /** The list of what can be asked; choosing from it writes it into the box. */
  async #toggleHelp(): Promise<void> {
    if (this.#list) {
      this.#list.remove();
      this.#list = null;
      this.#help.setAttribute("aria-expanded", "false");
      return;
    }
    const { searchHelp } = await import("./search_help");
    if (this.#list) return;
    this.#list = searchHelp((query) => {
      this.input.value = query;
      void this.#toggleHelp();
      this.input.focus();
      this.actions.search(query);
    });
    this.#list.className = "ag-help";
    this.#list.setAttribute("role", "group");
    this.#list.setAttribute("aria-label", "What can be searched for");
    this.#help.after(this.#list);
    this.#help.setAttribute("aria-expanded", "true");
  }

  scale(scale: number): void {
    const text = `${Math.round(scale * 100)}%`;
    if (this.#scale.textContent === text) return;
    this.#scale.textContent = text;
    this.#scale.setAttribute("aria-label", `Zoom ${text}, show everything`);
  }

  direction(down: boolean): void {
    const label = down ? "Draw left to right" : "Draw top to bottom";
    this.#turn.replaceChildren(icon(down ? "right" : "down"));
    this.#turn.title = label;
    this.#turn.setAttribute("aria-label", label);
  }

  groups(any: boolean, opens: boolean): void {
    this.#opens = opens;
    this.#group.hidden = !any;
    const label = opens ? "Open every group" : "Close every group";
    this.#group.replaceChildren(icon(opens ? "open" : "close"));
    this.#group.title = label;
    this.#group.setAttribute("aria-label", label);
  }
}

function zoom(element: HTMLElement): HTMLElement {
  element.classList.add("ag-zoom");
  return element;
}

function rule(): HTMLElement {
  const element = document.createElement("i");
  element.setAttribute("aria-hidden", "true");
  return element;
}
