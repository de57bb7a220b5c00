// The pages of rules, shown as Markdown without the network.
import * as vscode from "vscode";

import { rule } from "./protocol";
import type { Server } from "./server";

const scheme = "sandlint-rule";

export class RulePages implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly registration: vscode.Disposable;

  constructor(private readonly server: Server) {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const id = uri.path.replace(/^\//, "").replace(/\.md$/, "");
    return (await this.server.request(rule, { rule: id })).markdown;
  }

  async show(id: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme, path: `/${id}.md` });
    try {
      await vscode.workspace.openTextDocument(uri);
      await vscode.commands.executeCommand("markdown.showPreview", uri);
    } catch (error) {
      void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
    }
  }

  // choose shows the page of a rule that found something: at the cursor, or else in the file.
  async choose(editor: vscode.TextEditor | undefined): Promise<void> {
    const found = editor ? vscode.languages.getDiagnostics(editor.document.uri).filter(isOurs) : [];
    const line = editor?.selection.active.line ?? -1;
    const here = found.filter((d) => d.range.start.line <= line && line <= d.range.end.line);
    const ids = new Map<string, string>();
    for (const d of here.length > 0 ? here : found) {
      ids.set(codeOf(d), d.message);
    }
    if (ids.size === 0) {
      void vscode.window.showInformationMessage("sandlint has found nothing in this file.");
      return;
    }
    const items = [...ids].map(([label, detail]) => ({ label, detail }));
    const picked = items.length === 1 ? items[0]
      : await vscode.window.showQuickPick(items, { placeHolder: "The rule to explain" });
    if (picked) {
      await this.show(picked.label);
    }
  }

  dispose(): void {
    this.registration.dispose();
  }
}

function isOurs(d: vscode.Diagnostic): boolean {
  return d.source === "sandlint" && codeOf(d) !== "";
}

function codeOf(d: vscode.Diagnostic): string {
  const code = typeof d.code === "object" ? d.code.value : d.code;
  return code === undefined ? "" : String(code);
}
