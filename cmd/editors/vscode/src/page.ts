// The page of a webview. Nothing here depends on VS Code.

export interface Parts {
  nonce: string;
  // source is the source of a Content-Security-Policy for files of the extension.
  source: string;
  style: string;
  script: string;
  title: string;
  // section is the heading above those of the content, for screen readers.
  section: string;
  // controls are the form above the content, "" for none.
  controls: string;
}

// page returns a page that shows what the extension sends to it. It loads nothing but the two files of the extension,
// and no content is part of it.
export function page(p: Parts): string {
  const policy = [
    "default-src 'none'",
    `style-src ${p.source} 'nonce-${p.nonce}'`,
    `script-src 'nonce-${p.nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(p.title)}</title>
<style id="shared" nonce="${escape(p.nonce)}"></style>
<link rel="stylesheet" href="${escape(p.style)}">
</head>
<body>
<header>
<h1 id="title">${escape(p.title)}</h1>
${p.controls}
<p id="note" role="status"></p>
</header>
<main>
<h2 class="unseen">${escape(p.section)}</h2>
<div id="content"></div>
</main>
<script nonce="${escape(p.nonce)}" src="${escape(p.script)}"></script>
</body>
</html>
`;
}

// decisionControls is the form of the decision table.
export const decisionControls = `<form id="controls">
<label>Target <input name="first" list="targets" placeholder="the usual one" autocomplete="off" spellcheck="false">
</label>
<label>Compare with <input name="second" list="targets" placeholder="nothing" autocomplete="off" spellcheck="false">
</label>
<datalist id="targets"></datalist>
<label>Calls of <select name="architecture"><option value="">the usual architectures</option></select></label>
</form>`;

export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
