// Bundles the extension into dist/, with the licences of what the bundle contains; with --tests, the tests into build/.
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { build } from "esbuild";

const minify = process.argv.includes("--minify");

// notices returns the licences of the packages whose files are part of a bundle.
async function notices(inputs) {
  const folders = new Set();
  for (const input of inputs) {
    const parts = input.split("/");
    const at = parts.lastIndexOf("node_modules");
    if (at >= 0) {
      folders.add(parts.slice(0, at + (parts[at + 1].startsWith("@") ? 3 : 2)).join("/"));
    }
  }
  const texts = [];
  for (const folder of [...folders].sort()) {
    const { name, version, license } = JSON.parse(await readFile(path.join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((f) => /^licen[cs]e(\.(md|txt))?$/i.test(f));
    if (!file) {
      throw new Error(`${folder} has no licence`);
    }
    texts.push(`${name} ${version} (${license})\n\n${(await readFile(path.join(folder, file), "utf8")).trim()}\n`);
  }
  return `The extension contains these packages.\n\n${texts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

const common = { bundle: true, logLevel: "warning" };
const node = { ...common, platform: "node", target: "node20", format: "cjs", external: ["vscode"] };

await rm("dist", { recursive: true, force: true });
await mkdir("dist", { recursive: true });
const made = await build({
  ...node, entryPoints: ["src/extension.ts"], outfile: "dist/extension.js", minify, metafile: true,
});
await build({
  ...common, platform: "browser", target: "es2022", format: "iife", entryPoints: ["src/webview/view.ts"],
  outfile: "dist/view.js", minify,
});
await writeFile("dist/NOTICES.txt", await notices(Object.keys(made.metafile.inputs)));
await copyFile("../../../LICENSE", "LICENSE");

if (process.argv.includes("--tests")) {
  await rm("build", { recursive: true, force: true });
  const tests = (await readdir("test")).filter((f) => f.endsWith(".test.ts")).map((f) => `test/${f}`);
  await build({ ...node, packages: "external", entryPoints: tests, outdir: "build", sourcemap: "inline" });
}
