"""Writes a bank's answer by the writers of the package pain001: answers.py pain002|camt053, with the arguments as JSON on standard
input. The writers are loaded from their files, because the package itself asks for dozens of others.
"""

import importlib.util
import json
import pathlib
import sys
import sysconfig

NAMES = {"pain002": "build_pain002_report", "camt053": "build_camt053_statement"}


def main(kind):
    file = pathlib.Path(sysconfig.get_paths()["purelib"], "pain001", kind, "generator.py")
    spec = importlib.util.spec_from_file_location(f"writer_of_{kind}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.stdout.write(getattr(module, NAMES[kind])(**json.load(sys.stdin)))


if __name__ == "__main__":
    main(sys.argv[1])
