// Texts that do something in a page that is made carelessly, and files that have them everywhere: in their paths,
// comments, values, names of images, users and syscalls, and in what a rule pack says. As a program, it writes the files
// into the folder that is named.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { argv } from "node:process";
import { pathToFileURL } from "node:url";

// Whatever of these runs shows a dialog, asks for an address of the domain hit.invalid, or sets the title to "hit".
export const texts = [
  "<script>alert(1)</script>",
  "</script><script>alert(2)</script>",
  "</style><img src=x onerror=alert(3)>",
  "</pre></article><img src=//hit.invalid/4 onerror=alert(4)>",
  '" onmouseover="alert(5)" autofocus onfocus="alert(5)" x="',
  "' onmouseover='alert(6)' autofocus onfocus='alert(6)' x='",
  "` autofocus onfocus=alert(7) x=`",
  "javascript:alert(8)",
  "<a href=javascript:alert(9) id=theme>x</a>",
  "<svg/onload=alert(10)>",
  "<svg><animate onbegin=alert(11) attributeName=x dur=1s>",
  "<iframe srcdoc='<script>alert(12)</script>'></iframe>",
  "<!--<img src=--><img src=x onerror=alert(13)//>",
  "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(14)>",
  "<base href=https://hit.invalid/15/>",
  "<meta http-equiv=refresh content=0;url=https://hit.invalid/16>",
  "<link rel=stylesheet href=https://hit.invalid/17>",
  "<style>@import 'https://hit.invalid/18';*{background:url(https://hit.invalid/18)}</style>",
  "{{constructor.constructor('alert(19)')()}}",
  "${alert(20)}",
  "#{alert(21)} <%= alert(21) %> [[alert(21)]]",
  "&lt;script&gt;alert(22)&lt;/script&gt; &#60;img src=x onerror=alert(22)&#62;",
  "]]><![CDATA[<script>alert(23)</script>",
  "<plaintext>",
  "<textarea><title><noscript><xmp>",
  "x\u2028alert(25)\u2029x",
  "\u202egnp.exe\u2066 \u200b\ufeff\u00ad",
  "\u001b[31m\u009b31m\u0007\u007f",
  "<form action=https://hit.invalid/28><input name=attributes><input name=children>",
  "<img name=getElementById><form id=filters></form><div id=keys></div>",
  "__proto__",
  "constructor",
  "##[error]x ::error::x",
  "long".repeat(50),
];

// A test of how pages show the texts needs the characters that they become.
export function shown(text) {
  return text.replace(/[\u0000-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/\u007f/g, "\u2421")
    .replace(/[\u0080-\u009f\u00ad\u200b\u2028\u2029\u202e\u2066\ufeff]/g,
      (c) => "<U+" + c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0") + ">");
}

// unharmed returns what of the texts became more than text on a page; nothing, if it is well made.
export async function unharmed(page) {
  return page.evaluate(() => {
    const out = [];
    const known = new Set(("html head meta title style body a header div h1 label select option p nav ul li main h2 h3 " +
      "h4 table thead tbody tr th td span form input fieldset legend button output section article pre code b del ins " +
      "strong ol dl dt dd small footer kbd script").split(" "));
    for (const e of document.querySelectorAll("*")) {
      if (!known.has(e.localName)) out.push("an element " + e.outerHTML.slice(0, 200));
      for (const a of e.attributes) {
        // The script of the page gives chunks of findings their probable size.
        if (a.name === "style" && /^contain-intrinsic-size: 1px \d+rem;$/.test(a.value)) continue;
        if (/^on|^style$|^src|^action$|^formaction$|^ping$/.test(a.name)) out.push(`${e.localName} has ${a.name}`);
        if (a.name === "href" && !/^(#[A-Za-z0-9]+$|https:\/\/github\.com\/sandlint\/)/.test(a.value)) {
          out.push("a link to " + a.value);
        }
      }
    }
    const ids = new Set();
    for (const { id } of document.querySelectorAll("[id]")) {
      if (ids.has(id)) out.push("two elements with the id " + id);
      ids.add(id);
    }
    if (document.querySelectorAll("script").length !== 1) out.push("more than one script");
    if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/
      .test(document.body.textContent)) {
      out.push("an invisible character");
    }
    if (document.title === "hit") out.push("the title was set");
    return out;
  });
}

const double = (text) => JSON.stringify(text);
const hcl = (text) => double(text).replaceAll("${", () => "$${").replaceAll("%{", "%%{");

// files returns the files by path.
export function files() {
  const out = {};
  texts.forEach((text, n) => {
    // A slash in a text makes folders, so the path as a whole has it.
    const name = text.replaceAll("\u0000", "").replace(/^\/+/, "");
    out[`${name}.Dockerfile`] = `# ${text}
FROM nixos/nix:latest AS stage${n}
LABEL ${double(text)}=${double(text)}
ENV X=${double(text)} NIX_CONFIG=${double(text + " = " + text)}
MAINTAINER ${text}
RUN nix-env -iA ${text}
RUN echo ${double(text)} >> /etc/nix/nix.conf; nix build ${double(text)}
COPY ${double(text)} ${double(text)} /x
USER ${text}
SHELL ["/bin/sh", ${double(text)}]
RUN nix build ".#x" ; apt install ${text}
CMD ${text}

FROM ${text}
FROM --platform=${double(text)} debian AS ${double(text)}
RUN cd x
`;
    out[`d${n}/nix.conf`] = `# ${text}\n${text} = ${text}\nsandbox = ${text}\nsubstituters = ${text}\n`;
    out[`d${n}/${n}/${name}.seccomp.json`] = profile(text);
  });
  for (const n of [0, 1]) {
    out[`${texts[n].replaceAll("/", "\u2215")} seccomp.json`] = profile(texts[n], n ? "SCMP_ACT_ALLOW" : "SCMP_ACT_ERRNO");
  }
  out[".sandlint.hcl"] = 'packs = ["./pack.hcl"]\n';
  out["pack.hcl"] = 'pack "hostile" {\n  version = "1.0.0"\n}\n' + texts.map((text, n) => `
rule "text-${n}" {
  summary     = ${hcl(text)}
  description = ${hcl(text)}
  note        = ${hcl(text)}
  on          = dockerfile.stage
  when        = node.name == "stage${n}"
  message     = ${hcl(text)}
}
`).join("");
  return out;
}

const profile = (text, action = "SCMP_ACT_ERRNO") => JSON.stringify({
  defaultAction: action, comment: text,
  syscalls: [
    { names: ["read", text], action: "SCMP_ACT_ALLOW", comment: text },
    { names: ["mount", "clone3"], action: action === "SCMP_ACT_ALLOW" ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW" },
  ],
}, null, 1);

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  for (const [path, text] of Object.entries(files())) {
    const full = join(argv[2], path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text);
  }
}
