(() => {
"use strict";
const root = document.documentElement;
const byId = (id) => document.getElementById(id);
root.classList.add("sl-js");

// Colours.
const theme = byId("theme");
const themes = ["", "light", "dark"];
const keep = (value) => { try { localStorage.setItem("sandlint-theme", value); } catch { /* not allowed here */ } };
const kept = () => { try { return localStorage.getItem("sandlint-theme"); } catch { return ""; } };
const colour = (value) => {
  if (!themes.includes(value)) value = "";
  theme.value = value;
  if (value) root.dataset.theme = value; else delete root.dataset.theme;
};
colour(kept());
theme.addEventListener("change", () => { colour(theme.value); keep(theme.value); });

const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
const plural = (n, noun) => n + " " + noun + (n === 1 ? "" : "s");
const filters = byId("filters");

// The address of the page holds the filters behind "#?", as far as they differ from those of the page as it is made, so a
// link to it and a reload show the same. Choices stand in it by what people read, which other pages have too.
const controls = new Map();
if (filters) {
  for (const id of ["q", "rule", "file", "fix", "by"]) controls.set(id, byId(id));
  for (const box of filters.querySelectorAll("[name=s]")) controls.set(box.value, box);
}
for (const form of document.querySelectorAll("form[data-table]"))
  for (const c of form.querySelectorAll("[data-filter]")) controls.set(form.dataset.table + "." + c.dataset.filter, c);
const refilter = [];
const initial = (select) => [...select.options].find((o) => o.defaultSelected) || select.options[0];
const spelt = (option) => /^\d+$/.test(option.value) ? option.textContent : option.value;
const restore = () => {
  if (!location.hash.startsWith("#?")) return;
  const given = new URLSearchParams(location.hash.slice(2));
  for (const [name, c] of controls) {
    const value = given.get(name);
    if (c.type === "checkbox") {
      c.checked = value === null ? c.defaultChecked : value === "on";
    } else if (c.options) {
      initial(c).selected = true;
      for (const o of c.options) if (spelt(o) === value) o.selected = true;
    } else {
      c.value = value || "";
    }
  }
};
const save = () => {
  const now = new URLSearchParams();
  for (const [name, c] of controls) {
    if (c.type === "checkbox") {
      if (c.checked !== c.defaultChecked) now.set(name, c.checked ? "on" : "off");
    } else if (c.options) {
      if (c.selectedOptions[0] !== initial(c)) now.set(name, spelt(c.selectedOptions[0]));
    } else if (c.value) {
      now.set(name, c.value);
    }
  }
  const hash = String(now) && "#?" + now;
  if (hash === location.hash || !hash && !location.hash.startsWith("#?")) return; // another anchor stays
  try { history.replaceState(null, "", hash || location.pathname + location.search); } catch { /* not allowed here */ }
};
let saving;
const saveSoon = () => { // browsers refuse many changes of the address in a short time
  clearTimeout(saving);
  saving = setTimeout(save, 200);
};
restore();
addEventListener("hashchange", () => {
  restore();
  for (const f of refilter) f();
});

// Findings.
const findings = [...document.querySelectorAll("article.sl-finding")];
let groups = [...document.querySelectorAll("section.sl-group")];
if (filters) {
  const texts = new Map();
  const textOf = (f) => {
    let text = texts.get(f);
    if (text === undefined) {
      // The place is text too, so a part of a path finds it.
      text = f.textContent.toLowerCase();
      texts.set(f, text);
    }
    return text;
  };
  const holder = document.createElement("div");
  if (groups.length) groups[0].before(holder);
  const none = document.createElement("p");
  none.textContent = "No finding matches the filters.";
  none.className = "sl-none";
  none.hidden = true;
  holder.append(none, ...groups);

  const count = () => {
    for (const g of groups) {
      const n = [...g.querySelectorAll(".sl-finding")].filter((f) => !f.hidden).length;
      g.hidden = n === 0;
      g.querySelector(".sl-count").textContent = plural(n, "finding");
    }
    // A chunk that is not laid out takes as much room as its findings probably need.
    for (const c of holder.querySelectorAll(".sl-chunk")) {
      let n = 0;
      for (const f of c.children) if (!f.hidden) n++;
      c.hidden = n === 0;
      c.style.containIntrinsicSize = "1px " + n * 14 + "rem";
    }
  };
  const filter = () => {
    const severities = new Set([...filters.querySelectorAll("[name=s]:checked")].map((box) => box.value));
    const all = words(byId("q").value);
    const rule = byId("rule").value, file = byId("file").value, fix = byId("fix").value;
    let shown = 0;
    for (const f of findings) {
      const d = f.dataset;
      const ok = severities.has(d.s) && (!rule || d.r === rule) && (!file || d.f === file) && (!fix || d.x === fix) &&
        all.every((w) => textOf(f).includes(w));
      f.hidden = !ok;
      if (ok) shown++;
    }
    count();
    none.hidden = shown > 0;
    byId("shown").textContent = shown + " of " + plural(findings.length, "finding");
    saveSoon();
  };
  let grouped = "file";
  const regroup = () => {
    const by = byId("by").value;
    if (by !== grouped) {
      grouped = by;
      const key = by === "rule" ? "r" : "f";
      const label = (n) => byId(by).options[Number(n) + 1].textContent;
      const made = new Map();
      const sorted = [...findings].sort((a, b) => a.dataset[key] - b.dataset[key] ||
        a.id.slice(1) - b.id.slice(1));
      for (const f of sorted) {
        const n = f.dataset[key];
        let group = made.get(n);
        if (!group) {
          group = document.createElement("section");
          group.className = "sl-group";
          const head = document.createElement("h3");
          const name = document.createElement("span");
          name.className = "sl-place";
          name.textContent = label(n);
          const counted = document.createElement("span");
          counted.className = "sl-count";
          head.append(name, " ", counted);
          group.append(head);
          made.set(n, group);
        }
        if (group.lastChild.childElementCount >= 50 || group.lastChild.localName === "h3") {
          const chunk = document.createElement("div");
          chunk.className = "sl-chunk";
          group.append(chunk);
        }
        group.lastChild.append(f);
      }
      for (const g of groups) g.remove();
      groups = [...made.values()];
      holder.append(...groups);
      findings.splice(0, findings.length, ...sorted);
    }
    filter();
  };
  for (const only of document.querySelectorAll("[data-only]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = only.textContent;
    const name = only.closest("tr").querySelector(".sl-rule").textContent;
    button.setAttribute("aria-label", "Show " + plural(Number(only.textContent), "finding") + " of " + name);
    button.addEventListener("click", () => {
      const now = only.dataset.only;
      byId("rule").value = byId("rule").value === now ? "" : now;
      filter();
      filters.scrollIntoView();
    });
    only.replaceChildren(button);
  }
  filters.addEventListener("input", regroup);
  filters.addEventListener("submit", (e) => e.preventDefault());
  filters.addEventListener("reset", () => setTimeout(regroup));
  refilter.push(regroup);
  regroup();
}

// Decisions.
for (const form of document.querySelectorAll("form[data-table]")) {
  const section = byId(form.dataset.table);
  const rows = [...section.querySelectorAll("tbody tr")];
  const field = (name) => form.querySelector("[data-filter=" + name + "]");
  const shown = form.querySelector("output");
  const columns = section.querySelectorAll("thead [data-p]").length;
  const archs = field("a") ? [...field("a").options].map((o) => o.textContent) : [];
  const filter = () => {
    const all = words(field("q").value);
    const arch = field("a") ? field("a").value : "";
    const kind = field("k").value;
    let chosen = [...Array(columns).keys()];
    if (field("left")) {
      chosen = [Number(field("left").value), Number(field("right").value)];
      for (const cell of section.querySelectorAll("[data-p]")) cell.hidden = !chosen.includes(Number(cell.dataset.p));
    }
    const differs = (cells) =>
      chosen.some((c) => cells[c].dataset.e !== cells[chosen[0]].dataset.e);
    let n = 0;
    for (const row of rows) {
      const cells = row.querySelectorAll("td[data-p]");
      const text = row.textContent.toLowerCase();
      const ok = (!arch || row.cells[0].textContent === archs[Number(arch) + 1]) &&
        (!kind || chosen.some((c) => cells[c].className === "sl-" + kind)) &&
        (!field("d") || !field("d").checked || differs(cells)) &&
        (!field("o") || !field("o").checked || "o" in row.dataset) && all.every((w) => text.includes(w));
      row.hidden = !ok;
      if (field("left")) row.classList.toggle("sl-differs", differs(cells));
      if (ok) n++;
    }
    shown.textContent = n + " of " + plural(rows.length, "row");
    saveSoon();
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (e) => e.preventDefault());
  refilter.push(filter);
  filter();
}

// What scrolls can be reached with the keyboard; what does not is no stop on the way. The boxes of findings are measured
// when the browser lays them out, since all at once would take long.
const reachable = (box) => {
  if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
};
const boxes = [...document.querySelectorAll("pre, .sl-scroll")];
const measure = () => {
  for (const box of boxes) if (findings.length <= 100 || !box.closest(".sl-chunk")) reachable(box);
};
measure();
addEventListener("resize", measure);
document.addEventListener("contentvisibilityautostatechange", (e) => {
  if (!e.skipped) e.target.querySelectorAll("pre").forEach(reachable);
});

// Keys.
const typing = (e) => e.target.closest("input, select, textarea") || e.ctrlKey || e.metaKey || e.altKey;
const step = (by) => {
  const visible = findings.filter((f) => !f.hidden);
  if (!visible.length) return;
  const at = visible.indexOf(document.activeElement && document.activeElement.closest("article.sl-finding"));
  const next = at < 0 ? (by > 0 ? 0 : visible.length - 1) : Math.min(Math.max(at + by, 0), visible.length - 1);
  visible[next].focus({ preventScroll: true });
  visible[next].scrollIntoView({ block: "start" });
};
document.addEventListener("keydown", (e) => {
  const search = byId("q") || document.querySelector("[data-filter=q]");
  if (e.key === "Escape" && e.target === search) {
    search.value = "";
    search.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  if (typing(e) || !byId("shortcuts").checked) return;
  if (e.key === "/" && search) {
    search.focus();
  } else if (e.key === "j" && findings.length) {
    step(1);
  } else if (e.key === "k" && findings.length) {
    step(-1);
  } else if (e.key === "g" && filters) {
    byId("by").value = byId("by").value === "file" ? "rule" : "file";
    filters.dispatchEvent(new Event("input"));
  } else if (e.key === "t") {
    theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length];
    theme.dispatchEvent(new Event("change"));
  } else {
    return;
  }
  e.preventDefault();
});
})();
