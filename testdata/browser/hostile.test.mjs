// Names and texts of files do nothing on any page but stand there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { close, launch, sideways, visit } from "./browser.mjs";
import { shown, texts, unharmed } from "./hostile.mjs";

before(launch);
after(close);

for (const name of ["hostile.html", "hostile-table.html", "hostile-diff.html"]) {
  test(`${name}: hostile texts are text`, async () => {
    const { page, faults, end } = await visit(name, { viewport: { width: 400, height: 800 } });
    assert.deepEqual(await unharmed(page), []);
    // Whatever waits for the mouse, the focus, a key or a filter gets it.
    await page.evaluate(() => {
      for (const e of document.querySelectorAll("*")) {
        for (const type of ["mouseover", "focus", "click", "error", "load"]) {
          if (!(e.closest("a, select, input, button, label"))) e.dispatchEvent(new Event(type));
        }
      }
    });
    for (const key of ["j", "g", "t"]) await page.keyboard.press(key);
    const search = page.locator("input[type=search]").first();
    for (const text of texts.slice(0, 4)) await search.fill(text);
    await search.fill("");
    for (const select of await page.locator("select:visible").all()) {
      const options = await select.locator("option").count();
      for (const index of [options - 1, 0]) await select.selectOption({ index });
    }
    assert.deepEqual(await unharmed(page), []);
    assert.deepEqual(await sideways(page), []);
    assert.deepEqual(faults, []);
    await end();
  });
}

test("without the policy too, hostile texts do nothing", async () => {
  const { page, faults, end } = await visit("hostile-open.html");
  assert.deepEqual(await unharmed(page), []);
  await page.keyboard.press("j");
  assert.deepEqual(faults, []);
  await end();
});

test("each text stands on the page", async () => {
  const { page, end } = await visit("hostile.html");
  const all = await page.locator("body").evaluate((e) => e.textContent);
  for (const text of texts) {
    assert.ok(all.includes(shown(text)), `${JSON.stringify(text)} is not on the page`);
  }
  await end();
});
