// The trace of a build, beside the editor.
import * as vscode from "vscode";

import type { Server } from "./server";
import { trace, type View } from "./protocol";
import { Shown } from "./view";

export const traceView = "sandlint.trace";

// Traces are the panel of traces, of which there is one at most.
export class Traces implements vscode.Disposable, vscode.WebviewPanelSerializer {
  private panel: TracePanel | undefined;
  private readonly serializer: vscode.Disposable;

  constructor(private readonly extension: vscode.Uri, private readonly server: Server) {
    this.serializer = vscode.window.registerWebviewPanelSerializer(traceView, this);
  }

  // show shows the trace of the file in the active editor.
  show(): void {
    if (!this.panel) {
      this.take(vscode.window.createWebviewPanel(
        traceView, "Trace", { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      ));
    }
    this.panel?.follow(vscode.window.activeTextEditor, true);
    this.panel?.front();
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.take(panel);
    this.panel?.follow(vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0], false);
  }

  private take(panel: vscode.WebviewPanel): void {
    this.panel?.dispose();
    const made = (this.panel = new TracePanel(this.extension, panel, this.server));
    panel.onDidDispose(() => {
      made.dispose();
      if (this.panel === made) {
        this.panel = undefined;
      }
    });
  }

  // refresh asks the server again, such as after it was started anew.
  refresh(): void {
    this.panel?.soon();
  }

  dispose(): void {
    this.serializer.dispose();
    this.panel?.dispose();
  }
}

class TracePanel extends Shown {
  private document: vscode.TextDocument | undefined;

  constructor(extension: vscode.Uri, private readonly panel: vscode.WebviewPanel, private readonly server: Server) {
    super(extension, panel.webview, "Trace", "Builds", "");
    this.disposables.push(
      vscode.window.onDidChangeActiveTextEditor((editor) => this.follow(editor, false)),
      vscode.window.onDidChangeTextEditorSelection((event) => this.cursor(event.textEditor)),
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (event.document.uri.scheme === "file" && event.contentChanges.length > 0) {
          this.soon(); // of any file, since a nix.conf counts for the Dockerfile that copies it
        }
      }),
      vscode.workspace.onDidSaveTextDocument(() => this.soon()),
    );
  }

  front(): void {
    this.panel.reveal(undefined, true);
  }

  // follow shows the trace of the file in an editor. One that has none leaves what is shown, unless the user asks.
  follow(editor: vscode.TextEditor | undefined, asked: boolean): void {
    const document = editor?.document;
    if (!document || document.uri.scheme !== "file" || (!asked && document === this.document)) {
      return;
    }
    void this.take(document, asked);
  }

  private async take(document: vscode.TextDocument, asked: boolean): Promise<void> {
    if (!asked && !(await this.has(document))) {
      return;
    }
    this.document = document;
    await this.update();
  }

  private async has(document: vscode.TextDocument): Promise<boolean> {
    try {
      const view = await this.server.request(trace, { textDocument: { uri: this.server.uri(document.uri) } });
      return view !== null;
    } catch {
      return false;
    }
  }

  protected async ask(token: vscode.CancellationToken): Promise<View | string> {
    const document = this.document;
    if (!document) {
      return "Open a Dockerfile, a bake file, a Compose file or a nix.conf to see its trace.";
    }
    const name = vscode.workspace.asRelativePath(document.uri);
    const view = await this.server.request(trace, { textDocument: { uri: this.server.uri(document.uri) } }, token);
    if (view === null) {
      return `${name} is neither a Dockerfile, a bake file, a Compose file nor a nix.conf.`;
    }
    this.panel.title = `Trace of ${name}`;
    return view;
  }

  protected override drawn(): void {
    const editor = vscode.window.visibleTextEditors.find((e) => e.document === this.document);
    if (editor) {
      this.cursor(editor);
    }
  }

  private cursor(editor: vscode.TextEditor): void {
    const path = this.pathOf(editor.document.uri);
    if (path !== undefined) {
      this.send({ kind: "cursor", path, line: editor.selection.active.line + 1 });
    }
  }
}
