"""Checks PowerShell scripts without PowerShell: `powershell.py FILE …`.

Parses each one, and compares its commands with those that Windows PowerShell 5.1 has. Needs the
packages tree-sitter and tree-sitter-powershell.
"""

import sys

import tree_sitter_powershell
from tree_sitter import Language, Parser

# The commands that the scripts may call, besides their own functions and programs.
KNOWN = {
    "expand-archive", "get-content", "get-filehash", "invoke-webrequest", "join-path", "move-item",
    "new-item", "out-null", "remove-item", "set-strictmode", "split-path", "test-path", "where-object",
    "write-output",
}


def faults(path):
    """The faults of one file."""
    parser = Parser(Language(tree_sitter_powershell.language()))
    with open(path, "rb") as file:
        tree = parser.parse(file.read())
    names, functions, stack = [], set(), [tree.root_node]
    while stack:
        node = stack.pop()
        place = f"{path}:{node.start_point[0] + 1}:{node.start_point[1] + 1}"
        if node.is_missing:
            yield f"{place}: missing {node.type}"
        elif node.is_error:
            yield f"{place}: syntax error"
        elif node.type == "command_name":
            names.append((place, node.text.decode().lower()))
        elif node.type == "function_name":
            functions.add(node.text.decode().lower())
        stack.extend(node.children)
    for place, name in names:
        if name not in KNOWN | functions and not name.startswith("$"):
            yield f"{place}: unknown command `{name}`"


found = [fault for path in sys.argv[1:] for fault in faults(path)]
print("\n".join(found))
sys.exit(1 if found else 0)
