// Builds the playground into FOLDER (dist without one): the page, its script, and sandlint as WebAssembly.
// Usage: npm run build [-- FOLDER]
import { execFileSync } from "node:child_process";
import { copyFile, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { constants, gzipSync } from "node:zlib";

import { build } from "esbuild";

const here = import.meta.dirname;
const root = path.join(here, "../../..");
const out = path.resolve(process.argv[2] ?? path.join(here, "dist"));
const maxCompressed = 8_000_000; // bytes of the program as it is loaded

const go = (args, env = {}) =>
  execFileSync("go", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...env } });

// filesOf returns the texts of a folder by path.
async function filesOf(folder) {
  const texts = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      const file = path.join(entry.parentPath, entry.name);
      texts[path.relative(folder, file).split(path.sep).join("/")] = await readFile(file, "utf8");
    }
  }
  return Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

// notices returns the licences of the packages that a bundle contains.
async function notices(inputs) {
  const folders = new Set(inputs.map((name) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(name)?.[1]).filter(Boolean));
  const texts = [`Go's support for WebAssembly\n\n${(await readFile(path.join(go(["env", "GOROOT"]).trim(), "LICENSE"), "utf8")).trim()}\n`];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(path.join(here, folder, "package.json"), "utf8"));
    const file = (await readdir(path.join(here, folder))).find((f) => /^licen[cs]e([-.].*)?$/i.test(f));
    if (!file) throw new Error(`${folder} has no licence`);
    texts.push(`${name} ${version} (${license})\n\n${(await readFile(path.join(here, folder, file), "utf8")).trim()}\n`);
  }
  return `The playground contains these packages.\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const version = /^const Version = "(.*)"$/m.exec(await readFile(path.join(root, "cmd/internal/cli/cli.go"), "utf8"))[1];
const wasm = path.join(out, "sandlint.wasm");
// Without inlining the program is smaller by a sixth, and takes half as long again after a key stroke. So functions are
// inlined in the packages where that time is spent, and nowhere else.
const inlined = ["std", "github.com/sandlint/sandlint/parsers/...", "mvdan.cc/..."].map((packages) => `-gcflags=${packages}=`);
go(["build", "-trimpath", "-gcflags=all=-l", ...inlined, `-ldflags=-s -w -X main.version=${version}`, "-o", wasm, "./cmd/playground"],
  { GOOS: "js", GOARCH: "wasm" });
const compressed = gzipSync(await readFile(wasm), { level: constants.Z_BEST_COMPRESSION });
await rm(wasm);
await writeFile(path.join(out, "sandlint.wasm.gz"), compressed);
// A page that lies on a disk may load scripts and nothing else.
await writeFile(path.join(out, "sandlint.wasm.js"), `globalThis.sandlintProgram="${compressed.toString("base64")}";\n`);

const examples = [];
for (const [title, open, folder] of JSON.parse(await readFile(path.join(here, "examples.json"), "utf8"))) {
  examples.push({ title, open, files: await filesOf(path.join(root, folder)) });
}

const common = { bundle: true, minify: true, format: "iife", target: "es2022", logLevel: "warning", absWorkingDir: here };
const support = await readFile(path.join(go(["env", "GOROOT"]).trim(), "lib/wasm/wasm_exec.js"), "utf8");
const worker = await build({ ...common, stdin: {
  contents: `${support}\n${await readFile(path.join(here, "src/worker.js"), "utf8")}`, resolveDir: here }, write: false });
const page = await build({
  ...common, entryPoints: ["src/main.js"], outfile: path.join(out, "playground.js"), metafile: true, charset: "utf8",
  define: { WORKER: JSON.stringify(worker.outputFiles[0].text), EXAMPLES: JSON.stringify(examples) },
});
await writeFile(path.join(out, "NOTICES.txt"), await notices(Object.keys(page.metafile.inputs)));

const parts = await readFile(path.join(root, "cmd/internal/page/style.css"), "utf8");
await writeFile(path.join(out, "playground.css"), parts + await readFile(path.join(here, "style.css"), "utf8"));
await copyFile(path.join(here, "index.html"), path.join(out, "index.html"));

for (const name of (await readdir(out)).sort()) {
  console.log(`${String((await stat(path.join(out, name))).size).padStart(10)}  ${name}`);
}
if (compressed.length > maxCompressed) {
  throw new Error(`sandlint.wasm.gz has ${compressed.length} bytes, more than ${maxCompressed}`);
}
