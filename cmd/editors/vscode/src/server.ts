// The server: which program is started, when, and with which settings.
import { homedir } from "node:os";
import * as vscode from "vscode";
import {
  DidChangeConfigurationNotification, DocumentFormattingRequest, type DocumentSelector, LanguageClient,
  type RequestType, RevealOutputChannelOn, State,
} from "vscode-languageclient/node";

import { documents, formatted } from "./files";
import { findProgram, isExecutable } from "./program";

// Options are what the server gets as initializationOptions, and with workspace/didChangeConfiguration.
interface Options {
  diagnostics: string;
  inlayHints: boolean;
}

function settings(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration("sandlint");
}

function options(): Options {
  const s = settings();
  return { diagnostics: s.get("diagnostics", "open"), inlayHints: s.get("inlayHints", false) };
}

export class Server implements vscode.Disposable {
  private readonly output = vscode.window.createOutputChannel("sandlint", { log: true });
  private readonly status = vscode.languages.createLanguageStatusItem("sandlint", documents());
  private readonly started = new vscode.EventEmitter<void>();
  private readonly disposables: vscode.Disposable[];
  private client: LanguageClient | undefined;
  private starting: Promise<LanguageClient> | undefined;
  private last: Promise<void> = Promise.resolve();

  // onDidStart fires when the server runs.
  readonly onDidStart = this.started.event;

  constructor(private readonly explain: (rule: string) => Promise<void>) {
    this.status.name = "sandlint";
    this.status.command = { title: "Output", command: "sandlint.showOutput" };
    this.disposables = [
      this.output, this.status, this.started,
      vscode.workspace.onDidChangeConfiguration((event) => void this.configured(event)),
      vscode.workspace.onDidOpenTextDocument((document) => this.opened(document)),
    ];
    if (settings().get("diagnostics") === "workspace") {
      void this.start();
    }
    for (const document of vscode.workspace.textDocuments) {
      this.opened(document);
    }
  }

  // opened starts the server when the first file is opened that it may look at.
  private opened(document: vscode.TextDocument): void {
    if (!this.starting && vscode.languages.match(documents(), document) > 0) {
      void this.start();
    }
  }

  private async configured(event: vscode.ConfigurationChangeEvent): Promise<void> {
    const anew = ["path", "args", "environment", "diagnostics"]; // whether all files count is agreed on at the start
    if (anew.some((name) => event.affectsConfiguration(`sandlint.${name}`))) {
      if (this.starting) {
        await this.restart();
      }
    } else if (event.affectsConfiguration("sandlint") && this.client?.isRunning()) {
      await this.client.sendNotification(DidChangeConfigurationNotification.type, {
        settings: { sandlint: options() },
      });
    }
  }

  // start starts the server unless it runs. The user learns why where it cannot be started.
  async start(): Promise<void> {
    try {
      await this.running();
    } catch {
      // running has shown it.
    }
  }

  private running(): Promise<LanguageClient> {
    this.starting ??= this.launch();
    return this.starting;
  }

  private async launch(): Promise<LanguageClient> {
    await this.last;
    const s = settings();
    const found = await findProgram(s.get("path", ""), {
      platform: process.platform, home: homedir(), search: process.env.PATH ?? "", executable: isExecutable,
    });
    if ("problem" in found) {
      this.missing(found.problem);
      throw new Error(found.problem);
    }
    const args = ["lsp", ...s.get<string[]>("args", [])];
    this.output.info(`Starting ${[found.program, ...args].join(" ")}`);
    const client = new LanguageClient("sandlint", "sandlint", {
      command: found.program,
      args,
      options: { env: { ...process.env, ...s.get<Record<string, string>>("environment", {}) } },
    }, {
      documentSelector: documents(),
      outputChannel: this.output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: options(),
      middleware: {
        executeCommand: async (command, parameters, next) => {
          const id: unknown = (parameters as unknown[])[0];
          return command === "sandlint.explain" && typeof id === "string"
            ? this.explain(id) : next(command, parameters);
        },
      },
    });
    narrow(client, formatted());
    client.onDidChangeState(({ newState }) => this.changed(client, newState));
    this.client = client;
    this.status.busy = true;
    try {
      await client.start();
    } finally {
      this.status.busy = false;
    }
    this.started.fire();
    return client;
  }

  private changed(client: LanguageClient, state: State): void {
    if (client !== this.client) {
      return;
    }
    const running = state === State.Running;
    const version = client.initializeResult?.serverInfo?.version ?? "";
    this.status.text = running ? `sandlint ${version}` : "sandlint does not run";
    this.status.severity = state === State.Stopped
      ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
  }

  private missing(problem: string): void {
    this.output.error(problem);
    this.status.text = "sandlint is not installed";
    this.status.detail = problem;
    this.status.severity = vscode.LanguageStatusSeverity.Error;
    const how = "How to Install", open = "Open the Settings", again = "Try Again";
    void vscode.window.showErrorMessage(problem, how, open, again).then(async (choice) => {
      switch (choice) {
        case how:
          await vscode.env.openExternal(vscode.Uri.parse("https://github.com/sandlint/sandlint#install-it"));
          break;
        case open:
          await vscode.commands.executeCommand("workbench.action.openSettings", "sandlint.path");
          break;
        case again:
          await this.restart();
      }
    });
  }

  // restart stops the server, and starts it with the settings of now.
  async restart(): Promise<void> {
    await this.stop();
    this.status.detail = "";
    await this.start();
  }

  private async stop(): Promise<void> {
    const { client } = this;
    this.client = undefined;
    this.starting = undefined;
    if (client) {
      const stopped = client.dispose().catch((error: unknown) => {
        this.output.warn(`Stopping: ${String(error)}`); // a server that has crashed
      });
      this.last = stopped;
      await stopped;
    }
  }

  showOutput(): void {
    this.output.show(true);
  }

  // uri returns the URI of a file as the server gets it.
  uri(uri: vscode.Uri): string {
    return this.client?.code2ProtocolConverter.asUri(uri) ?? uri.toString();
  }

  // request asks the server, which is started before if need be.
  async request<P, R, E>(type: RequestType<P, R, E>, params: P, token?: vscode.CancellationToken): Promise<R> {
    const client = await this.running();
    // An undefined token would be taken for another parameter.
    return token ? client.sendRequest<R>(type.method, params, token) : client.sendRequest<R>(type.method, params);
  }

  dispose(): void {
    void this.stop();
    for (const d of this.disposables) {
      d.dispose();
    }
  }
}

// narrow makes the client offer formatting for fewer documents than the rest.
function narrow(client: LanguageClient, selector: DocumentSelector): void {
  const formatting = client.getFeature(DocumentFormattingRequest.method);
  if ("initialize" in formatting) {
    const initialize = formatting.initialize.bind(formatting);
    formatting.initialize = (capabilities) => initialize(capabilities, selector);
  }
}
