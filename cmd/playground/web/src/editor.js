// The editor: CodeMirror with the findings as marks, in the colours of the page.

import { defaultKeymap, history, historyKeymap, isolateHistory } from "@codemirror/commands";
import { StreamLanguage, HighlightStyle, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { dockerFile } from "@codemirror/legacy-modes/mode/dockerfile";
import { json } from "@codemirror/legacy-modes/mode/javascript";
import { properties } from "@codemirror/legacy-modes/mode/properties";
import { shell } from "@codemirror/legacy-modes/mode/shell";
import { yaml } from "@codemirror/legacy-modes/mode/yaml";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--sl-link)", fontWeight: "600" },
  { tag: [tags.comment, tags.meta], color: "var(--sl-muted)", fontStyle: "italic" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--sl-good)" },
  { tag: [tags.number, tags.bool, tags.atom, tags.null], color: "var(--sl-warning)" },
  { tag: [tags.propertyName, tags.definition(tags.variableName)], color: "var(--sl-info)" },
]);

const looks = EditorView.theme({
  "&": { height: "100%", backgroundColor: "var(--sl-bg)", color: "var(--sl-fg)", fontSize: "14px" },
  "&.cm-focused": { outline: "2px solid var(--sl-focus)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--sl-mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--sl-fg)" },
  ".cm-cursor": { borderLeftColor: "var(--sl-fg)" },
  ".cm-gutters": { backgroundColor: "var(--sl-panel)", color: "var(--sl-muted)", borderRight: "1px solid var(--sl-line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--sl-panel) 60%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--sl-line)", color: "var(--sl-fg)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--sl-link) 30%, transparent) !important" },
  ".cm-selectionMatch": { backgroundColor: "color-mix(in srgb, var(--sl-warning) 25%, transparent)" },
  ".cm-tooltip, .cm-panels": { backgroundColor: "var(--sl-bg)", color: "var(--sl-fg)", border: "1px solid var(--sl-muted)" },
  ".cm-tooltip": { maxWidth: "min(36rem, 90vw)" },
  ".cm-diagnostic": { padding: ".4em .75em", fontFamily: "var(--sl-sans)", whiteSpace: "normal", overflowWrap: "anywhere" },
  ".cm-diagnosticAction": { backgroundColor: "var(--sl-link)", color: "var(--sl-bg)", fontSize: ".875em", padding: ".15em .6em" },
  ".cm-lintRange": { backgroundImage: "none", textDecorationLine: "underline", textDecorationStyle: "wavy",
    textDecorationThickness: "1.5px", textUnderlineOffset: "3px", textDecorationSkipInk: "none" },
  ".cm-lintRange-error": { textDecorationColor: "var(--sl-error)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--sl-warning)" },
  ".cm-lintRange-info": { textDecorationColor: "var(--sl-info)" },
  ".cm-lintRange-hint": { textDecorationColor: "var(--sl-style)", textDecorationStyle: "dotted" },
});

function language(path) {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (/dockerfile|containerfile/.test(name)) return StreamLanguage.define(dockerFile);
  if (/\.json$/.test(name)) return StreamLanguage.define({ ...json, tokenTable: { property: tags.propertyName } });
  if (/\.ya?ml$/.test(name)) return StreamLanguage.define(yaml);
  if (/\.sh$|^justfile$|^makefile$/.test(name)) return StreamLanguage.define(shell);
  if (/\.conf$|\.hcl$/.test(name)) return StreamLanguage.define(properties);
  return [];
}

/** Returns the offset of a line and a column, which count from 1, the column in code points. */
export function offsetOf(doc, { line, column }) {
  if (line > doc.lines) return doc.length;
  const at = doc.line(Math.max(1, line));
  let offset = 0;
  for (let n = 1; n < column && offset < at.length; n++) {
    offset += at.text.codePointAt(offset) > 0xffff ? 2 : 1;
  }
  return at.from + Math.min(offset, at.length);
}

export class Editor {
  /** @param {HTMLElement} parent @param {(text: string) => void} changed @param {(offset: number) => void} moved */
  constructor(parent, changed, moved) {
    this.states = new Map(); // by path, with their histories
    this.changed = changed;
    this.moved = moved;
    this.view = new EditorView({ parent });
  }

  stateOf(path, text) {
    return EditorState.create({ doc: text, extensions: [
      EditorState.lineSeparator.of("\n"), // what else ends lines is a part of the text, and stays
      lineNumbers(), highlightActiveLineGutter(), highlightSpecialChars(), history(), drawSelection(), bracketMatching(),
      highlightActiveLine(), highlightSelectionMatches(), lintGutter(), syntaxHighlighting(colours), looks, language(path),
      keymap.of([...lintKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap]),
      EditorView.contentAttributes.of({ "aria-label": `Text of ${path}`, tabindex: "0", autocapitalize: "off", autocorrect: "off", spellcheck: "false" }),
      EditorView.updateListener.of((u) => {
        if (u.docChanged) this.changed(u.state.doc.toString());
        if (u.selectionSet) this.moved(u.state.selection.main.head);
      }),
    ] });
  }

  /** Shows a file. Its history of changes stays until it is forgotten. */
  show(path, text) {
    if (this.path !== undefined) this.states.set(this.path, this.view.state);
    let state = this.states.get(path);
    if (!state || state.doc.toString() !== text) state = this.stateOf(path, text);
    this.path = path;
    this.view.setState(state);
  }

  forget() {
    this.states.clear();
    this.path = undefined;
  }

  /** Replaces the text by another one, as a change that is undone alone, also right after typing. */
  replace(text) {
    const old = this.view.state.doc.toString();
    let start = 0;
    while (start < old.length && start < text.length && old[start] === text[start]) start++;
    let end = 0;
    while (end < old.length - start && end < text.length - start && old.at(-1 - end) === text.at(-1 - end)) end++;
    this.view.dispatch({
      changes: { from: start, to: old.length - end, insert: text.slice(start, text.length - end) },
      annotations: isolateHistory.of("full"),
    });
  }

  /** Marks findings: their start and end, severity, message, and the actions that mend them. */
  mark(findings) {
    const { doc } = this.view.state;
    const severity = { error: "error", warning: "warning", info: "info", style: "hint" };
    const list = findings.map((f) => {
      const from = offsetOf(doc, f.start);
      return { from, to: Math.max(from, offsetOf(doc, f.end)), severity: severity[f.severity], message: f.message,
        source: f.rule, actions: f.actions };
    });
    this.view.dispatch(setDiagnostics(this.view.state, list.sort((a, b) => a.from - b.from)));
  }

  /** Puts the cursor at a place. */
  go(start) {
    const at = offsetOf(this.view.state.doc, start);
    this.view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    this.view.focus();
  }
}
