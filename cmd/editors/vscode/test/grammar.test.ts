// The grammar of nix.conf, by the program with which VS Code reads grammars.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { createOnigScanner, createOnigString, loadWASM } from "vscode-oniguruma";
import { INITIAL, parseRawGrammar, Registry } from "vscode-textmate";

const root = path.join(__dirname, "..");

async function tokens(lines: string[]): Promise<string[]> {
  const wasm = readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
  await loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const file = path.join(root, "syntaxes/nix-conf.tmLanguage.json");
  const registry = new Registry({
    onigLib: Promise.resolve({ createOnigScanner, createOnigString }),
    loadGrammar: () => Promise.resolve(parseRawGrammar(readFileSync(file, "utf8"), file)),
  });
  const grammar = await registry.loadGrammar("source.nix-conf");
  assert.ok(grammar);
  const out: string[] = [];
  let stack = INITIAL;
  for (const line of lines) {
    const result = grammar.tokenizeLine(line, stack);
    stack = result.ruleStack;
    out.push(`> ${line}`);
    for (const t of result.tokens) {
      const text = line.slice(t.startIndex, t.endIndex);
      const scopes = t.scopes.slice(1).map((s) => s.replaceAll(".nix-conf", "")).join(" | ");
      if (scopes !== "") {
        out.push(`    ${JSON.stringify(text)} ${scopes}`);
      }
    }
  }
  return out;
}

// The expectation is test/samples/nix.conf.tokens; UPDATE=1 writes it.
test("the tokens of a nix.conf", async () => {
  const sample = path.join(root, "test/samples/nix.conf");
  const got = (await tokens(readFileSync(sample, "utf8").trimEnd().split("\n"))).join("\n") + "\n";
  if (process.env.UPDATE) {
    (await import("node:fs")).writeFileSync(`${sample}.tokens`, got);
  }
  assert.equal(got, readFileSync(`${sample}.tokens`, "utf8"));
});
