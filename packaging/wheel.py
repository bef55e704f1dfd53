"""Makes the Python wheel of one target: `wheel.py TARGET PROGRAM OUT`.

A wheel is a zip of four files; this one holds the program as a script, so `uvx mcp-tether` and
`pipx run mcp-tether` start it. The same program makes the same wheel. Needs nothing but Python 3.8.
"""

import base64
import hashlib
import pathlib
import re
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def cargo(key):
    """A value of the first `key = "…"` in Cargo.toml."""
    text = (ROOT / "Cargo.toml").read_text("utf-8")
    return re.search(rf'^{key} = "(.+)"$', text, re.MULTILINE).group(1)


def platform_tags(target):
    """The platforms of a wheel for this Rust target, from packaging/targets."""
    for line in (ROOT / "packaging/targets").read_text("utf-8").splitlines():
        row = line.split()
        if row and row[0] == target:
            return row[4]
    sys.exit(f"error: packaging/targets has no `{target}`")


def files(program, version, tags, is_windows):
    """The files of the wheel but RECORD: name, content, mode."""
    distribution = f"mcp_tether-{version}"
    script = "mcp-tether.exe" if is_windows else "mcp-tether"
    repository = cargo("repository")
    metadata = (
        "Metadata-Version: 2.4\n"
        "Name: mcp-tether\n"
        f"Version: {version}\n"
        f"Summary: {cargo('description')}\n"
        f"Project-URL: Homepage, {repository}\n"
        f"Project-URL: Changelog, {repository}/blob/main/CHANGELOG.md\n"
        "License-Expression: MIT OR Apache-2.0\n"
        "License-File: LICENSE-MIT\n"
        "License-File: LICENSE-APACHE\n"
        "Keywords: mcp,stdio,oauth,bridge\n"
        "Requires-Python: >=3.8\n"
        "Description-Content-Type: text/markdown\n\n"
    ) + (ROOT / "README.md").read_text("utf-8")
    wheel = "Wheel-Version: 1.0\nGenerator: mcp-tether packaging/wheel.py\nRoot-Is-Purelib: false\n"
    wheel += "".join(f"Tag: py3-none-{tag}\n" for tag in tags.split("."))
    info = f"{distribution}.dist-info"
    yield f"{distribution}.data/scripts/{script}", pathlib.Path(program).read_bytes(), 0o755
    yield f"{info}/METADATA", metadata.encode(), 0o644
    yield f"{info}/WHEEL", wheel.encode(), 0o644
    for name in ("LICENSE-MIT", "LICENSE-APACHE"):
        yield f"{info}/licenses/{name}", (ROOT / name).read_bytes(), 0o644


def record(all_files, name):
    """RECORD: every file with its checksum and size."""
    lines = []
    for path, content, _ in all_files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{path},sha256={digest},{len(content)}\n")
    return "".join(lines) + f"{name},,\n"


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: wheel.py TARGET PROGRAM OUT")
    target, program, out = sys.argv[1:]
    version, tags = cargo("version"), platform_tags(target)
    content = list(files(program, version, tags, "windows" in target))
    name = f"mcp_tether-{version}.dist-info/RECORD"
    content.append((name, record(content, name).encode(), 0o644))
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    path = pathlib.Path(out) / f"mcp_tether-{version}-py3-none-{tags}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        for file, data, mode in content:
            entry = zipfile.ZipInfo(file, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            wheel.writestr(entry, data)
    print(path)


main()
