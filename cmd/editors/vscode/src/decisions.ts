// The decision table of a seccomp profile, as an editor that shows the file in another way.
import * as vscode from "vscode";

import { type FromWebview, targets } from "./messages";
import { decisionControls } from "./page";
import { decisions, type View } from "./protocol";
import type { Server } from "./server";
import { Shown } from "./view";

export const decisionsView = "sandlint.decisions";

export class DecisionEditors implements vscode.CustomTextEditorProvider, vscode.Disposable {
  private readonly open = new Set<DecisionTable>();
  private readonly registration: vscode.Disposable;

  constructor(private readonly extension: vscode.Uri, private readonly server: Server) {
    this.registration = vscode.window.registerCustomEditorProvider(decisionsView, this, {
      supportsMultipleEditorsPerDocument: true,
    });
  }

  resolveCustomTextEditor(document: vscode.TextDocument, panel: vscode.WebviewPanel): void {
    const table = new DecisionTable(this.extension, panel.webview, document, this.server);
    this.open.add(table);
    panel.onDidDispose(() => {
      this.open.delete(table);
      table.dispose();
    });
    void table.update();
  }

  // show opens the table of a profile beside its text.
  async show(uri: vscode.Uri): Promise<void> {
    await vscode.commands.executeCommand("vscode.openWith", uri, decisionsView, vscode.ViewColumn.Beside);
  }

  // refresh asks the server again, such as after it was started anew.
  refresh(): void {
    for (const table of this.open) {
      table.soon();
    }
  }

  dispose(): void {
    this.registration.dispose();
    for (const table of this.open) {
      table.dispose();
    }
  }
}

class DecisionTable extends Shown {
  private chosen = { first: "", second: "", architecture: "" };

  constructor(
    extension: vscode.Uri, webview: vscode.Webview, private readonly document: vscode.TextDocument,
    private readonly server: Server,
  ) {
    const title = `Decisions of ${vscode.workspace.asRelativePath(document.uri)}`;
    super(extension, webview, title, "Profiles", decisionControls);
    this.disposables.push(vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document === document && event.contentChanges.length > 0) {
        this.soon();
      }
    }));
  }

  protected override received(message: FromWebview): void {
    if (message.kind === "choose") {
      const { first, second, architecture } = message;
      this.chosen = { first, second, architecture };
      void this.update();
      return;
    }
    super.received(message);
  }

  protected async ask(token: vscode.CancellationToken): Promise<View | string> {
    const { first, second, architecture } = this.chosen;
    const list = second.trim() === "" ? [targets(first)] : [targets(first), targets(second)];
    const view = await this.server.request(decisions, {
      textDocument: { uri: this.server.uri(this.document.uri) },
      targets: list,
      architectures: architecture === "" ? [] : [architecture],
    }, token);
    return view ?? "The file is not a seccomp profile.";
  }
}
