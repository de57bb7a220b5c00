// The playground does what people do with it, finds what the program finds, and nothing hostile runs in it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { deflateRawSync } from "node:zlib";
import { close, launch, pages, sideways, violations, visit } from "./browser.mjs";
import { files as hostileFiles, texts } from "./hostile.mjs";

const built = join(pages, "playground");
const types = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".gz": "application/gzip" };
let server, home;

before(async () => {
  server = createServer((request, response) => {
    const name = new URL(request.url, "http://x").pathname.replace(/\/$/, "/index.html");
    try {
      const body = readFileSync(join(built, name));
      response.writeHead(200, { "Content-Type": types[extname(name)] ?? "text/plain" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  home = `http://127.0.0.1:${server.address().port}/`;
  await launch();
});
after(async () => {
  await close();
  server.close();
});

// open opens the page at an address, and waits for all findings.
async function open(address = home, options = {}) {
  const { page, faults, end } = await visit(address, options,
    (to) => to.startsWith(home) || to.startsWith("blob:") || to.startsWith("data:") || to.startsWith(pathToFileURL(built).href));
  page.setDefaultTimeout(60_000);
  await settled(page);
  return { page, faults, end };
}

const settled = (page) => page.waitForFunction(() => globalThis.playground?.engine.settled, null, { timeout: 120_000 });

// link returns the fragment that holds a state.
const link = (state) => "#1." + deflateRawSync(JSON.stringify(state)).toString("base64url");

// put replaces the text in the editor as a user does.
async function put(page, text) {
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(text);
}

// onDisk returns the findings of "sandlint check" for files.
function onDisk(files, ...flags) {
  const folder = mkdtempSync(join(tmpdir(), "playground-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const args = ["check", "--no-shellcheck", "--exit-zero", "--format", "json", ...flags];
    return JSON.parse(execFileSync(join(pages, "sandlint"), args, { cwd: folder, encoding: "utf8" }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("the program is small enough", (t) => {
  const { size } = statSync(join(built, "sandlint.wasm.gz"));
  t.diagnostic(`sandlint.wasm.gz: ${size} bytes`);
  assert.ok(size <= 8_000_000, `${size} bytes`);
});

test("findings come while one types, and fixes are applied", async (t) => {
  const { page, faults, end } = await open();
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  t.diagnostic(`first paint after ${Math.round(paint)} ms`);
  await page.locator("#files").getByRole("button", { name: /^nix\.conf/ }).click();
  await put(page, "cores = 4\n");
  await settled(page);
  assert.equal(await page.locator("#list article", { hasText: "nix.conf:" }).count(), 0);

  await page.evaluate(() => { playground.engine.latency.length = 0; });
  await page.keyboard.type("experimental-feature = flakes", { delay: 100 });
  const finding = page.locator("#list article", { hasText: 'did you mean "experimental-features"?' });
  await finding.waitFor();
  const latency = await page.evaluate(() => [...playground.engine.latency].sort((a, b) => a - b));
  t.diagnostic(`${latency.length} key strokes: findings after ${Math.round(latency[latency.length >> 1])} ms (median), ` +
    `${Math.round(latency.at(-1))} ms (most)`);
  assert.equal(await page.locator(".cm-lintRange-warning, .cm-lintRange-error").count() > 0, true);
  assert.match(await finding.locator("pre").first().textContent(), /\^{10}/);

  await settled(page);
  assert.match(await finding.locator(".sl-diff ins").textContent(), /experimental-features = flakes/);
  await finding.getByRole("button", { name: "Apply this fix" }).click();
  await page.waitForFunction(() => playground.state.files["nix.conf"] === "cores = 4\nexperimental-features = flakes");
  await settled(page);
  assert.equal(await finding.count(), 0);
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+Z");
  await page.waitForFunction(() => playground.state.files["nix.conf"] === "cores = 4\nexperimental-feature = flakes");
  await finding.waitFor();

  await settled(page);
  const before = await page.locator("#list article").count();
  await page.getByRole("button", { name: "Apply all safe fixes…" }).click();
  await page.locator("dialog ins").first().waitFor();
  await page.getByRole("button", { name: /^Apply to \d files?$/ }).click();
  await settled(page);
  assert.ok(await page.locator("#list article").count() < before);
  const { findings } = onDisk(await page.evaluate(() => ({ ...playground.state.files })));
  assert.deepEqual(await page.evaluate(() => playground.report().findings), findings);
  assert.deepEqual(faults, []);
  await end();
});

test("a fix right after typing is undone alone", async () => {
  const { page, faults, end } = await open();
  await page.locator("#files").getByRole("button", { name: /^nix\.conf/ }).click();
  await put(page, "cores = 4\n");
  const text = await page.evaluate(() => {
    const { editor, state } = playground;
    const at = editor.view.state.doc.length;
    editor.view.dispatch({ changes: { from: at, insert: "experimental-feature = flakes" }, userEvent: "input.type" });
    editor.replace("cores = 4\nexperimental-features = flakes");
    return state.files["nix.conf"];
  });
  assert.equal(text, "cores = 4\nexperimental-features = flakes");
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+Z");
  await page.waitForFunction(() => playground.state.files["nix.conf"] === "cores = 4\nexperimental-feature = flakes");
  assert.deepEqual(faults, []);
  await end();
});

test("a link holds files, targets, the open file and the panel", async () => {
  const first = await open();
  const { page } = first;
  await page.getByRole("tab", { name: "Targets" }).click();
  await page.getByLabel("Consumer").selectOption("nix");
  await page.getByLabel("Version").fill("9.");
  await page.getByRole("button", { name: "Add" }).click();
  await page.locator("#targets .wrong:not(:empty)").waitFor();
  await page.getByLabel("Version").fill("2.24");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: "Remove nix=2.24" }).waitFor();

  await page.getByRole("button", { name: "New file" }).click();
  await page.getByLabel("Path from the root").fill("../x");
  await page.getByRole("button", { name: "Create file" }).click();
  assert.match(await page.locator("#path-wrong").textContent(), /root of the project/);
  await page.getByLabel("Path from the root").fill("sub/Dockerfile");
  await page.getByRole("button", { name: "Create file" }).click();
  await page.locator("#name", { hasText: "sub/Dockerfile" }).waitFor();
  await page.keyboard.insertText("FROM debian:12\r\nRUN nix-env -iA x\r\n# \u{1F600} ü\n");
  await page.locator("#files").getByRole("button", { name: /^README\.md/ }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.locator("#files").getByRole("button", { name: /^nix\.conf/ }).click();
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByLabel("Path from the root").fill("etc/nix.conf");
  await page.getByRole("button", { name: "Rename file" }).click();
  await settled(page);
  const state = await page.evaluate(() => ({ ...playground.state, files: { ...playground.state.files } }));
  assert.deepEqual(Object.keys(state.files).sort(), ["Dockerfile", "etc/nix.conf", "seccomp.json", "sub/Dockerfile"]);
  assert.deepEqual(state.targets, ["nix=2.24"]);
  const { findings } = onDisk(state.files, "--target", "nix=2.24");
  assert.deepEqual(await page.evaluate(() => playground.report().findings), findings);
  await page.waitForTimeout(600); // the address follows after a moment
  const address = page.url();
  assert.match(address, /#1\.[\w-]+$/);
  assert.deepEqual(first.faults, []);
  await first.end();

  const second = await open(address);
  assert.deepEqual(await second.page.evaluate(() => ({ ...playground.state, files: { ...playground.state.files } })), state);
  assert.deepEqual(await second.page.evaluate(() => playground.report().findings), findings);
  assert.equal(await second.page.getByRole("button", { name: "Remove nix=2.24" }).isVisible(), true);
  assert.deepEqual(second.faults, []);
  await second.end();
});

test("each example has the findings of sandlint check, and a picture", async () => {
  const { page, faults, end } = await open();
  const titles = (await page.locator("#example option").allTextContents()).slice(1);
  assert.ok(titles.length >= 4);
  await page.getByRole("tab", { name: "Picture" }).click();
  for (const title of titles) {
    await page.locator("#example").selectOption({ label: title });
    await settled(page);
    const { findings } = onDisk(await page.evaluate(() => ({ ...playground.state.files })));
    assert.deepEqual(await page.evaluate(() => playground.report().findings), findings, title);
    await page.locator("#picture .sl-stage, #picture .sl-decisions").first().waitFor();
  }
  await page.getByRole("tab", { name: /^Findings/ }).click();
  await page.locator("#list .sl-rule button").first().click();
  await page.locator("dialog .page p").first().waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  assert.deepEqual(faults, []);
  await end();
});

for (const [name, options] of [["light", { colorScheme: "light" }], ["dark", { colorScheme: "dark" }],
  ["a phone", { viewport: { width: 400, height: 800 } }]]) {
  test(`in ${name}, everybody can use it`, async () => {
    const { page, faults, end } = await open(home, options);
    const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    assert.equal(background, name === "dark" ? "rgb(20, 23, 28)" : "rgb(255, 255, 255)");
    for (const tab of [/^Findings/, "Picture", /^Targets/]) {
      await page.getByRole("tab", { name: tab }).click();
      if (tab === "Picture") await page.locator("#picture .sl-stage").first().waitFor();
      assert.deepEqual(await violations(page), []);
      assert.deepEqual(await sideways(page), []);
    }
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.getByRole("tab", { name: /^Findings/ }).getAttribute("aria-selected"), "true");
    await page.getByRole("button", { name: "Apply all safe fixes…" }).click();
    await page.locator("dialog ins").first().waitFor();
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(await sideways(page), []);
    assert.deepEqual(faults, []);
    await end();
  });
}

test("it works from a folder, without a server", async () => {
  const { page, faults, end } = await open("playground/index.html");
  assert.ok(await page.locator("#list article").count() > 5);
  assert.deepEqual(faults, []);
  await end();
});

// unharmed returns what of hostile texts became more than text.
const unharmed = (page) => page.evaluate(() => {
  const out = [];
  for (const e of document.querySelectorAll("*")) {
    for (const a of e.attributes) if (/^on|^srcdoc$|^formaction$|^action$|^ping$/.test(a.name)) out.push(`${e.localName} has ${a.name}`);
    if (/^(iframe|object|embed|form|math|base|svg|plaintext|xmp)$/.test(e.localName) && !e.closest("#targets, .cm-editor")) out.push(e.outerHTML);
    if (e.localName === "img" && !e.classList.contains("cm-widgetBuffer")) out.push(e.outerHTML);
    if (e.localName === "a" && !/^(https:\/\/github\.com\/sandlint\/|NOTICES\.txt$)/.test(e.getAttribute("href"))) out.push(e.outerHTML);
    if (e.localName === "script" && e.getAttribute("src") !== "playground.js") out.push(e.outerHTML);
  }
  if (document.title !== "sandlint playground") out.push(`the title is ${document.title}`);
  return out;
});

test("hostile names and texts are text", async () => {
  const files = {};
  for (const [path, text] of Object.entries(hostileFiles())) {
    const bad = /[\u0000-\u001f\u007f-\u009f]/.test(path) || Buffer.byteLength(path) > 200 ||
      path.split("/").some((p) => p === "" || p === "." || p === "..");
    if (!bad && Object.keys(files).length < 100) files[path] = text;
  }
  assert.ok(Object.keys(files).length > 60);
  const { page, faults, end } = await open(home + link({ f: files, t: [], o: Object.keys(files)[0], p: "picture" }),
    { viewport: { width: 400, height: 800 } });
  assert.equal(await page.evaluate(() => Object.keys(playground.state.files).length), Object.keys(files).length);
  assert.ok(await page.locator("#list article").count() > 100);
  for (const path of Object.keys(files).filter((_, n) => n % 16 === 0)) {
    await page.evaluate((wanted) => {
      const names = [...document.querySelectorAll("#files button")];
      names.find((b) => b.querySelector("span").textContent === wanted).click();
    }, path);
    assert.deepEqual(await unharmed(page), []);
  }
  await page.getByRole("tab", { name: /^Findings/ }).click();
  await page.locator("#list .sl-rule button", { hasText: "hostile/" }).first().click();
  await page.locator("dialog .page").waitFor();
  assert.deepEqual(await unharmed(page), []);
  await page.getByRole("button", { name: "Close" }).click();
  await page.locator("#list .sl-place button").first().click();
  await page.locator(".cm-lint-marker").first().hover();
  assert.deepEqual(await unharmed(page), []);
  assert.deepEqual(await sideways(page), []);
  assert.deepEqual(faults, []);
  await end();
});

test("hostile links are refused", async () => {
  const bomb = "#1." + deflateRawSync(Buffer.alloc(40_000_000, " ")).toString("base64url");
  const { page, faults, end } = await open();
  for (const fragment of [
    ...texts.slice(0, 12).map((text) => "#" + encodeURIComponent(text)), "#1.", "#1.!", "#1.AAAA", "#2.AAAA", bomb,
    "#1." + "A".repeat(70_000), link(null), link([]), link({ f: [] }), link({ f: { a: 1 } }), link({ f: { "../a": "" } }),
    link({ f: { "a\nb": "" } }), link({ f: { a: "", "a/b": "" } }), link({ f: {}, t: [1] }), link({ f: {}, t: "x" }),
    link({ f: Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`f${n}`, ""])) }),
  ]) {
    await page.evaluate((f) => { document.getElementById("trouble").hidden = true; location.hash = f; }, fragment);
    await page.locator("#trouble:visible", { hasText: "link" }).waitFor();
    assert.deepEqual(await page.evaluate(() => Object.keys(playground.state.files).length), 4, fragment.slice(0, 80));
  }
  assert.deepEqual(await unharmed(page), []);
  await page.evaluate((f) => { location.hash = f; }, link({ f: JSON.parse('{"__proto__":"x","constructor":"y"}'), t: ["nope"], o: "toString", p: "<b>" }));
  await page.waitForFunction(() => Object.keys(playground.state.files).length === 2);
  assert.equal(await page.evaluate(() => ({}).x), undefined);
  await page.locator("#trouble:visible", { hasText: "CONSUMER=VERSION" }).waitFor();
  assert.deepEqual(faults, []);
  await end();
});

test("a program that ends starts again", async () => {
  const { page, end } = await open();
  await page.evaluate(() => {
    const { engine } = playground;
    engine.receive({ died: "a test" });
  });
  await page.locator("#trouble:visible", { hasText: "sandlint stopped" }).waitFor();
  await put(page, "FROM debian:latest\n");
  await settled(page);
  assert.equal(await page.locator("#list article", { hasText: "Dockerfile:1:" }).count() > 0, true);
  assert.equal(await page.locator("#trouble:visible").count(), 0);
  await page.evaluate(() => { playground.engine.changed("Dockerfile", "x".repeat((1 << 20) + 1)); });
  await page.locator("#trouble:visible", { hasText: "KiB" }).waitFor();
  await end();
});
