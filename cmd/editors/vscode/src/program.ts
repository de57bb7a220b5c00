// Which program is started. Nothing here depends on VS Code.
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";

export interface Machine {
  platform: NodeJS.Platform;
  home: string;
  // search is the value of PATH.
  search: string;
  executable(file: string): Promise<boolean>;
}

export type Found = { program: string } | { problem: string };

// findProgram returns the absolute path of sandlint: the configured one, else the first on PATH. Folders of PATH that
// are relative are left out, since the working directory may be a workspace that is not trusted.
export async function findProgram(configured: string, machine: Machine): Promise<Found> {
  const paths = machine.platform === "win32" ? path.win32 : path.posix;
  if (configured !== "") {
    const file = /^~[/\\]/.test(configured) ? paths.join(machine.home, configured.slice(2)) : configured;
    if (!paths.isAbsolute(file)) {
      return { problem: `The setting "sandlint.path" is "${configured}", which is not an absolute path.` };
    }
    if (await machine.executable(file)) {
      return { program: file };
    }
    return { problem: `The setting "sandlint.path" is "${configured}", where there is no program.` };
  }
  const name = machine.platform === "win32" ? "sandlint.exe" : "sandlint";
  for (const folder of machine.search.split(paths.delimiter)) {
    const file = paths.join(folder, name);
    if (paths.isAbsolute(folder) && (await machine.executable(file))) {
      return { program: file };
    }
  }
  return {
    problem:
      `There is no program ${name} on PATH. Install it, such as with "pip install sandlint", ` +
      `or set "sandlint.path".`,
  };
}

// isExecutable reports whether a path is that of a file that may be run.
export async function isExecutable(file: string): Promise<boolean> {
  try {
    await fs.access(file, constants.X_OK);
    return (await fs.stat(file)).isFile();
  } catch {
    return false;
  }
}
