// The script of the webviews: it shows what the extension sends, and says what the user chooses.
import type { FromWebview, ToWebview } from "../messages";

declare function acquireVsCodeApi(): {
  postMessage(message: FromWebview): void;
  getState(): State | undefined;
  setState(state: State): void;
};

interface State {
  first?: string;
  second?: string;
  architecture?: string;
  filters?: Record<string, string>;
}

const api = acquireVsCodeApi();
const byId = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
const content = byId("content"), note = byId("note");
const controls = document.getElementById("controls") as HTMLFormElement | null;
let state: State = api.getState() ?? {};

const keep = (more: State) => {
  state = { ...state, ...more };
  api.setState(state);
};

const open = (path: string, line: number) => api.postMessage({ kind: "open", path, line });

const pathOf = (section: Element | null) => section?.querySelector("h3.sl-place")?.textContent ?? "";

// link makes the text of an element a button that shows a line of a file.
function link(e: Element, path: string, line: number) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "line";
  button.textContent = e.textContent;
  button.setAttribute("aria-label", `Show line ${line} of ${path}`);
  button.addEventListener("click", () => open(path, line));
  e.replaceChildren(button);
}

// steps makes the line of each step of a timeline a button.
function steps() {
  for (const section of content.querySelectorAll(".sl-timeline")) {
    for (const e of section.querySelectorAll(".sl-line")) {
      const line = Number(e.textContent);
      if (line > 0) {
        link(e, pathOf(section), line);
      }
    }
  }
}

let paths: string[] = [];

// profileOf returns the heading of a profile in a table, by its column.
function profileOf(table: Element | null, column: number): string {
  return pathOf(table?.querySelectorAll(".sl-profile")[column] ?? null);
}

// The lines of a profile are shown in the editor, which has them, and those of a default profile in the page.
content.addEventListener("click", (event) => {
  const anchor = (event.target as Element).closest<HTMLAnchorElement>("a[href^='#']");
  const match = /p(\d+)L(\d+)$/.exec(anchor?.getAttribute("href") ?? "");
  const path = match ? profileOf(anchor?.closest(".sl-decisions") ?? null, Number(match[1])) : "";
  if (match && paths.includes(path)) {
    event.preventDefault();
    open(path, Number(match[2]));
  }
});

// listings hides the text of profiles that the editor shows.
function listings() {
  for (const listing of content.querySelectorAll<HTMLElement>(".sl-source")) {
    const heading = listing.previousElementSibling as HTMLElement | null;
    if (paths.includes(heading?.querySelector(".sl-place")?.textContent ?? "")) {
      listing.hidden = true;
      if (heading) {
        heading.hidden = true;
      }
    }
  }
}

// tables makes the filters of decision tables work.
function tables() {
  for (const section of content.querySelectorAll<HTMLElement>(".sl-decisions")) {
    const form = section.querySelector<HTMLFormElement>(".sl-filters");
    if (!form) {
      continue;
    }
    const rows = [...section.querySelectorAll<HTMLTableRowElement>("tbody tr")];
    const archs = [...new Set(rows.map((row) => row.cells[0]?.textContent ?? ""))];
    const field = (name: string) =>
      form.querySelector<HTMLInputElement | HTMLSelectElement>(`[data-filter=${name}]`);
    const valueOf = (name: string) => {
      const f = field(name);
      return f instanceof HTMLInputElement && f.type === "checkbox" ? (f.checked ? "1" : "") : (f?.value ?? "");
    };
    for (const [name, value] of Object.entries(state.filters ?? {})) {
      const f = field(name);
      if (f instanceof HTMLInputElement && f.type === "checkbox") {
        f.checked = value !== "";
      } else if (f) {
        f.value = value;
      }
    }
    const filter = () => {
      const names = ["q", "a", "k", "d", "o"];
      keep({ filters: Object.fromEntries(names.map((name) => [name, valueOf(name)])) });
      const words = valueOf("q").toLowerCase().split(/\s+/).filter(Boolean);
      const arch = valueOf("a") === "" ? undefined : archs[Number(valueOf("a"))];
      const kind = valueOf("k");
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent?.toLowerCase() ?? "";
        row.hidden = !(
          (arch === undefined || row.cells[0]?.textContent === arch) &&
          (kind === "" || row.querySelector(`td[data-p].sl-${kind}`) !== null) &&
          (valueOf("d") === "" || row.classList.contains("sl-differs")) &&
          (valueOf("o") === "" || row.dataset.o === "1") &&
          words.every((word) => text.includes(word))
        );
        shown += row.hidden ? 0 : 1;
      }
      const out = form.querySelector("output");
      if (out) {
        out.textContent = `${shown} of ${rows.length} rows`;
      }
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  }
}

// here marks the last step at or before a line of a file.
function here(path: string, line: number) {
  let found: Element | undefined;
  let best = 0;
  for (const section of content.querySelectorAll(".sl-timeline")) {
    if (pathOf(section) !== path) {
      continue;
    }
    for (const step of section.querySelectorAll(".sl-step")) {
      const n = Number(step.querySelector(".sl-line")?.textContent ?? 0);
      if (n > best && n <= line) {
        best = n;
        found = step;
      }
    }
  }
  for (const step of content.querySelectorAll("[aria-current]")) {
    if (step !== found) {
      step.removeAttribute("aria-current");
    }
  }
  if (found && !found.hasAttribute("aria-current")) {
    found.setAttribute("aria-current", "true");
    found.scrollIntoView({ block: "nearest" });
  }
}

// offer fills in the form of the decision table.
function offer(choices: { targets: string[]; architectures: string[] }) {
  const options = (values: string[]) => values.map((value) => {
    const option = document.createElement("option");
    option.value = option.textContent = value;
    return option;
  });
  byId("targets").replaceChildren(...options(choices.targets));
  const select = controls?.elements.namedItem("architecture") as HTMLSelectElement;
  const chosen = state.architecture ?? "";
  const usual = select.options[0];
  select.replaceChildren(...(usual ? [usual] : []), ...options(choices.architectures));
  select.value = chosen;
}

if (controls) {
  const named = (name: string) => controls.elements.namedItem(name) as HTMLInputElement | HTMLSelectElement;
  const choose = () => {
    const chosen = {
      first: named("first").value, second: named("second").value, architecture: named("architecture").value,
    };
    keep(chosen);
    api.postMessage({ kind: "choose", ...chosen });
  };
  named("first").value = state.first ?? "";
  named("second").value = state.second ?? "";
  controls.addEventListener("change", choose);
  controls.addEventListener("submit", (event) => {
    event.preventDefault();
    choose();
  });
}

window.addEventListener("message", (event: MessageEvent<ToWebview>) => {
  const m = event.data;
  switch (m.kind) {
    case "show": {
      byId("title").textContent = m.title;
      byId("shared").textContent = m.style;
      const at = { x: window.scrollX, y: window.scrollY };
      content.innerHTML = m.html; // of sandlint's server, which escapes all text; the policy allows no script in it
      note.textContent = "";
      if (m.choices) {
        offer(m.choices);
      }
      paths = m.paths;
      steps();
      listings();
      tables();
      window.scrollTo(at.x, at.y);
      break;
    }
    case "note":
      note.textContent = m.text;
      break;
    case "cursor":
      here(m.path, m.line);
      break;
  }
});

document.documentElement.classList.add("sl-js");
if (controls && (state.first || state.second || state.architecture)) {
  api.postMessage({
    kind: "choose", first: state.first ?? "", second: state.second ?? "", architecture: state.architecture ?? "",
  });
}
api.postMessage({ kind: "ready" });
