// The extension: a client of "sandlint lsp", and two views of what the server knows.
import * as vscode from "vscode";

import { DecisionEditors } from "./decisions";
import { RulePages } from "./rulePage";
import { Server } from "./server";
import { Traces } from "./trace";

export function activate(context: vscode.ExtensionContext): void {
  const server: Server = new Server((id) => pages.show(id));
  const pages = new RulePages(server);
  const traces = new Traces(context.extensionUri, server);
  const tables = new DecisionEditors(context.extensionUri, server);
  const command = (name: string, run: (uri?: unknown) => unknown) =>
    vscode.commands.registerCommand(`sandlint.${name}`, run);
  context.subscriptions.push(
    server, pages, traces, tables,
    server.onDidStart(() => {
      traces.refresh();
      tables.refresh();
    }),
    command("fixAll", () => vscode.commands.executeCommand("editor.action.sourceAction", {
      kind: "source.fixAll.sandlint", apply: "first",
    })),
    command("explainRule", () => pages.choose(vscode.window.activeTextEditor)),
    command("showTrace", () => traces.show()),
    command("showDecisions", async (uri) => {
      const of = uri instanceof vscode.Uri ? uri : vscode.window.activeTextEditor?.document.uri;
      if (of) {
        await tables.show(of);
      }
    }),
    command("restart", () => server.restart()),
    command("showOutput", () => server.showOutput()),
  );
}
