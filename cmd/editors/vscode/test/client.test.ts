// The real server, started as the extension starts it. SANDLINT names the program; without it, it is built.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

import {
  CodeActionRequest, CodeActionTriggerKind, createProtocolConnection, DidChangeConfigurationNotification,
  DidChangeTextDocumentNotification, DidOpenTextDocumentNotification, type Diagnostic, DocumentDiagnosticRequest,
  ExitNotification, InitializedNotification, InitializeRequest, InlayHintRequest, type ProtocolConnection,
  RegistrationRequest, ShutdownRequest, StreamMessageReader, StreamMessageWriter, type TextDocumentEdit,
} from "vscode-languageserver-protocol/node";

import { decisions, rule, trace } from "../src/protocol";

const root = path.join(__dirname, "..");
const folder = realpathSync(mkdtempSync(path.join(tmpdir(), "sandlint-vscode-")));
let server: ChildProcess;
let connection: ProtocolConnection;

const uri = (name: string) => pathToFileURL(path.join(folder, name)).toString();

function program(): string {
  const { SANDLINT } = process.env;
  if (SANDLINT) {
    return SANDLINT;
  }
  const out = path.join(folder, ".git", "sandlint");
  execFileSync("go", ["build", "-o", out, "./cmd/sandlint"], { cwd: path.join(root, "../../..") });
  return out;
}

async function open(name: string, languageId: string, text: string): Promise<void> {
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri: uri(name), languageId, version: 1, text },
  });
}

async function replace(name: string, version: number, text: string): Promise<void> {
  await connection.sendNotification(DidChangeTextDocumentNotification.type, {
    textDocument: { uri: uri(name), version }, contentChanges: [{ text }],
  });
}

async function found(name: string): Promise<Diagnostic[]> {
  const report = await connection.sendRequest(DocumentDiagnosticRequest.type, { textDocument: { uri: uri(name) } });
  assert.equal(report.kind, "full");
  return report.items;
}

const dockerfile = "FROM nixos/nix:2.24.9\nCOPY nix.conf /etc/nix/nix.conf\nRUN nix-env -iA nixpkgs.hello\n";
const profile = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "syscalls": [
    {"names": ["read"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}
  ]
}
`;

before(async () => {
  mkdirSync(path.join(folder, ".git"));
  cpSync(path.join(root, "test/samples/nix.conf"), path.join(folder, "nix.conf"));
  server = spawn(program(), ["lsp"], {
    cwd: folder, stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, SANDLINT_SHELLCHECK: "none" },
  });
  assert.ok(server.stdin && server.stdout);
  connection = createProtocolConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
  connection.onRequest(RegistrationRequest.type, () => undefined);
  connection.listen();
  const result = await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid, rootUri: null, workspaceFolders: [{ uri: pathToFileURL(folder).toString(), name: "x" }],
    initializationOptions: { diagnostics: "open", inlayHints: false },
    capabilities: {
      textDocument: { diagnostic: {}, codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: [] } } } },
      workspace: { workspaceEdit: { documentChanges: true } },
    },
  });
  assert.equal(result.serverInfo?.name, "sandlint");
  assert.ok(result.capabilities.diagnosticProvider);
  await connection.sendNotification(InitializedNotification.type, {});
});

after(async () => {
  await connection.sendRequest(ShutdownRequest.type);
  const ended = new Promise((resolve) => server.once("exit", resolve));
  await connection.sendNotification(ExitNotification.type);
  assert.equal(await ended, 0);
  connection.dispose();
  rmSync(folder, { recursive: true });
});

test("findings, and the fix of one", async () => {
  await open("user/nix.conf", "nix-conf", "cores=4\n");
  const [first, ...more] = await found("user/nix.conf");
  assert.ok(first);
  assert.equal(first.code, "nix/assignment-spacing");
  assert.equal(more.length, 0);
  const actions = await connection.sendRequest(CodeActionRequest.type, {
    textDocument: { uri: uri("user/nix.conf") }, range: first.range,
    context: { diagnostics: [first], triggerKind: CodeActionTriggerKind.Invoked },
  });
  const fix = actions?.find((a) => "isPreferred" in a && a.isPreferred);
  assert.ok(fix && "edit" in fix);
  const change = fix.edit?.documentChanges?.[0] as TextDocumentEdit;
  assert.equal(change.textDocument.uri, uri("user/nix.conf"));
  const edit = change.edits[0];
  assert.ok(edit && "newText" in edit);
  assert.ok(edit.newText.includes(" = "), edit.newText);
});

test("the trace follows the edits of the Dockerfile and of the nix.conf that it copies", async () => {
  const ask = () => connection.sendRequest(trace, { textDocument: { uri: uri("Dockerfile") } });
  await open("Dockerfile", "dockerfile", dockerfile);
  const one = await ask();
  assert.ok(one);
  assert.deepEqual(one.files, { Dockerfile: uri("Dockerfile") });
  assert.match(one.html, /class="sl-timeline"/);
  assert.match(one.html, /nix-env -iA nixpkgs\.hello/);
  assert.match(one.style, /\.sl-timeline/);
  await open("nix.conf", "nix-conf", "cores = 7\n");
  const two = await ask();
  assert.match(two?.html ?? "", />cores<.*>7</s);
  await replace("nix.conf", 2, "cores = 8\n");
  const three = await ask();
  assert.match(three?.html ?? "", />cores<.*>8</s);
  await replace("Dockerfile", 2, `${dockerfile}RUN <script>alert(1)</script>\n`);
  const hostile = await ask();
  assert.ok(!hostile?.html.includes("<script"), hostile?.html);
  assert.match(hostile?.html ?? "", /&lt;script&gt;/);
  assert.equal(await connection.sendRequest(trace, { textDocument: { uri: uri("gone") } }), null);
});

test("the decisions of a profile for two targets", async () => {
  await open("seccomp.json", "json", profile);
  const textDocument = { uri: uri("seccomp.json") };
  const one = await connection.sendRequest(decisions, { textDocument });
  assert.ok(one);
  assert.deepEqual(one.files, { "seccomp.json": uri("seccomp.json") });
  assert.equal(one.html.match(/class="sl-profile"/g)?.length, 1);
  assert.ok(one.choices.targets.some((t) => t.startsWith("docker=")));
  assert.ok(one.choices.architectures.includes("all"));
  const two = await connection.sendRequest(decisions, {
    textDocument, targets: [["docker=29"], ["docker=29", "cap=SYS_ADMIN"]], architectures: ["riscv64"],
  });
  assert.ok(two);
  assert.deepEqual(Object.keys(two.files), ["seccomp.json (docker=29)", "seccomp.json (docker=29, cap=SYS_ADMIN)"]);
  const differing = two.html.match(/<tr class="sl-differs">.*?<\/tr>/gs) ?? [];
  assert.equal(differing.length, 1);
  assert.match(differing[0] ?? "", />mount</);
  await assert.rejects(
    connection.sendRequest(decisions, { textDocument, targets: [["dokcer=29"]] }),
    /dokcer=29: .*did you mean "docker"\?/,
  );
});

test("settings that change", async () => {
  const hints = () => connection.sendRequest(InlayHintRequest.type, {
    textDocument: { uri: uri("app.dockerfile") },
    range: { start: { line: 0, character: 0 }, end: { line: 9, character: 0 } },
  });
  await open("app.dockerfile", "dockerfile", "FROM debian:12\nUSER nobody\nRUN id\n");
  assert.deepEqual(await hints(), []);
  await connection.sendNotification(DidChangeConfigurationNotification.type, {
    settings: { sandlint: { diagnostics: "open", inlayHints: true } },
  });
  assert.match(JSON.stringify(await hints()), /nobody/);
});

test("the page of a rule", async () => {
  const page = await connection.sendRequest(rule, { rule: "nix/assignment-spacing" });
  assert.match(page.markdown, /^# nix\/assignment-spacing\n/);
  await assert.rejects(connection.sendRequest(rule, { rule: "nix/assignment-spacin" }), /assignment-spacing/);
});
