// Runs sandlint in a worker: it is given the program once, and then requests, which it answers one after the other.

const written = []; // what the program wrote last, which is why it ended

globalThis.fs.writeSync = (_, bytes) => {
  written.push(new TextDecoder().decode(bytes));
  while (written.length > 40) written.shift();
  return bytes.length;
};

async function bytesOf({ module, address, base64 }) {
  if (module) return module;
  let bytes;
  if (base64) {
    bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  } else {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`loading the program: the server answers ${answer.status}`);
    bytes = new Uint8Array(await answer.arrayBuffer());
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) { // else the server has unpacked it
    const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return WebAssembly.compileStreaming(new Response(unpacked, { headers: { "Content-Type": "application/wasm" } }));
  }
  return WebAssembly.compile(bytes);
}

async function start(program) {
  const module = await bytesOf(program);
  const go = new globalThis.Go();
  go.exit = () => {};
  const ready = new Promise((resolve) => { globalThis.sandlintReady = resolve; });
  const ended = go.run(await WebAssembly.instantiate(module, go.importObject));
  ended.then(died, died);
  await ready;
  postMessage({ ready: true, module });
}

function died() {
  postMessage({ died: written.join("").split("\n").find((line) => line.trim()) ?? "the program ended" });
}

onmessage = ({ data }) => {
  if (data.program) {
    start(data.program).catch((e) => postMessage({ died: String(e.message ?? e), broken: true }));
    return;
  }
  try {
    postMessage({ id: data.id, answer: globalThis.sandlint(data.request) });
  } catch (e) {
    postMessage({ died: String(e.message ?? e) });
  }
};
