"""Run the program sandlint: python -m sandlint check."""

import os
import subprocess
import sys

from sandlint import find_sandlint

if __name__ == "__main__":
    command = [find_sandlint(), *sys.argv[1:]]
    if os.name == "nt":
        sys.exit(subprocess.run(command).returncode)
    os.execv(command[0], command)
