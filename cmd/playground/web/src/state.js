// The state of the page as the fragment of a link: "#1." and the base64url of compressed JSON. A link is data alone, and
// bounded: what it holds is checked like what a user types, and nothing in it runs.

export const limits = { files: 100, bytes: 1 << 20, path: 200, link: 64_000 };

const encoder = new TextEncoder();

/** Returns what is wrong with a path, "" for nothing. */
export function wrongPath(path) {
  if (path === "") return "the name of a file is empty";
  if (encoder.encode(path).length > limits.path) return `a path has at most ${limits.path} bytes`;
  if (/[\u0000-\u001f\u007f-\u009f]/.test(path) || !path.isWellFormed()) return "a path has no control characters";
  const parts = path.split("/");
  if (parts.some((p) => p === "" || p === "." || p === "..")) return "a path leads from the root of the project to a file, such as images/Dockerfile";
  if (parts.includes(".git")) return "git's own folder is not checked";
  return "";
}

/** Returns what is wrong with a project, "" for nothing. */
export function wrongProject(files) {
  const paths = Object.keys(files);
  if (paths.length > limits.files) return `a project has at most ${limits.files} files here`;
  let bytes = 0;
  for (const path of paths) {
    const wrong = wrongPath(path);
    if (wrong) return wrong;
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
      if (Object.hasOwn(files, path.slice(0, at))) return `${path.slice(0, at)} is a file, so no file can lie below it`;
    }
    bytes += encoder.encode(files[path]).length;
  }
  return bytes > limits.bytes ? `a project has at most ${limits.bytes >> 10} KiB here, and this one has ${Math.ceil(bytes / 1024)}` : "";
}

async function through(bytes, stream, most) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const chunks = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    size += value.length;
    if (size > most) {
      await reader.cancel();
      throw new Error("the link holds too much");
    }
    chunks.push(value);
  }
}

/** Returns the fragment for a state, "" for one that is too large for a link. */
export async function write(state) {
  const json = JSON.stringify({ f: state.files, t: state.targets, o: state.open, p: state.panel });
  const packed = await through(encoder.encode(json), new CompressionStream("deflate-raw"), Infinity);
  let text = "";
  for (let i = 0; i < packed.length; i += 0x8000) text += String.fromCharCode(...packed.subarray(i, i + 0x8000));
  const link = `#1.${btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
  return link.length > limits.link ? "" : link;
}

/** Returns the state that a fragment holds, null for none. It throws an error that says what is wrong with it. */
export async function read(fragment) {
  if (fragment === "" || fragment === "#") return null;
  const found = /^#1\.([A-Za-z0-9_-]+)$/.exec(fragment);
  if (!found) throw new Error("the link holds no state of this page");
  if (fragment.length > limits.link) throw new Error("the link is too long");
  let state;
  try {
    const packed = Uint8Array.from(atob(found[1].replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const bytes = await through(packed, new DecompressionStream("deflate-raw"), 2 * limits.bytes);
    state = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (e) {
    throw new Error(`the link is damaged: ${e.message}`);
  }
  const isText = (v) => typeof v === "string";
  const { f, t = [], o, p } = state ?? {};
  if (typeof f !== "object" || f === null || Array.isArray(f) || !Object.values(f).every(isText) ||
      !Array.isArray(t) || t.length > 40 || !t.every((v) => isText(v) && v.length <= 100)) {
    throw new Error("the link is damaged: it holds no project");
  }
  const files = Object.assign(Object.create(null), f);
  const wrong = wrongProject(files);
  if (wrong) throw new Error(`the link holds no project for this page: ${wrong}`);
  return { files, targets: t, open: isText(o) && o in files ? o : undefined, panel: isText(p) ? p : undefined };
}
