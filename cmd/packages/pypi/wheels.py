#!/usr/bin/env python3
"""Make the wheels of a release from its archives: wheels.py ARCHIVES FOLDER

Each wheel has the program of one platform as a script, and a module that finds it. The program is static, so one wheel
for Linux serves glibc and musl. Wheels of the same archives are the same, byte for byte.
"""

import base64
import csv
import hashlib
import io
import pathlib
import re
import sys
import tarfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TAGS = {
    "linux_amd64": "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
    "linux_arm64": "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
    "darwin_amd64": "macosx_10_12_x86_64",
    "darwin_arm64": "macosx_11_0_arm64",
    "windows_amd64": "win_amd64",
    "windows_arm64": "win_arm64",
}
METADATA = """\
Metadata-Version: 2.4
Name: sandlint
Version: {version}
Summary: Lint and fix Dockerfiles, nix.conf and seccomp profiles
License-Expression: Apache-2.0
License-File: LICENSE
Keywords: docker,dockerfile,nix,seccomp,lint
Classifier: Environment :: Console
Classifier: Topic :: Software Development :: Quality Assurance
Project-URL: Source, https://github.com/sandlint/sandlint
Project-URL: Changelog, https://github.com/sandlint/sandlint/blob/main/CHANGELOG.md
Requires-Python: >=3.8
Description-Content-Type: text/markdown

{readme}"""


def program(archive: pathlib.Path) -> bytes:
    """Return the program in an archive."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as z:
            return z.read("sandlint.exe")
    with tarfile.open(archive) as t:
        for member in t:
            if member.name in ("sandlint", "./sandlint"):
                return t.extractfile(member).read()
    raise SystemExit(f"{archive} holds no program")


def wheel(folder: pathlib.Path, version: str, platform: str, binary: bytes) -> pathlib.Path:
    tag = TAGS[platform]
    tags = "".join(f"Tag: py3-none-{t}\n" for t in tag.split("."))
    script = "sandlint.exe" if platform.startswith("windows") else "sandlint"
    info = f"sandlint-{version}.dist-info"
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    files = [
        ("sandlint/__init__.py", (HERE / "__init__.py").read_bytes(), 0o644),
        ("sandlint/__main__.py", (HERE / "__main__.py").read_bytes(), 0o644),
        (f"sandlint-{version}.data/scripts/{script}", binary, 0o755),
        (f"{info}/METADATA", METADATA.format(version=version, readme=readme).encode(), 0o644),
        (f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: sandlint\nRoot-Is-Purelib: false\n{tags}".encode(), 0o644),
        (f"{info}/licenses/LICENSE", (ROOT / "LICENSE").read_bytes(), 0o644),
    ]
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    for name, content, _ in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.writerow([name, f"sha256={digest}", len(content)])
    rows.writerow([f"{info}/RECORD", "", ""])
    files.append((f"{info}/RECORD", record.getvalue().encode(), 0o644))
    path = folder / f"sandlint-{version}-py3-none-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content, mode in files:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, so the mode counts
            entry.external_attr = (0o100000 | mode) << 16
            z.writestr(entry, content)
    return path


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    archives, folder = map(pathlib.Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    made = 0
    for archive in sorted(archives.glob("sandlint_*")):
        m = re.fullmatch(r"sandlint_(.+)_([a-z]+_[a-z0-9]+)\.(tar\.gz|zip)", archive.name)
        if m and m[2] in TAGS:
            print(wheel(folder, m[1], m[2], program(archive)))
            made += 1
    if not made:
        raise SystemExit(f"{archives} holds no archive of a release")


if __name__ == "__main__":
    main()
