// What the tests of pages share: Chromium, pages that remember whatever they do that they must not, and axe-core.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

// pages is the folder of the pages that .ci/browser made.
export const pages = process.env.SANDLINT_PAGES;
assert.ok(pages, "SANDLINT_PAGES names no folder; .ci/browser makes it");

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser;

// launch starts Chromium once for all tests of a file; call close after them.
export async function launch() {
  const executablePath = process.env.CHROMIUM || ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
  assert.ok(executablePath, "there is no chromium; CHROMIUM names the program");
  browser ??= await chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

export async function close() {
  await browser?.close();
  browser = undefined;
}

// address returns the address of a page of .ci/browser, or returns one as it is.
export function address(name) {
  return /^https?:/.test(name) ? name : pathToFileURL(join(pages, name)).href;
}

// visit opens a page. Its second result lists what a page must not do: dialogs, requests beside the page and what
// allowed accepts, errors of scripts, violations of the Content-Security-Policy, new windows. The options are those of
// a context of playwright: colorScheme, viewport, javaScriptEnabled.
export async function visit(name, options = {}, allowed = () => false) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const faults = [];
  const url = address(name);
  page.on("dialog", (dialog) => {
    faults.push("dialog: " + dialog.message());
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const to = request.url().split("#")[0];
    if (to !== url.split("#")[0] && !allowed(to)) faults.push("request: " + to);
  });
  page.on("pageerror", (error) => faults.push("error: " + error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push("console: " + message.text());
  });
  page.on("popup", () => faults.push("popup"));
  await page.goto(url);
  return { page, faults, end: () => context.close() };
}

// violations returns what axe-core finds that is serious or critical, a line each.
export async function violations(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return result.violations.filter((v) => v.impact === "serious" || v.impact === "critical")
    .flatMap((v) => v.nodes.map((n) => `${v.id} (${v.impact}): ${n.html}: ${n.failureSummary}`));
}

// sideways returns by how many pixels the page is wider than its window, and which elements are.
export async function sideways(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > width + 1)
      .slice(0, 5).map((e) => `${e.tagName}.${e.className} ends at ${e.getBoundingClientRect().right}`);
  });
}
