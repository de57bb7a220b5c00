// Which program is started.
import assert from "node:assert/strict";
import { test } from "node:test";

import { findProgram, type Machine } from "../src/program";

const machine = (platform: NodeJS.Platform, search: string, ...programs: string[]): Machine => ({
  platform, home: platform === "win32" ? "C:\\Users\\me" : "/home/me", search,
  executable: (file) => Promise.resolve(programs.includes(file)),
});

test("the first on PATH", async () => {
  const found = await findProgram("", machine("linux", "/a:/b:/c", "/b/sandlint", "/c/sandlint"));
  assert.deepEqual(found, { program: "/b/sandlint" });
});

test("relative folders of PATH are left out", async () => {
  for (const search of [".", "", "bin:./node_modules/.bin", ":"]) {
    const everywhere: Machine = { ...machine("linux", search), executable: () => Promise.resolve(true) };
    assert.ok("problem" in (await findProgram("", everywhere)), search);
  }
});

test("Windows has programs with an extension, and other separators", async () => {
  const found = await findProgram("", machine("win32", "C:\\a;C:\\b", "C:\\b\\sandlint.exe"));
  assert.deepEqual(found, { program: "C:\\b\\sandlint.exe" });
});

test("the setting wins, and ~ is the home folder", async () => {
  const m = machine("linux", "/a", "/a/sandlint", "/home/me/bin/sandlint");
  assert.deepEqual(await findProgram("~/bin/sandlint", m), { program: "/home/me/bin/sandlint" });
  assert.deepEqual(await findProgram("/a/sandlint", m), { program: "/a/sandlint" });
});

test("a problem says what to do", async () => {
  const m = machine("linux", "/a", "/a/sandlint");
  const problem = async (configured: string, on: Machine) => {
    const found = await findProgram(configured, on);
    return "problem" in found ? found.problem : "";
  };
  assert.match(await problem("sandlint", m), /"sandlint", which is not an absolute path/);
  assert.match(await problem("./tools/sandlint", m), /not an absolute path/);
  assert.match(await problem("/gone", m), /"\/gone", where there is no program/);
  assert.match(await problem("", machine("linux", "/x")), /Install it.*pip install sandlint.*sandlint\.path/);
});
