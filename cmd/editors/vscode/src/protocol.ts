// The requests of sandlint's server that are not part of the Language Server Protocol. docs/editors.md describes them.
import { RequestType } from "vscode-languageserver-protocol/node";

export interface Document {
  textDocument: { uri: string };
}

// View is something drawn as HTML, in which all text is escaped, with the style sheet that it needs. files has the URIs
// of files by the headings under which the HTML shows their lines.
export interface View {
  title: string;
  html: string;
  style: string;
  files: Record<string, string>;
}

export interface DecisionsParams extends Document {
  // targets has one or two targets, each a list such as ["docker=29", "runc=1.2"].
  targets?: string[][];
  architectures?: string[];
}

export interface Decisions extends View {
  // choices are targets and architectures that can be asked for.
  choices: { targets: string[]; architectures: string[] };
}

export interface RulePage {
  id: string;
  markdown: string;
}

export const trace = new RequestType<Document, View | null, void>("sandlint/trace");
export const decisions = new RequestType<DecisionsParams, Decisions | null, void>("sandlint/decisions");
export const rule = new RequestType<{ rule: string }, RulePage, void>("sandlint/rule");
