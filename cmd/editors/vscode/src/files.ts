// The files that the server looks at, as selectors of documents. Nothing here depends on VS Code.

export interface Filter {
  scheme: "file";
  language?: string;
  pattern?: string;
}

// languages are those in which the server finds something in some files. It decides by path and content which ones.
export const languages = [
  "dockerfile", "nix-conf", "json", "jsonc", "yaml", "dockercompose", "github-actions-workflow", "nix", "shellscript",
  "makefile", "hcl",
];

// inAnyCase returns the glob that matches a word in upper and lower case.
export function inAnyCase(word: string): string {
  return word.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

const dockerfile = inAnyCase("dockerfile"), containerfile = inAnyCase("containerfile");

// dockerfiles are the names of Dockerfiles: Dockerfile.dev, app-dockerfile, Containerfile_test.
export const dockerfiles = [dockerfile, containerfile].flatMap((name) => [
  `**/${name}`, `**/${name}[._-]*`, `**/*[._-]${name}`,
]);

// profiles are the names by which seccomp profiles are found.
export const profiles = [`**/*${inAnyCase("seccomp")}*.${inAnyCase("json")}`];

// others are names of files that editors have no common language for.
const others = [
  "**/{*.,}nix.conf", "**/nix.*.conf", "**/.sandlint.hcl", "**/docker-bake*.{hcl,json}", "**/*.{container,pod,kube}",
  "**/[jJ]ustfile", "**/.justfile", "**/{containers,storage}.conf", "**/machines", "**/.envrc",
];

const filters = (patterns: string[]): Filter[] => patterns.map((pattern) => ({ scheme: "file", pattern }));

// documents are the documents that the server is given.
export function documents(): Filter[] {
  return [
    ...languages.map((language): Filter => ({ scheme: "file", language })),
    ...filters([...dockerfiles, ...profiles, ...others]),
  ];
}

// formatted are the documents that sandlint is a formatter of. It is none of JSON or YAML in general: VS Code would ask
// which of several formatters is wanted.
export function formatted(): Filter[] {
  return [
    { scheme: "file", language: "dockerfile" },
    { scheme: "file", language: "nix-conf" },
    ...filters([...dockerfiles, ...profiles]),
  ];
}
