// Which documents the server gets. The globs are those of VS Code, of which minimatch knows all that is used here.
import assert from "node:assert/strict";
import { test } from "node:test";

import { minimatch } from "minimatch";

import { documents, dockerfiles, formatted, profiles } from "../src/files";

const matches = (patterns: string[], file: string) => patterns.some((p) => minimatch(file, p, { dot: true }));

test("Dockerfiles by all their names", () => {
  for (const file of [
    "Dockerfile", "dockerfile", "DOCKERFILE", "a/Dockerfile.dev", "a/Dockerfile-test", "Dockerfile_x", "app.Dockerfile",
    "app-dockerfile", "my_Containerfile", "Containerfile", "b/c/containerfile.prod",
  ]) {
    assert.ok(matches(dockerfiles, file), file);
  }
  for (const file of ["Dockerfiles", "mydockerfile", "Dockerfile/x", "containerfilex"]) {
    assert.ok(!matches(dockerfiles, file), file);
  }
});

test("profiles", () => {
  for (const file of ["seccomp.json", "a/my-seccomp-profile.json", "SECCOMP.JSON"]) {
    assert.ok(matches(profiles, file), file);
  }
  assert.ok(!matches(profiles, "a/profile.json"));
});

test("others", () => {
  const patterns = documents().flatMap((f) => f.pattern ?? []);
  for (const file of [
    "nix.conf", "etc/user.nix.conf", "nix.custom.conf", ".sandlint.hcl", "docker-bake.hcl", "docker-bake.override.json",
    "web.container", "justfile", "containers.conf",
  ]) {
    assert.ok(matches(patterns, file), file);
  }
});

test("sandlint is no formatter of JSON in general", () => {
  assert.ok(formatted().every((f) => f.language !== "json" && f.language !== "yaml"));
});
