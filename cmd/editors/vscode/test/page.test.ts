// The page of a webview loads nothing but its own two files, and what webviews say is checked.
import assert from "node:assert/strict";
import { test } from "node:test";

import { parse, targets } from "../src/messages";
import { decisionControls, page } from "../src/page";

const made = page({
  nonce: "n0nce", source: "https://host.example", style: "https://host.example/view.css?a=\"b",
  script: "https://host.example/view.js", title: "<img src=x onerror=alert(1)>", section: "<b>",
  controls: decisionControls,
});

test("the policy allows the files of the extension alone", () => {
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(made)?.[1]?.replaceAll("&#39;", "'");
  assert.equal(policy, "default-src 'none'; style-src https://host.example 'nonce-n0nce'; script-src 'nonce-n0nce'; " +
    "base-uri 'none'; form-action 'none'");
  assert.ok(!/unsafe-inline|unsafe-eval/.test(made));
});

test("there is one script, with the nonce, and no inline handler", () => {
  assert.deepEqual(made.match(/<script[^>]*>/g), [`<script nonce="n0nce" src="https://host.example/view.js">`]);
  assert.ok(!/<[^>]* on\w+=/.test(made));
});

test("text is escaped", () => {
  assert.ok(!/<(img|b)\b/.test(made));
  assert.ok(made.includes(`href="https://host.example/view.css?a=&#34;b"`));
});

test("each field of the form has a label", () => {
  const fields = decisionControls.match(/<(input|select)\b/g) ?? [];
  const labelled = decisionControls.match(/<label>[^<]*<(input|select)\b/g) ?? [];
  assert.equal(fields.length, 3);
  assert.equal(labelled.length, fields.length);
});

test("messages of a webview", () => {
  assert.deepEqual(parse({ kind: "ready", more: 1 }), { kind: "ready" });
  assert.deepEqual(parse({ kind: "open", path: "a", line: 3 }), { kind: "open", path: "a", line: 3 });
  for (const m of [
    null, 7, "ready", {}, { kind: "run" }, { kind: "open", path: "a", line: 0 }, { kind: "open", path: "a", line: "1" },
    { kind: "open", path: 1, line: 1 }, { kind: "choose", first: "", second: "" },
  ]) {
    assert.equal(parse(m), undefined);
  }
});

test("targets are words", () => {
  assert.deepEqual(targets(" docker=29, runc=1.2  cap=SYS_ADMIN "), ["docker=29", "runc=1.2", "cap=SYS_ADMIN"]);
  assert.deepEqual(targets(" "), []);
});
