// The page of --format html and those of sandlint seccomp, for the files in project.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { close, launch, sideways, violations, visit } from "./browser.mjs";

before(launch);
after(close);

const visible = (page) => page.locator("article.sl-finding:visible");

test("findings are shown with their code, carets and fixes", async () => {
  const { page, faults, end } = await visit("report.html");
  const lead = await page.locator(".sl-top p").first().textContent();
  const count = Number(/^(\d+) findings/.exec(lead)[1]);
  assert.ok(count > 10, lead);
  assert.equal(await visible(page).count(), count);
  assert.equal(await page.locator("#shown").textContent(), `${count} of ${count} findings`);
  const one = page.locator("article", { hasText: "sandbox" }).filter({ hasText: "nix/assignment-spacing" });
  assert.equal(await one.locator("pre.sl-code > span").first().textContent(), "sandbox=true");
  const [code, caret] = await one.locator("pre.sl-code").first().evaluate((pre) => {
    const at = (node, from) => {
      const range = document.createRange();
      range.setStart(node, from);
      range.setEnd(node, from + 1);
      return range.getBoundingClientRect().left;
    };
    const mark = pre.querySelector("b").firstChild;
    const from = mark.data.indexOf("^");
    return [at(pre.querySelector("span").firstChild, from), at(mark, from)];
  });
  assert.ok(Math.abs(code - caret) < 0.5, `the caret is at ${caret}, the code at ${code}`);
  assert.equal(await one.locator(".sl-diff del").first().textContent(), "sandbox=true");
  assert.equal(await one.locator(".sl-diff ins").first().textContent(), "sandbox = true");
  assert.deepEqual(faults, []);
  await end();
});

test("filters, search and grouping", async () => {
  const { page, faults, end } = await visit("report.html");
  const all = await visible(page).count();
  await page.locator("input[name=s][value=error]").uncheck();
  const withoutErrors = await visible(page).count();
  assert.ok(withoutErrors > 0 && withoutErrors < all);
  assert.equal(await page.locator("article.sl-error:visible").count(), 0);
  await page.locator("button[type=reset]").click();
  await page.waitForFunction((n) => document.querySelector("#shown").textContent.startsWith(n + " of"), all);

  await page.locator("#q").fill("SANDBOX=TRUE");
  assert.ok(await visible(page).count() >= 1);
  assert.ok(await visible(page).count() < all);
  await page.locator("#q").fill("no such text anywhere");
  assert.equal(await visible(page).count(), 0);
  assert.ok(await page.locator(".sl-none").isVisible());
  await page.locator("#q").fill("");

  await page.locator("#rule").selectOption({ label: "nix/assignment-spacing" });
  assert.equal(await visible(page).count(), 1);
  await page.locator("#rule").selectOption("");
  await page.locator("#file").selectOption({ label: "nix.conf" });
  for (const place of await visible(page).locator(".sl-meta .sl-place").allTextContents()) {
    assert.match(place, /^nix\.conf:/);
  }
  await page.locator("#file").selectOption("");
  await page.locator("#fix").selectOption("safe");
  const safe = await visible(page).count();
  assert.ok(safe > 0 && safe < all);
  assert.equal(await visible(page).filter({ has: page.locator(".sl-tag", { hasText: /^safe$/ }) }).count(), safe);
  await page.locator("#fix").selectOption("");

  const files = await page.locator("section.sl-group:visible > h3 .sl-place").allTextContents();
  await page.locator("#by").selectOption("rule");
  const rules = await page.locator("section.sl-group:visible > h3 .sl-place").allTextContents();
  assert.ok(files.includes("nix.conf") && rules.includes("nix/assignment-spacing"), `${files} ${rules}`);
  assert.equal(await visible(page).count(), all);
  await page.locator("#by").selectOption("file");
  assert.deepEqual(await page.locator("section.sl-group:visible > h3 .sl-place").allTextContents(), files);

  await page.locator(".sl-overview button").first().click();
  assert.ok(await visible(page).count() < all);
  assert.deepEqual(faults, []);
  await end();
});

test("the address holds the filters", async () => {
  const { page, faults, end } = await visit("report.html");
  const hash = (want) => page.waitForFunction((want) => location.hash === want, want);
  const shown = () => page.locator("#shown").textContent();
  const all = await shown();
  await page.locator("#rule").selectOption({ label: "nix/assignment-spacing" });
  await hash("#?rule=nix%2Fassignment-spacing");
  await page.locator("#by").selectOption("rule");
  await page.locator("#q").fill("sandbox = <b>&é");
  await page.locator("#q").fill("sandbox=true");
  await page.locator("input[name=s][value=error]").uncheck();
  await hash("#?q=sandbox%3Dtrue&rule=nix%2Fassignment-spacing&by=rule&error=off");
  const some = await shown();
  assert.notEqual(some, all);

  // A reload and another tab show the same.
  const state = async (page) => [await page.locator("#shown").textContent(), await page.locator("#q").inputValue(),
    await page.locator("#rule option:checked").textContent(), await page.locator("#by").inputValue(),
    await page.locator("input[name=s]:checked").count(), await page.locator("section.sl-group:visible h3").allTextContents()];
  const before = await state(page);
  await page.reload();
  assert.deepEqual(await state(page), before);
  assert.equal(await shown(), some);
  const other = await page.context().newPage();
  await other.goto(page.url());
  assert.deepEqual(await state(other), before);
  await other.close();

  // Another link to the same page; what it does not know is left out.
  await page.evaluate(() => { location.hash = "#?file=nix.conf&rule=no%2Fsuch-rule&fix=safe&style=off"; });
  await hash("#?file=nix.conf&fix=safe&style=off");
  assert.equal(await page.locator("#q").inputValue(), "");
  assert.equal(await page.locator("#rule").inputValue(), "");
  assert.equal(await page.locator("#file option:checked").textContent(), "nix.conf");
  assert.equal(await page.locator("article.sl-style:visible").count(), 0);

  // Without filters there is nothing in it, and other anchors stay.
  await page.locator("button[type=reset]").click();
  await hash("");
  assert.equal(await shown(), all);
  await page.evaluate(() => { location.hash = "#f2"; });
  await page.locator("#q").fill("x");
  await hash("#?q=x");
  await page.locator("#q").fill("");
  await hash("");
  await page.evaluate(() => { location.hash = "#f2"; });
  await page.reload();
  assert.equal(await page.evaluate(() => location.hash), "#f2");
  assert.equal(await shown(), all);
  assert.deepEqual(faults, []);
  await end();
});

test("the address holds the filters of tables", async () => {
  const { page, faults, end } = await visit("diff.html");
  const search = page.locator("[data-filter=q]").first();
  await search.fill("mount");
  await page.waitForFunction(() => location.hash.startsWith("#?"));
  const rows = await page.locator("form[data-table] output").first().textContent();
  await page.reload();
  assert.equal(await search.inputValue(), "mount");
  assert.equal(await page.locator("form[data-table] output").first().textContent(), rows);
  assert.deepEqual(faults, []);
  await end();
});

test("everything can be done with the keyboard", async () => {
  const { page, faults, end } = await visit("report.html");
  const focused = () => page.evaluate(() => document.activeElement.id);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "sl-skip");
  await page.keyboard.press("/");
  assert.equal(await focused(), "q");
  await page.keyboard.type("jk/");
  assert.equal(await page.locator("#q").inputValue(), "jk/");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#q").inputValue(), "");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("j");
  assert.equal(await focused(), "f1");
  await page.keyboard.press("j");
  assert.equal(await focused(), "f2");
  await page.keyboard.press("k");
  assert.equal(await focused(), "f1");
  const outline = await page.locator("#f1").evaluate((e) => getComputedStyle(e).outlineStyle);
  assert.equal(outline, "solid");
  await page.keyboard.press("g");
  assert.equal(await page.locator("#by").inputValue(), "rule");
  await page.keyboard.press("t");
  assert.equal(await page.locator("html").getAttribute("data-theme"), "light");
  await page.locator("#shortcuts").uncheck();
  await page.locator("#f1").focus();
  await page.keyboard.press("t");
  assert.equal(await page.locator("html").getAttribute("data-theme"), "light");

  // Each control is reached with Tab alone, and shows that it is.
  await page.reload();
  const reached = new Set();
  for (let n = 0; n < 120; n++) {
    await page.keyboard.press("Tab");
    const [id, shown] = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      return [document.activeElement.id || document.activeElement.outerHTML.slice(0, 100), style.outlineStyle !== "none" && style.outlineWidth !== "0px"];
    });
    assert.ok(shown, `the focus on ${id} is not seen`);
    reached.add(id);
    if (id === "by") break;
  }
  for (const id of ["theme", "q", "rule", "file", "fix", "by"]) assert.ok(reached.has(id), `${id} is not reached`);
  assert.deepEqual(faults, []);
  await end();
});

const background = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
const lightness = (colour) => /\d+, \d+, \d+/.exec(colour)[0].split(", ").reduce((sum, n) => sum + Number(n), 0);

test("light and dark, as the system is and as chosen", async () => {
  for (const scheme of ["light", "dark"]) {
    const { page, end } = await visit("report.html", { colorScheme: scheme });
    const other = scheme === "light" ? "dark" : "light";
    const dark = async () => lightness(await background(page)) < 384;
    assert.equal(await dark(), scheme === "dark");
    await page.locator("#theme").selectOption(other);
    assert.equal(await dark(), other === "dark");
    await page.locator("#theme").selectOption("");
    assert.equal(await dark(), scheme === "dark");
    await end();
  }
});

for (const name of ["report.html", "table.html", "diff.html"]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`${name} has no serious fault of accessibility, ${colorScheme}`, async () => {
      for (const width of name === "report.html" ? [1200, 400] : colorScheme === "light" ? [1200] : [400]) {
        const { page, faults, end } = await visit(name, { colorScheme, viewport: { width, height: 900 } });
        // A few rows of a table are like all, and axe-core needs seconds for hundreds.
        for (const search of await page.locator("[data-filter=q]").all()) await search.fill("mount");
        assert.deepEqual(await violations(page), []);
        assert.deepEqual(faults, []);
        await end();
      }
    });
  }

  test(`${name} is no wider than a phone`, async () => {
    for (const javaScriptEnabled of [true, false]) {
      const { page, end } = await visit(name, { viewport: { width: 400, height: 800 }, javaScriptEnabled });
      assert.deepEqual(await sideways(page), []);
      await end();
    }
  });

  test(`${name} shows everything without JavaScript`, async () => {
    const scripted = await visit(name);
    const plain = await visit(name, { javaScriptEnabled: false });
    const count = (page, selector) => page.locator(selector + ":visible").count();
    assert.equal(await count(plain.page, ".sl-scripted"), 0);
    for (const selector of ["article.sl-finding", ".sl-step", ".sl-diff ins", "tbody tr", "td[data-p]"]) {
      const all = await plain.page.locator(selector).count();
      assert.equal(await count(plain.page, selector), all, selector);
      assert.ok(await count(scripted.page, selector) <= all, selector);
    }
    assert.deepEqual(plain.faults, []);
    await plain.end();
    await scripted.end();
  });
}

test("the timeline says what runs, as which user, what fails and what is emulated", async () => {
  const { page, end } = await visit("report.html");
  const stages = page.locator(".sl-stage");
  assert.deepEqual(await stages.locator("h4").allTextContents(), ['stage "builder"', "stage 1"]);
  const builder = stages.first();
  assert.equal(await builder.locator(".sl-emulation").count(), 3);
  assert.match(await builder.locator(".sl-event.sl-fails").first().textContent(), /unable to load seccomp BPF program/);
  assert.match(await builder.locator(".sl-event.sl-write").first().textContent(), /filter-syscalls = false/);
  assert.deepEqual(await stages.nth(1).locator(".sl-as strong").allTextContents(), ["root", "app"]);
  await end();
});

test("two profiles side by side", async () => {
  const { page, faults, end } = await visit("report.html");
  const table = page.locator(".sl-decisions");
  const heads = () => table.locator("thead th[data-p]:visible").allTextContents();
  assert.deepEqual(await heads(), ["images/seccomp.json", "images/third.seccomp.json"]);
  await table.locator("[data-filter=right]").selectOption({ label: "seccomp.json" });
  await table.locator("[data-filter=left]").selectOption({ label: "images/third.seccomp.json" });
  assert.deepEqual(await heads(), ["images/third.seccomp.json", "seccomp.json"]);
  const rows = () => table.locator("tbody tr:visible").count();
  const all = await rows();
  await table.locator("[data-filter=d]").check();
  const differing = await rows();
  assert.ok(differing > 0 && differing < all, `${differing} of ${all}`);
  await table.locator("[data-filter=q]").fill("personality");
  assert.equal(await rows(), 1);
  assert.deepEqual(faults, []);
  await end();

  const diff = await visit("diff.html");
  assert.match(await diff.page.locator(".sl-change").first().textContent(), /^(changes|widens|narrows)/);
  await diff.page.locator("[data-filter=d]").check();
  const only = diff.page.locator("tbody tr:visible");
  assert.equal(await only.count(), await diff.page.locator("tr.sl-differs").count());
  assert.deepEqual(diff.faults, []);
  await diff.end();
});

test("a printed page is light and has no controls", async () => {
  const { page, end } = await visit("report.html", { colorScheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  assert.ok(lightness(await background(page)) > 384);
  assert.equal(await page.locator("form:visible").count(), 0);
  assert.ok((await page.pdf()).length > 10_000);
  await end();
});
