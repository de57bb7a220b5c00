"""The program sandlint, as a Python package. Its scripts folder holds the program; this module only finds it."""

import os
import sysconfig


def find_sandlint() -> str:
    """Return the path of the program; raise FileNotFoundError if it is missing."""
    name = "sandlint" + (".exe" if os.name == "nt" else "")
    folders = [sysconfig.get_path("scripts"), os.path.join(os.path.dirname(os.path.dirname(__file__)), "bin")]
    user = "posix_user" if os.name == "posix" else "nt_user"
    if user in sysconfig.get_scheme_names():
        folders.append(sysconfig.get_path("scripts", scheme=user))
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    raise FileNotFoundError("sandlint is in none of " + ", ".join(folders))
