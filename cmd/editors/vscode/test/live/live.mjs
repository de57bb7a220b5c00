// The extension in a real VS Code: the server of code-server, which is VS Code's own code, with the packaged extension,
// and a headless browser. Usage: node live.mjs VSIX SANDLINT [FOLDER]; FOLDER gets screenshots.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";

const [vsix, sandlint, shots] = process.argv.slice(2).map((file) => path.resolve(file));
const code = path.dirname(createRequire(import.meta.url).resolve("code-server/package.json"));
const main = path.join(code, "lib/vscode/out/server-main.js");
const room = mkdtempSync(path.join(tmpdir(), "sandlint-live-"));
const folder = path.join(room, "project"), data = path.join(room, "data"), extensions = path.join(room, "extensions");

const files = {
  Dockerfile: "FROM nixos/nix:2.24.9\nCOPY nix.conf /etc/nix/nix.conf\nRUN nix-env -iA nixpkgs.hello\nUSER nobody\n" +
    "RUN nix build .#app\nMAINTAINER somebody\n",
  "other.dockerfile": "FROM debian:12 AS other\nRUN true\n",
  "nix.conf": "cores=4\nsandbox = relaxed\n",
  "seccomp.json": JSON.stringify({
    defaultAction: "SCMP_ACT_ERRNO",
    architectures: ["SCMP_ARCH_X86_64"],
    syscalls: [
      { names: ["read", "write", "raed"], action: "SCMP_ACT_ALLOW" },
      { names: ["mount"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_SYS_ADMIN"] } },
    ],
  }, null, 2),
};

const limit = 60_000; // in milliseconds, of what the test waits for
let server, browser;
try {
  mkdirSync(path.join(folder, ".git"), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(folder, name), text);
  }
  mkdirSync(path.join(folder, ".vscode"));
  writeFileSync(path.join(folder, ".vscode/settings.json"), JSON.stringify({
    "sandlint.path": path.join(folder, "evil"), "sandlint.args": ["--no-such-flag"],
    "sandlint.environment": { SANDLINT_SHELLCHECK: path.join(folder, "evil") },
  }));
  writeFileSync(path.join(folder, "evil"), `#!/bin/sh\ntouch "${room}/pwned"\n`, { mode: 0o755 });
  mkdirSync(path.join(data, "Machine"), { recursive: true });
  configure(sandlint);
  const common = ["--user-data-dir", data, "--extensions-dir", extensions, "--accept-server-license-terms"];
  const env = { ...process.env, HOME: room };
  execFileSync(process.execPath, [main, ...common, "--install-extension", vsix], { env, stdio: "inherit" });
  server = spawn(process.execPath, [
    main, ...common, "--host", "127.0.0.1", "--port", "0", "--without-connection-token", "--telemetry-level", "off",
  ], { env, stdio: ["ignore", "pipe", "ignore"] });
  const address = await new Promise((resolve, reject) => {
    let out = "";
    server.stdout.on("data", (chunk) => {
      out += chunk;
      const port = /Server bound to 127\.0\.0\.1:(\d+)/.exec(out)?.[1];
      if (port) {
        resolve(`http://127.0.0.1:${port}`);
      }
    });
    server.once("exit", () => reject(new Error(`the server ended: ${out}`)));
  });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"],
  });
  const page = await browser.newPage({ viewport: { width: 1400, height: 850 } });
  page.setDefaultTimeout(limit);
  const shot = async (name) => {
    if (shots) {
      await page.screenshot({ path: path.join(shots, `${name}.png`) });
    }
  };
  try {
    await session(page, shot, address);
  } catch (error) {
    await shot("failure");
    throw error;
  }
  assert.ok(!existsSync(path.join(room, "pwned")), "a setting of the workspace started a program");
  console.log("vscode: the extension works in VS Code " +
    JSON.parse(readFileSync(path.join(code, "lib/vscode/package.json"), "utf8")).version);
} finally {
  await browser?.close();
  server?.kill();
  rmSync(room, { recursive: true, force: true, maxRetries: 5 });
}

// configure writes the settings of the machine, in which a program is named.
function configure(program) {
  writeFileSync(path.join(data, "Machine/settings.json"), JSON.stringify({
    "sandlint.path": program, "sandlint.environment": { SANDLINT_SHELLCHECK: "none" },
    "workbench.startupEditor": "none", "workbench.tips.enabled": false, "git.enabled": false,
    "extensions.autoCheckUpdates": false,
  }));
}

// accessible asserts that axe-core finds nothing in a view.
async function accessible(frame) {
  await frame.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const violations = await frame.evaluate(async () =>
    (await globalThis.axe.run(document)).violations.map((v) => `${v.id}: ${v.nodes[0].html}`));
  assert.deepEqual(violations, []);
}

async function session(page, shot, address) {
  const open = (name) => `vscode-remote://${new URL(address).host}${folder}/${name}`;
  const payload = JSON.stringify([["openFile", open("nix.conf")]]);
  await page.goto(`${address}/?folder=${encodeURIComponent(folder)}&payload=${encodeURIComponent(payload)}`);

  // While the workspace is not trusted, the program is that of the machine's settings; and after that too.
  const squiggle = page.locator(".squiggly-error").first();
  await squiggle.waitFor();
  await page.getByRole("button", { name: /Yes, I trust/ }).click();
  const command = async (name) => {
    await page.keyboard.press("F1");
    const input = page.locator(".quick-input-widget input.input");
    await input.waitFor();
    await input.fill(`>${name}`);
    await page.locator(".quick-input-list .monaco-list-row", { hasText: name }).first().click();
  };
  const show = async (name, at) => {
    await page.locator(".explorer-folders-view .monaco-list-row", { hasText: name }).first().dblclick();
    await page.locator(`.tab.active[aria-label^="${name}"]`).first().waitFor();
    await command("Focus Active Editor Group");
    for (let n = 1; n < at; n++) {
      await page.keyboard.press("ArrowDown");
    }
  };
  const lines = () => page.locator(".editor-instance .view-lines").first();
  const cursor = (at) => page.locator("[id='status.editor.selection']", { hasText: at }).waitFor();
  // view returns the webview in which a selector finds something.
  const view = async (selector) => {
    for (const end = Date.now() + limit; Date.now() < end;) {
      for (const frame of page.frames()) {
        if (await frame.locator(selector).count().catch(() => 0)) {
          return frame;
        }
      }
      await page.waitForEvent("framenavigated", { timeout: 250 }).catch(() => undefined);
    }
    throw new Error(`no view has ${selector}`);
  };

  // Findings, and the preferred fix of one.
  await squiggle.waitFor();
  await shot("findings");
  await lines().locator(".view-line").first().click();
  await page.locator("[class*=codicon-gutter-lightbulb]").first().waitFor();
  await page.keyboard.press("Control+.");
  await page.locator(".action-widget .monaco-list-row.focused", { hasText: "Put spaces around" }).waitFor();
  await shot("fixes");
  await page.keyboard.press("Enter");
  await page.locator(".view-line", { hasText: /^cores\s=\s4$/ }).waitFor();
  await squiggle.waitFor({ state: "detached" });

  // The trace, which follows the edits of another file and the cursor.
  await show("Dockerfile", 3);
  await command("sandlint: Show What the Build Does with Nix");
  const trace = await view("#content .sl-timeline");
  await trace.locator("dd", { hasText: "4" }).first().waitFor();
  await trace.locator("[aria-current=true] .sl-line", { hasText: "3" }).waitFor();
  await shot("trace");
  await accessible(trace);
  await command("Focus First Editor Group");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await trace.locator("[aria-current=true] .sl-line", { hasText: "5" }).waitFor();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("RUN <img src=x onerror=alert(1)>");
  await trace.locator("code", { hasText: "<img src=x onerror=alert(1)>" }).waitFor();
  assert.equal(await trace.locator("img").count(), 0);
  await trace.locator("button.line", { hasText: "2" }).first().focus();
  await page.keyboard.press("Enter");
  await cursor("Ln 2, Col 1");

  // It follows the active editor, but not to a file without a trace.
  await command("Focus First Editor Group");
  await show("other.dockerfile", 1);
  await trace.locator("h4", { hasText: 'stage "other"' }).waitFor();

  // The decision table, for two targets.
  await show("seccomp.json", 1);
  await command("sandlint: Show What the Profile Decides");
  const table = await view("#content .sl-decisions");
  await table.locator("tbody tr").first().waitFor();
  await shot("decisions");
  await table.getByLabel("Target", { exact: true }).fill("docker=29");
  await table.getByLabel("Compare with", { exact: true }).fill("docker=29 cap=SYS_ADMIN");
  await table.getByLabel("Compare with", { exact: true }).press("Enter");
  await table.locator("tr.sl-differs", { hasText: "mount" }).first().waitFor();
  await table.getByLabel("only rows that differ", { exact: true }).check();
  await table.getByLabel("Search").fill("mount");
  await table.locator("output", { hasText: /^\d+ of \d+ rows$/ }).waitFor();
  await shot("two-targets");
  await accessible(table);
  await table.locator("tr.sl-differs:not([hidden]) a").last().click();
  await cursor("Ln 17, Col 1");
  await table.getByLabel("Compare with", { exact: true }).fill("dokcer=29");
  await table.getByLabel("Compare with", { exact: true }).press("Enter");
  await table.locator("#note", { hasText: 'did you mean "docker"' }).waitFor();

  // The page of a rule.
  await show("nix.conf", 2);
  await command("sandlint: Explain the Rule of a Finding");
  await view("h1:has-text('nix/sandbox-relaxed')");
  await shot("rule");

  // Without the program, the user learns what to do.
  configure("/nowhere/sandlint");
  const message = page.locator(".notification-toast", { hasText: '"/nowhere/sandlint", where there is no program' });
  await message.getByRole("button", { name: "How to Install" }).waitFor();
  await shot("missing");
  configure(sandlint);
  await show("nix.conf", 2);
  await page.locator(".squiggly-info").first().waitFor();
}
