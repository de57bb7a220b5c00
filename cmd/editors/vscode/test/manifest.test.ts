// The manifest and the code agree: every command, setting and view of one is in the other.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { minimatch } from "minimatch";

import { documents, languages } from "../src/files";

const root = path.join(__dirname, "..");
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
const contributes = manifest.contributes;
const code = readdirSync(path.join(root, "src")).filter((f) => f.endsWith(".ts"))
  .map((f) => readFileSync(path.join(root, "src", f), "utf8")).join("\n");

const all = (pattern: RegExp) => [...code.matchAll(pattern)].map((m) => m[1] ?? "").sort();
const unique = (list: string[]) => [...new Set(list)].sort();

test("commands", () => {
  const declared: string[] = contributes.commands.map((c: { command: string }) => c.command).sort();
  assert.deepEqual(declared, all(/\bcommand\("(\w+)",/g).map((name) => `sandlint.${name}`));
  for (const [menu, items] of Object.entries<{ command: string }[]>(contributes.menus)) {
    for (const item of items) {
      assert.ok(declared.includes(item.command), `${menu} has ${item.command}`);
    }
  }
  // One with the name of a command of the server would be registered twice.
  assert.ok(!declared.includes("sandlint.explain"));
});

test("settings", () => {
  const declared = Object.keys(contributes.configuration.properties).map((name) => name.slice("sandlint.".length));
  const used = unique([...all(/\.get(?:<[^(]*>)?\("(\w+)"/g), "trace.server"]); // the client reads the last one itself
  assert.deepEqual(declared.sort(), used);
});

test("defaults are those of the code", () => {
  const defaults = Object.fromEntries(
    [...code.matchAll(/\.get(?:<[^(]*>)?\("(\w+)", ([^)]+)\)/g)].map((m) => [m[1], JSON.parse(m[2] ?? "")]),
  );
  for (const [name, value] of Object.entries(defaults)) {
    assert.deepEqual(contributes.configuration.properties[`sandlint.${name}`].default, value, name);
  }
  assert.deepEqual(Object.keys(defaults).sort(), ["args", "diagnostics", "environment", "inlayHints", "path"]);
});

test("a workspace names no program", () => {
  const properties = contributes.configuration.properties;
  for (const name of ["sandlint.path", "sandlint.args", "sandlint.environment"]) {
    assert.equal(properties[name].scope, "machine", name);
    assert.ok(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations.includes(name), name);
  }
  assert.equal(manifest.capabilities.untrustedWorkspaces.supported, "limited");
});

test("views", () => {
  const declared = [
    ...contributes.customEditors.map((e: { viewType: string }) => e.viewType),
    ...manifest.activationEvents.filter((e: string) => e.startsWith("onWebviewPanel:")).map((e: string) => e.slice(15)),
  ];
  assert.deepEqual(declared.sort(), all(/export const \w+View = "([^"]+)"/g));
});

test("the extension starts for each language that it gives to the server", () => {
  const started = manifest.activationEvents.filter((e: string) => e.startsWith("onLanguage:"))
    .map((e: string) => e.slice(11));
  assert.deepEqual(started.sort(), [...languages].sort());
  assert.deepEqual(unique(documents().flatMap((f) => f.language ?? [])), [...languages].sort());
});

test("files that the manifest names exist and are packaged", () => {
  const packaged = readFileSync(path.join(root, ".vscodeignore"), "utf8").split("\n");
  const isPackaged = (file: string) => packaged.some((line) => line.startsWith("!") && minimatch(file, line.slice(1)));
  const files = [
    manifest.icon, manifest.main,
    ...contributes.languages.flatMap((l: { configuration?: string }) => l.configuration ?? []),
    ...contributes.grammars.map((g: { path: string }) => g.path),
  ].map((file: string) => file.replace(/^\.\//, ""));
  for (const file of files) {
    assert.ok(statSync(path.join(root, file)).isFile(), file);
    assert.ok(isPackaged(file), `${file} is packaged`);
  }
});

test("versions are exact, and nothing is needed at run time beside the bundle", () => {
  for (const [name, version] of Object.entries<string>(manifest.devDependencies)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
  }
  assert.equal(manifest.dependencies, undefined);
});

test("the version is that of sandlint", () => {
  const cli = readFileSync(path.join(root, "../../internal/cli/cli.go"), "utf8");
  assert.equal(manifest.version, /^const Version = "(.*)"$/m.exec(cli)?.[1]);
});
