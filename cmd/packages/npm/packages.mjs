#!/usr/bin/env node
// Makes the npm packages of a release from its archives: packages.mjs ARCHIVES FOLDER
//
// FOLDER then has @sandlint/OS-ARCH for each platform, with the program, and sandlint, which has them as optional
// dependencies and runs the one that npm installs: os and cpu say which. Publish those of the platforms first.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../../..");
const systems = { linux: "linux", darwin: "darwin", windows: "win32" };
const architectures = { amd64: "x64", arm64: "arm64" };
const common = {
  description: "Lint and fix Dockerfiles, nix.conf and seccomp profiles",
  license: "Apache-2.0",
  homepage: "https://github.com/sandlint/sandlint#readme",
  repository: { type: "git", url: "git+https://github.com/sandlint/sandlint.git" },
};

if (process.argv.length !== 4) {
  console.error("usage: packages.mjs ARCHIVES FOLDER");
  process.exit(2);
}
const archives = resolve(process.argv[2]);
const folder = resolve(process.argv[3]);
const work = mkdtempSync(join(tmpdir(), "sandlint-npm-"));
mkdirSync(folder, { recursive: true });

// pack makes the folder of a package, and packs it.
function pack(manifest, files) {
  const tree = join(work, manifest.name.replace("/", "-"));
  mkdirSync(join(tree, "bin"), { recursive: true });
  for (const [from, to] of files) {
    copyFileSync(from, join(tree, to));
    if (to.startsWith("bin/")) chmodSync(join(tree, to), 0o755);
  }
  copyFileSync(join(root, "LICENSE"), join(tree, "LICENSE"));
  writeFileSync(join(tree, "package.json"), JSON.stringify(manifest, null, 2) + "\n");
  execFileSync("npm", ["pack", "--silent", "--pack-destination", folder, tree], { stdio: "inherit" });
}

let version;
const optional = {};
for (const archive of readdirSync(archives).sort()) {
  const m = archive.match(/^sandlint_(.+)_([a-z]+)_([a-z0-9]+)\.(tar\.gz|zip)$/);
  if (!m || !systems[m[2]] || !architectures[m[3]]) continue;
  version = m[1];
  const os = systems[m[2]], cpu = architectures[m[3]];
  const binary = os === "win32" ? "sandlint.exe" : "sandlint";
  const tree = join(work, `${os}-${cpu}-archive`);
  mkdirSync(tree);
  if (m[4] === "zip") {
    execFileSync("python3", ["-m", "zipfile", "-e", join(archives, archive), tree]);
  } else {
    execFileSync("tar", ["--extract", "--gzip", "--file", join(archives, archive), "--directory", tree]);
  }
  const name = `@sandlint/${os}-${cpu}`;
  optional[name] = version;
  pack(
    { name, version, ...common, os: [os], cpu: [cpu], preferUnplugged: true, files: ["bin"] },
    [[join(tree, binary), `bin/${binary}`]],
  );
}
if (!version) {
  console.error(`${archives} holds no archive of a release`);
  process.exit(1);
}
pack(
  {
    name: "sandlint", version, ...common,
    keywords: ["docker", "dockerfile", "nix", "seccomp", "lint"],
    bin: { sandlint: "bin/sandlint.mjs" },
    files: ["bin"],
    engines: { node: ">=18" },
    optionalDependencies: optional,
  },
  [[join(here, "sandlint.mjs"), "bin/sandlint.mjs"], [join(root, "README.md"), "README.md"]],
);
rmSync(work, { recursive: true });
