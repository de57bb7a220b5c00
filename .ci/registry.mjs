#!/usr/bin/env node
// A registry of npm that has the packages of a folder and nothing else: registry.mjs FOLDER
// Prints its address, and serves until its input ends.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

const folder = process.argv[2];
const packages = new Map();
for (const file of readdirSync(folder).filter((name) => name.endsWith(".tgz"))) {
  const path = join(folder, file);
  const manifest = JSON.parse(execFileSync("tar", ["-xzOf", path, "package/package.json"], { encoding: "utf8" }));
  packages.set(manifest.name, { file, path, manifest });
}

const server = createServer((request, response) => {
  const name = decodeURIComponent(request.url.slice(1));
  const one = [...packages.values()].find((p) => p.file === name);
  if (one) return response.end(readFileSync(one.path));
  const found = packages.get(name);
  response.setHeader("content-type", "application/json");
  if (!found) {
    response.statusCode = 404;
    return response.end("{}");
  }
  const { version } = found.manifest;
  const integrity = "sha512-" + createHash("sha512").update(readFileSync(found.path)).digest("base64");
  const tarball = `http://${request.headers.host}/${found.file}`;
  response.end(JSON.stringify({
    name,
    "dist-tags": { latest: version },
    versions: { [version]: { ...found.manifest, dist: { tarball, integrity } } },
  }));
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/`));
process.stdin.resume().on("end", () => process.exit());
