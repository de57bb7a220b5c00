#!/usr/bin/env node
// Runs the program of the package for this platform, which npm has installed beside this one.
import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import { createRequire } from "node:module";

const name = `@sandlint/${process.platform}-${process.arch}`;
const binary = process.platform === "win32" ? "sandlint.exe" : "sandlint";
let program;
try {
  program = createRequire(import.meta.url).resolve(`${name}/bin/${binary}`);
} catch {
  console.error(`sandlint: the package ${name} is not installed.
It is an optional dependency of sandlint: install without --no-optional and --omit=optional.
Other ways to install sandlint: https://github.com/sandlint/sandlint#readme`);
  process.exit(2);
}
const { status, signal, error } = spawnSync(program, process.argv.slice(2), { stdio: "inherit" });
if (error) {
  console.error(`sandlint: ${error.message}`);
  process.exit(2);
}
process.exitCode = status ?? 128 + constants.signals[signal];
