// The engine keeps a worker that runs sandlint, and brings it to the state of the project: it sends the newest texts,
// one request at a time, and drops most answers to texts that changed since.

const patience = 20_000; // ms for one request
const quiet = 350; // ms without a change before everything is checked with fixes
const patch = 250; // ms after which findings are shown although the text has changed again

export class Engine {
  /** @param {{checked: Function, status: Function, failed: Function}} on */
  constructor(on) {
    this.on = on;
    this.queue = []; // requests of the page, such as for a picture
    this.stale = true; // the worker does not have the project
    this.dirty = new Set(); // files whose text changed
    this.settled = false;
    this.revision = 0;
    this.since = null; // when the first change was made that no request has
    this.shown = 0; // when findings were shown last
    this.latency = []; // ms between a change and its findings
    this.restarts = 0;
    this.start();
  }

  start() {
    this.ready = false;
    this.waiting = null;
    this.stale = true;
    this.on.status(this.module ? "starting again" : "loading sandlint");
    const source = URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" }));
    const worker = new Worker(source);
    this.worker = worker;
    worker.onmessage = ({ data }) => {
      if (worker === this.worker) this.receive(data);
    };
    worker.onerror = (e) => {
      e.preventDefault();
      if (worker === this.worker) this.receive({ died: e.message || "the worker failed" });
    };
    this.program().then((program) => worker.postMessage({ program }),
      (e) => this.receive({ died: e.message, broken: true }));
  }

  async program() {
    if (this.module) return { module: this.module };
    if (location.protocol !== "file:") return { address: new URL("sandlint.wasm.gz", document.baseURI).href };
    await new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = "sandlint.wasm.js";
      script.onload = resolve;
      script.onerror = () => reject(new Error("sandlint.wasm.js is not beside the page"));
      document.head.append(script);
    });
    const base64 = globalThis.sandlintProgram;
    delete globalThis.sandlintProgram;
    return { base64 };
  }

  receive(data) {
    if (data.ready) {
      this.ready = true;
      this.module = data.module;
      this.on.status("");
      this.pump();
      return;
    }
    if (data.died !== undefined) {
      this.crashed(data.died, data.broken);
      return;
    }
    const waiting = this.waiting;
    if (!waiting || waiting.id !== data.id) return;
    clearTimeout(this.timer);
    this.waiting = null;
    const answer = JSON.parse(data.answer);
    if (answer.defect) this.stale = true;
    waiting.done(answer);
    this.pump();
  }

  // crashed replaces the worker. The project is sent to the new one when it changes, so what ended the program does not
  // end it again at once.
  crashed(why, broken) {
    clearTimeout(this.timer);
    this.worker.terminate();
    const waiting = this.waiting;
    this.waiting = null;
    for (const one of this.queue.splice(0)) one.done({ error: why });
    if (waiting?.asked) waiting.done({ error: why });
    this.on.failed(broken ? `sandlint cannot be loaded: ${why}` : `sandlint stopped, and starts again with the next change: ${why}`);
    if (broken || ++this.restarts > 20) return;
    this.held = true;
    this.start();
  }

  /** Sets the project: the texts of its files by path, and targets. */
  set(files, targets) {
    this.files = files;
    this.targets = targets;
    this.stale = true;
    this.touched();
  }

  /** Says that the text of a file changed. */
  changed(path, text) {
    this.files[path] = text;
    this.dirty.add(path);
    this.touched();
  }

  touched() {
    this.revision++;
    this.held = false;
    this.settled = false;
    this.since ??= performance.now();
    this.last = performance.now();
    this.pump();
  }

  /** Asks something about the project as it is then, and returns the answer. */
  ask(request) {
    return new Promise((done) => {
      this.queue.push({ request, done });
      this.pump();
    });
  }

  pump() {
    if (!this.ready || this.waiting || this.held || !this.files) return;
    if (this.stale) {
      this.stale = false;
      this.dirty.clear();
      this.send({ do: "open", files: this.files, targets: this.targets });
    } else if (this.dirty.size > 0) {
      const [path] = this.dirty;
      this.dirty.delete(path);
      this.send({ do: "edit", path, text: this.files[path] });
    } else if (this.queue.length > 0) {
      const { request, done } = this.queue.shift();
      this.post(request, done, true);
    } else if (!this.settled) {
      const left = this.last + quiet - performance.now();
      clearTimeout(this.pause);
      if (left > 0) {
        this.pause = setTimeout(() => this.pump(), left);
      } else {
        this.send({ do: "settle" });
      }
    }
  }

  send(request) {
    const { revision, since } = this;
    this.since = null;
    this.post(request, (answer) => {
      if (answer.error) {
        this.settled = true;
        this.on.failed(answer.error);
        return;
      }
      const now = performance.now();
      const newest = revision === this.revision;
      if (!newest && (this.stale || now - this.shown < patch)) return;
      this.shown = now;
      if (newest) this.settled = answer.settled;
      if (since !== null) this.latency.push(now - since);
      this.on.checked(answer);
    });
  }

  post(request, done, asked = false) {
    this.waiting = { id: (this.id = (this.id ?? 0) + 1), done, asked };
    this.timer = setTimeout(() => this.crashed("a request took too long"), patience);
    this.worker.postMessage({ id: this.waiting.id, request: JSON.stringify(request) });
  }
}
