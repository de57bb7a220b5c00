"""Makes a tree of files whose names and contents mean something to the readers of reports."""

import os
import shutil
import sys

root = os.fsencode(sys.argv[1])
shutil.rmtree(root, ignore_errors=True)
os.makedirs(os.path.join(root, b".git"))

names = [
    b"plain", b"new\nline", b"esc\x1b[31m", b"::error file=x::y", b"##[error]z", b"quote\"'`", b"]]>", b"<b>&amp;",
    "größe界面".encode(), "emoji 😀".encode(), b"bad\xff", b"a:b%20c", b"-dash", b" blank ", b"tab\t", b"cr\r", b"{0} [x](1)",
    "\u202eevil".encode(), b"\x01\x7f", b"$(id)",
]
dockerfile = (
    "# 😀 comment\n"
    "FROM alpine:3.20\n"
    'RNU echo "界 😀" \x1b[31m ]]> ::error::x {0} [x](1)\n'
    "COPY --form=x a b\n"
    "MAINTAINER \x01 me\n"
    "CMD cd /x && ls\n"
)
for name in names:
    with open(os.path.join(root, name + b".Dockerfile"), "wb") as f:
        f.write(dockerfile.encode())


def write(name, text):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(text)


write(b"bom/nix.conf", b"\xef\xbb\xbfsandbox=true\r\n# \xf0\x9f\x98\x80\r\ncores=4\r\nbuild-cores = 3\r\n")
write(b"crlf/Dockerfile", dockerfile.replace("\n", "\r\n").encode())
write(b"cr/nix.conf", b"sandbox=true # \r lone\ncores=1 \xff\n")
write(b"last/nix.conf", b"cores = 1\ncores = 2")
write(b"seccomp.json", '{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["😀", "wriet", "read"], '
      '"action": "SCMP_ACT_ALLOW"}]}'.encode())
write(b"suppressed/nix.conf", b"# sandlint: ignore[nix/unknown-setting] because {0} [x](1)\nsanbox = true\n")
os.symlink(b"bom", os.path.join(root, b"link"))
os.symlink(b"nowhere", os.path.join(root, b"gone.Dockerfile"))
