// What the two views, of a trace and of a decision table, have in common.
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";

import { type FromWebview, parse, type ToWebview } from "./messages";
import { page } from "./page";
import type { View } from "./protocol";

// delay is how long after an edit a view is drawn anew, in milliseconds.
const delay = 250;

// Shown is a webview that shows what the server draws. What is asked for again while an answer is awaited replaces it.
export abstract class Shown implements vscode.Disposable {
  protected readonly disposables: vscode.Disposable[] = [];
  private ready = false;
  private view: View | undefined;
  private note = "";
  private timer: NodeJS.Timeout | undefined;
  private asking: vscode.CancellationTokenSource | undefined;

  protected constructor(
    private readonly extension: vscode.Uri, protected readonly webview: vscode.Webview, title: string,
    section: string, controls: string,
  ) {
    webview.options = { enableScripts: true, localResourceRoots: this.roots() };
    const file = (folder: string, name: string) =>
      webview.asWebviewUri(vscode.Uri.joinPath(extension, folder, name)).toString();
    this.disposables.push(webview.onDidReceiveMessage((m) => {
      const message = parse(m);
      if (message) {
        this.received(message);
      }
    }));
    webview.html = page({
      nonce: randomBytes(16).toString("hex"), source: webview.cspSource, title, section, controls,
      style: file("media", "view.css"), script: file("dist", "view.js"),
    });
  }

  private roots(): vscode.Uri[] {
    return ["media", "dist"].map((folder) => vscode.Uri.joinPath(this.extension, folder));
  }

  // ask asks the server. It returns a view, or why there is none.
  protected abstract ask(token: vscode.CancellationToken): Promise<View | string>;

  // drawn is called when a view was sent to the webview.
  protected drawn(): void {}

  protected received(message: FromWebview): void {
    switch (message.kind) {
      case "ready":
        this.ready = true;
        this.draw();
        break;
      case "open":
        void this.reveal(message.path, message.line);
        break;
    }
  }

  // soon asks the server again when no edit has followed for a moment.
  soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.update(), delay);
  }

  // update asks the server, and shows the answer.
  async update(): Promise<void> {
    clearTimeout(this.timer);
    this.asking?.cancel();
    const asking = (this.asking = new vscode.CancellationTokenSource());
    let answer: View | string;
    try {
      answer = await this.ask(asking.token);
    } catch (error) {
      answer = error instanceof Error ? error.message : String(error);
    }
    if (asking.token.isCancellationRequested) {
      return;
    }
    if (typeof answer === "string") {
      this.note = answer;
    } else {
      this.view = answer;
      this.note = "";
    }
    this.draw();
  }

  private draw(): void {
    if (!this.ready) {
      return;
    }
    if (this.view) {
      const { title, html, style, files } = this.view;
      const choices = "choices" in this.view ? { choices: this.view.choices as never } : {};
      this.send({ kind: "show", title, html, style, paths: Object.keys(files), ...choices });
    }
    this.send({ kind: "note", text: this.note });
    this.drawn();
  }

  protected send(message: ToWebview): void {
    void this.webview.postMessage(message);
  }

  // pathOf returns the path that the view has for a file.
  protected pathOf(uri: vscode.Uri): string | undefined {
    const wanted = uri.toString();
    return Object.entries(this.view?.files ?? {}).find(([, u]) => vscode.Uri.parse(u).toString() === wanted)?.[0];
  }

  // reveal shows a line of a file that the view names.
  private async reveal(path: string, line: number): Promise<void> {
    const files = this.view?.files ?? {};
    const uri = Object.hasOwn(files, path) ? files[path] : undefined;
    if (uri === undefined) {
      return;
    }
    const at = new vscode.Position(line - 1, 0);
    const target = vscode.Uri.parse(uri);
    const column = vscode.window.tabGroups.all.find((group) => group.tabs.some((tab) =>
      tab.input instanceof vscode.TabInputText && tab.input.uri.toString() === target.toString()))?.viewColumn;
    await vscode.window.showTextDocument(target, {
      selection: new vscode.Range(at, at), viewColumn: column ?? vscode.ViewColumn.Beside,
    });
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.asking?.cancel();
    for (const d of this.disposables.splice(0)) {
      d.dispose();
    }
  }
}
