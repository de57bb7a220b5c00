// The messages between the extension and its webviews.

export type ToWebview =
  | {
      kind: "show";
      title: string;
      html: string;
      style: string;
      // paths are the headings of files that the editor can show.
      paths: string[];
      // choices are what the form of the decision table offers.
      choices?: { targets: string[]; architectures: string[] };
    }
  // A note replaces the one before; "" removes it. The content stays.
  | { kind: "note"; text: string }
  // The cursor is in a line of a file, by the path that the content has for it; lines count from 1.
  | { kind: "cursor"; path: string; line: number };

export type FromWebview =
  | { kind: "ready" }
  | { kind: "open"; path: string; line: number }
  | { kind: "choose"; first: string; second: string; architecture: string };

// parse returns a message of a webview, and nothing for anything else.
export function parse(message: unknown): FromWebview | undefined {
  const m = (typeof message === "object" && message !== null ? message : {}) as Record<string, unknown>;
  switch (m.kind) {
    case "ready":
      return { kind: "ready" };
    case "open":
      if (typeof m.path === "string" && Number.isInteger(m.line) && (m.line as number) > 0) {
        return { kind: "open", path: m.path, line: m.line as number };
      }
      return undefined;
    case "choose":
      if (typeof m.first === "string" && typeof m.second === "string" && typeof m.architecture === "string") {
        return { kind: "choose", first: m.first, second: m.second, architecture: m.architecture };
      }
  }
  return undefined;
}

// targets returns the words of what a user wrote as a target: "docker=29, runc=1.2".
export function targets(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}
