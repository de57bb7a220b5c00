// The page: a small project, its editor, and what sandlint finds in it.

import MarkdownIt from "markdown-it";

import { Editor } from "./editor.js";
import { Engine } from "./engine.js";
import { limits, read, write, wrongPath, wrongProject } from "./state.js";

const byId = (id) => document.getElementById(id);
const panels = ["findings", "picture", "targets"];
const markdown = new MarkdownIt({ html: false, linkify: false });

const state = { files: Object.create(null), targets: [], open: undefined, panel: "findings" };
let last = null; // what was found last
let settled = null; // what was found last with fixes
let kinds = new Map();

/** Returns an element with attributes and children; text is text. */
function el(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else if (value === true) e.setAttribute(key, "");
    else if (value !== false && value !== undefined) e.setAttribute(key, value);
  }
  e.append(...children);
  return e;
}

/** Returns the elements of HTML that sandlint made, in which all texts are escaped. */
function drawn(html) {
  const t = document.createElement("template");
  t.innerHTML = html;
  for (const block of t.content.querySelectorAll("pre")) block.tabIndex = 0; // it may have to be scrolled
  return t.content;
}

const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

// Files

function paths() {
  return Object.keys(state.files).sort((a, b) => (a < b ? -1 : 1));
}

function showFiles() {
  const counts = new Map();
  for (const f of last?.drawn ?? []) {
    const worst = counts.get(f.path) ?? { n: 0, severity: f.severity };
    worst.n++;
    const order = ["style", "info", "warning", "error"];
    if (order.indexOf(f.severity) > order.indexOf(worst.severity)) worst.severity = f.severity;
    counts.set(f.path, worst);
  }
  byId("files").replaceChildren(...paths().map((path) => {
    const cut = path.lastIndexOf("/") + 1;
    const found = counts.get(path);
    const name = el("span", {}, cut > 0 ? el("span", { class: "folder" }, path.slice(0, cut)) : "", path.slice(cut));
    const button = el("button", { onclick: () => openFile(path), "aria-current": path === state.open && "true" }, name);
    if (found) {
      button.append(el("span", { class: `count sl-sev sl-${found.severity}`, "aria-label": count(found.n, "finding") }, String(found.n)));
    }
    return el("li", {}, button);
  }));
  byId("name").textContent = state.open ?? "no file";
  byId("rename").disabled = byId("remove").disabled = state.open === undefined;
  byId("editor").hidden = state.open === undefined;
}

function openFile(path) {
  state.open = path;
  if (path !== undefined) editor.show(path, state.files[path]);
  showFiles();
  mark();
  if (state.panel === "picture") showPicture();
  saveSoon();
}

// reload gives the engine the project after files came, went or changed their names.
function reload(open = state.open) {
  last = settled = null;
  engine.set(Object.assign({}, state.files), [...state.targets]);
  openFile(open !== undefined && open in state.files ? open : paths()[0]);
}

function load(project) {
  lasting = false;
  state.files = Object.assign(Object.create(null), project.files);
  state.targets = [...project.targets ?? []];
  editor.forget();
  reload(project.open);
  if (panels.includes(project.panel)) choose(project.panel);
  showTargets();
}

function askPath(title, value, use) {
  const input = el("input", { id: "path", value, autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "path-wrong" });
  const wrong = el("p", { class: "wrong", id: "path-wrong", role: "alert" });
  const form = el("form", { onsubmit: (e) => {
    e.preventDefault();
    const path = input.value.trim();
    const files = Object.assign(Object.create(null), state.files);
    if (value !== "") delete files[value];
    if (path !== value && path in files) wrong.textContent = `there is a file ${path} already`;
    else wrong.textContent = wrongPath(path) || wrongProject(Object.assign(files, { [path]: "" }));
    if (wrong.textContent === "") {
      byId("dialog").close();
      use(path);
    }
  } },
  el("label", { for: "path" }, "Path from the root of the project"), input, wrong,
  el("div", { class: "buttons" }, el("button", { type: "button", onclick: () => byId("dialog").close() }, "Cancel"),
    el("button", { class: "main" }, title)));
  dialog(title, form);
  input.focus();
  input.setSelectionRange(value.lastIndexOf("/") + 1, value.length);
}

function dialog(title, ...content) {
  const d = byId("dialog");
  d.replaceChildren(el("h2", { id: "dialog-title" }, title), ...content);
  if (!d.open) d.showModal();
}

async function take(list) {
  const files = Object.assign(Object.create(null), state.files);
  const refused = [];
  let first;
  for (const file of list) {
    const path = (file.webkitRelativePath || file.name).replace(/^\/+/, "");
    try {
      if (file.size > limits.bytes) throw new Error(`it has more than ${limits.bytes >> 10} KiB`);
      let text;
      try {
        text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(await file.arrayBuffer());
      } catch {
        throw new Error("it is not UTF-8 text");
      }
      const wrong = wrongPath(path) || wrongProject(Object.assign(Object.create(null), files, { [path]: text }));
      if (wrong) throw new Error(wrong);
      files[path] = text;
      first ??= path;
    } catch (e) {
      refused.push(`${path}: ${e.message}`);
    }
  }
  state.files = files;
  editor.forget();
  reload(first ?? state.open);
  if (refused.length > 0) {
    dialog("Not opened", el("ul", {}, ...refused.map((line) => el("li", {}, line))),
      el("div", { class: "buttons" }, el("button", { class: "main", onclick: () => byId("dialog").close() }, "Close")));
  }
}

// Findings

function mark() {
  if (state.open === undefined) return;
  const from = last;
  const here = [];
  from?.drawn.forEach((f, n) => {
    if (f.path !== state.open) return;
    const actions = f.fixes.map((fix, k) => ({ name: fix.title, safety: fix.safety, apply: () => applyFix(n, k, from) }));
    here.push({ ...f, actions: actions.filter((a) => a.safety !== "manual") });
  });
  const problems = (last?.problems ?? []).filter((p) => p.path === state.open && p.range);
  editor.mark([...here, ...problems.map((p) => ({ start: p.range.start, end: p.range.end, severity: "error", message: p.message }))]);
}

function checked(answer) {
  last = answer;
  kinds = new Map(answer.entries.map((e) => [e.path, e]));
  if (!lasting) byId("trouble").hidden = true;
  showFiles();
  mark();
  showFindings();
  if (answer.settled) {
    settled = answer;
    if (state.panel === "picture") showPicture();
  }
  saveSoon();
}

const key = (f) => `${f.rule}\n${f.path}\n${f.message}`;

function showFindings() {
  const { summary, problems, report } = last;
  const fixed = new Map();
  if (!last.settled) for (const f of settled?.drawn ?? []) fixed.set(key(f), f);
  byId("tab-findings").textContent = `Findings (${last.drawn.length})`;
  byId("summary").textContent = (last.settled ? summary : summary.replace(/; .*/, "")).replace(/ fixable with "sandlint fix"/, " with a safe fix")
    .replace(/(\d+) more with --unsafe/, "$1 more with an unsafe one").replace(/ fixable with "sandlint fix --unsafe"/, " with an unsafe fix");
  const order = [...last.drawn.keys()].sort((a, b) => (last.drawn[b].path === state.open) - (last.drawn[a].path === state.open) || a - b);
  const items = [];
  for (const p of problems) {
    const where = p.range ? `${p.path}:${p.range.start.line}:${p.range.start.column}: ` : p.path ? `${p.path}: ` : "";
    items.push(el("p", { class: "wrong" }, where + p.message));
  }
  for (const e of report.errors) items.push(el("p", { class: "wrong" }, `${e.path}: ${e.message}`));
  for (const n of order) items.push(finding(n, fixed.get(key(last.drawn[n]))));
  for (const s of report.files.skipped) items.push(el("p", { class: "sl-note" }, `${s.path} is not checked: ${s.reason}`));
  if (last.drawn.length === 0 && problems.length === 0 && report.errors.length === 0 && report.files.checked > 0) {
    items.unshift(el("p", { class: "clean" }, "Nothing found."));
  } else if (report.files.checked === 0) {
    items.unshift(el("p", { class: "sl-note" }, "No file of a kind that sandlint checks: a Dockerfile, a nix.conf, a seccomp profile, or a file that holds one."));
  }
  const list = byId("list");
  const at = list.parentElement.scrollTop;
  list.replaceChildren(...items);
  list.parentElement.scrollTop = at;
  const safe = last.drawn.some((f) => f.fixes.some((x) => x.safety === "safe"));
  const unsafe = last.drawn.some((f) => f.fixes.some((x) => x.safety === "unsafe"));
  byId("fix-safe").disabled = !safe;
  byId("fix-unsafe").disabled = !unsafe;
  if (last.settled) byId("all").hidden = !safe && !unsafe;
}

// finding returns a finding as an element. Before its fixes are known, those that it had before stand there, and cannot
// be applied.
function finding(n, before) {
  const f = last.drawn[n];
  const content = drawn(f.html);
  const article = content.querySelector("article");
  if (f.fixes.length === 0 && before) {
    for (const fix of drawn(before.html).querySelectorAll(".sl-fix")) article.append(fix);
  }
  const fixes = f.fixes.length > 0 ? f.fixes : before?.fixes ?? [];
  article.querySelectorAll(".sl-fix").forEach((box, k) => {
    if (!fixes[k] || fixes[k].safety === "manual") return;
    const from = last;
    box.append(el("button", { disabled: !last.settled, onclick: () => applyFix(n, k, from) }, "Apply this fix"));
  });
  for (const at of article.querySelectorAll(".sl-place")) {
    const found = /^(.+):(\d+):(\d+)$/s.exec(at.textContent);
    const [path, start] = at.closest(".sl-meta") ? [f.path, f.start] : [found?.[1], { line: Number(found?.[2]), column: Number(found?.[3]) }];
    if (path in state.files) at.replaceChildren(el("button", { onclick: () => goTo(path, start) }, at.textContent));
  }
  const rule = article.querySelector(".sl-rule");
  if (rule) {
    rule.replaceChildren(el("button", { onclick: () => explain(f.rule) }, f.rule));
  }
  return article;
}

function goTo(path, start) {
  if (path !== state.open) openFile(path);
  editor.go(start);
}

// current marks the findings on the line of the cursor.
function current(offset) {
  if (!last) return;
  const line = editor.view.state.doc.lineAt(offset).number;
  for (const article of byId("list").querySelectorAll("article")) {
    const f = last.drawn[Number(article.id.slice(1)) - 1];
    article.classList.toggle("here", f !== undefined && f.path === state.open && f.start.line <= line && line <= f.end.line);
  }
}

async function explain(id) {
  const page = await engine.ask({ do: "rule", rule: id });
  const body = el("div", { class: "page" });
  if (page.error) {
    body.append(el("p", { class: "wrong" }, page.error));
  } else {
    body.append(drawn(markdown.render(page.markdown)));
    for (const a of body.querySelectorAll("a")) {
      if (!/^https?:/.test(a.getAttribute("href") ?? "")) a.replaceWith(...a.childNodes);
      else a.rel = "noreferrer noopener";
    }
    for (const h of body.querySelectorAll("h1")) h.remove(); // the title of the dialog
  }
  dialog(page.id ?? id, body, el("div", { class: "buttons" }, el("button", { class: "main", onclick: () => byId("dialog").close() }, "Close")));
  byId("dialog").scrollTop = 0;
}

async function applyFix(n, k, from) {
  if (from !== last || !last.settled) return; // it is about texts that changed since
  const changes = await engine.ask({ do: "apply", finding: n, fix: k });
  if (changes.error) trouble(changes.error);
  else accept(changes);
}

// accept puts texts into the project that a fix made.
function accept(changes) {
  for (const { path, text } of changes.files) {
    if (!(path in state.files)) continue;
    if (path === state.open) {
      editor.replace(text);
    } else {
      state.files[path] = text;
      engine.changed(path, text);
    }
  }
}

async function fixAll(unsafe) {
  const title = unsafe ? "All fixes, unsafe ones too" : "All safe fixes";
  const revision = engine.revision;
  const changes = await engine.ask({ do: "fix", unsafe });
  if (changes.error) {
    trouble(changes.error);
    return;
  }
  const content = changes.files.map((f) => diff(f.diff));
  dialog(title,
    el("p", {}, unsafe ? "Unsafe fixes change what the files mean in the way their titles say." : "Safe fixes keep the meaning, or mend what had one possible meaning."),
    el("ul", {}, ...changes.fixes.map((t) => el("li", {}, t))), ...content,
    el("div", { class: "buttons" }, el("button", { onclick: () => byId("dialog").close() }, "Cancel"),
      el("button", { class: "main", onclick: () => {
        byId("dialog").close();
        if (revision === engine.revision) accept(changes);
      } }, `Apply to ${count(changes.files.length, "file")}`)));
}

// diff returns a unified diff as elements.
function diff(text) {
  const lines = text.replace(/\n$/, "").split("\n");
  let header = true;
  return el("pre", { class: "sl-code sl-unified", tabindex: "0" }, ...lines.map((line) => {
    header &&= !line.startsWith("@@");
    const name = header || line.startsWith("@@") ? "span" : { "+": "ins", "-": "del" }[line[0]] ?? "span";
    return el(name, { class: header || line.startsWith("@@") ? "sl-gap" : undefined }, line === "" ? " " : line);
  }));
}

// The picture of a file

async function showPicture() {
  const panel = byId("picture");
  const path = state.open;
  const entry = path === undefined ? undefined : kinds.get(path);
  if (!entry?.picture) {
    panel.replaceChildren(el("p", { class: "sl-note" }, "Open a Dockerfile, a bake file or a Compose file to see its timeline, a nix.conf to see its settings, or a seccomp profile to see its decisions."));
    return;
  }
  const picture = await engine.ask({ do: "draw", path });
  if (path !== state.open || state.panel !== "picture") return;
  const at = panel.scrollTop;
  if (picture.error) {
    panel.replaceChildren(el("p", { class: "sl-note" }, picture.error));
    return;
  }
  panel.replaceChildren(...picture.warnings.map((w) => el("p", { class: "wrong" }, w)), drawn(picture.html),
    ...(picture.text ? [el("h3", {}, `Settings that ${path} gives`), el("pre", { tabindex: "0" }, picture.text)] : []));
  for (const box of panel.querySelectorAll(".sl-scroll")) box.tabIndex = 0;
  panel.scrollTop = at;
}

// Targets

let consumers = [];

function showTargets() {
  const panel = byId("targets");
  const rows = el("div", {});
  const used = new Map();
  for (const t of state.targets) {
    const [consumer, ...version] = t.split("=");
    used.set(t, [consumer, version.join("=")]);
  }
  for (const [t, [consumer, version]] of used) {
    rows.append(el("div", { class: "row" }, el("span", {}, consumer), el("code", {}, version),
      el("button", { "aria-label": `Remove ${t}`, onclick: () => setTargets(state.targets.filter((x) => x !== t)) }, "Remove")));
  }
  const version = el("input", { id: "target-version", "aria-label": "Version", autocomplete: "off", placeholder: "version" });
  const consumer = el("select", { id: "target-consumer", "aria-label": "Consumer", onchange: () => hint() },
    ...consumers.map((c) => el("option", { value: c.name }, c.name)));
  const wrong = el("p", { class: "wrong", role: "alert" });
  const hint = () => {
    const newest = consumers.find((c) => c.name === consumer.value)?.newest;
    version.placeholder = newest || { platform: "linux/arm64", builder: "linux/amd64" }[consumer.value] || "version";
  };
  const add = async (e) => {
    e.preventDefault();
    const value = `${consumer.value}=${version.value.trim() || version.placeholder}`;
    const answer = await setTargets([...state.targets.filter((t) => t !== value), value]);
    if (answer) wrong.textContent = answer;
  };
  if (consumers.some((c) => c.name === "nix")) consumer.value = "nix";
  hint();
  panel.replaceChildren(
    el("p", {}, "Which programs, in which versions, the files are for. Without any, those in wide use count. A range such as 2.18..2.24 is possible."),
    rows, el("form", { onsubmit: add }, el("div", { class: "row" }, consumer, version, el("button", {}, "Add"), wrong)));
  byId("tab-targets").textContent = state.targets.length > 0 ? `Targets (${state.targets.length})` : "Targets";
}

// setTargets uses other targets, and returns what is wrong with them.
async function setTargets(targets) {
  const answer = await engine.ask({ do: "targets", targets });
  if (answer.error) return answer.error;
  state.targets = targets;
  engine.set(Object.assign({}, state.files), [...targets]);
  showTargets();
  saveSoon();
  return "";
}

// Panels, link, colours

function choose(panel) {
  state.panel = panel;
  for (const name of panels) {
    const on = name === panel;
    byId(name).hidden = !on;
    byId(`tab-${name}`).setAttribute("aria-selected", String(on));
    byId(`tab-${name}`).tabIndex = on ? 0 : -1;
  }
  if (panel === "picture") showPicture();
  saveSoon();
}

let lasting = false; // what is wrong stays until the user changes something

function trouble(text, lasts = false) {
  lasting = lasts;
  const p = byId("trouble");
  p.textContent = text.split("\n")[0];
  p.hidden = false;
}

let saving;
function saveSoon() {
  clearTimeout(saving);
  saving = setTimeout(save, 400);
}

// save keeps the state in the address, so that it survives a reload, and returns whether it fits there.
async function save() {
  const link = await write(state);
  if (link !== location.hash) history.replaceState(null, "", link || location.pathname + location.search);
  return link !== "";
}

async function restore() {
  try {
    const project = await read(location.hash);
    if (project) {
      load(project);
      return;
    }
  } catch (e) {
    load(EXAMPLES[0]);
    trouble(`${e.message}; this is an example instead`, true);
    return;
  }
  load(EXAMPLES[0]);
}

const engine = new Engine({
  checked,
  status: (text) => { if (text !== "") byId("summary").textContent = `${text}…`; },
  failed: trouble,
});
const editor = new Editor(byId("editor"), (text) => {
  if (state.open === undefined || state.files[state.open] === text) return;
  state.files[state.open] = text;
  lasting = false;
  engine.changed(state.open, text);
}, current);

byId("example").append(...EXAMPLES.map((e, n) => el("option", { value: n }, e.title)));
byId("example").addEventListener("change", ({ target }) => {
  if (target.value !== "") load({ ...EXAMPLES[target.value], targets: [] });
  target.value = "";
});
byId("new").addEventListener("click", () => askPath("Create file", "", (path) => {
  state.files[path] = "";
  reload(path);
  editor.view.focus();
}));
byId("rename").addEventListener("click", () => askPath("Rename file", state.open, (path) => {
  const text = state.files[state.open];
  delete state.files[state.open];
  state.files[path] = text;
  editor.forget();
  reload(path);
}));
byId("remove").addEventListener("click", () => {
  dialog(`Delete ${state.open}?`, el("p", {}, "The project does not have it then; a file on your disk stays as it is."),
    el("div", { class: "buttons" }, el("button", { onclick: () => byId("dialog").close() }, "Cancel"),
      el("button", { class: "main", onclick: () => {
        byId("dialog").close();
        delete state.files[state.open];
        editor.forget();
        reload();
      } }, "Delete")));
});
byId("choose").addEventListener("click", () => byId("picker").click());
byId("picker").addEventListener("change", async ({ target }) => {
  await take([...target.files]);
  target.value = "";
});
for (const type of ["dragover", "dragleave", "drop"]) {
  addEventListener(type, (e) => {
    if (!e.dataTransfer?.types.includes("Files")) return;
    e.preventDefault();
    document.body.classList.toggle("drop", type === "dragover");
    if (type === "drop") take([...e.dataTransfer.files]);
  });
}
byId("fix-safe").addEventListener("click", () => fixAll(false));
byId("fix-unsafe").addEventListener("click", () => fixAll(true));
byId("share").addEventListener("click", async ({ target }) => {
  let said = "Link copied";
  if (!await save()) said = "Too large for a link";
  else await navigator.clipboard.writeText(location.href).catch(() => { said = "Copy the address above"; });
  target.textContent = said;
  setTimeout(() => { target.textContent = "Copy link"; }, 2500);
});
byId("theme").addEventListener("change", ({ target }) => {
  if (target.value) document.documentElement.dataset.theme = target.value;
  else delete document.documentElement.dataset.theme;
});
for (const name of panels) {
  byId(`tab-${name}`).addEventListener("click", () => choose(name));
  byId(`tab-${name}`).addEventListener("keydown", (e) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    const next = panels[(panels.indexOf(name) + step + panels.length) % panels.length];
    choose(next);
    byId(`tab-${next}`).focus();
  });
}
addEventListener("hashchange", restore);
engine.ask({ do: "about" }).then((about) => {
  if (about.error) return;
  consumers = about.consumers;
  byId("version").textContent = `sandlint ${about.version}`;
  showTargets();
});
// For tests, which compare what is found and measure how long that takes.
globalThis.playground = { engine, editor, state, report: () => last?.report };
restore();
