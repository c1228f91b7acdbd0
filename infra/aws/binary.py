"""Whether a binary runs where it is rolled out to: read off its ELF header, before anything is uploaded."""

import re
import struct
from pathlib import Path

# Numbers of the ELF specification's e_machine.
MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
# What Amazon Linux 2023 has, under which `provided.al2023` runs functions.
NEWEST_GLIBC = (2, 34)


def unfit(path: Path, architecture: str) -> str | None:
    """Why a binary does not run on Lambda of this architecture; none if nothing speaks against it."""
    if not path.exists():
        return f"{path.parent.name}: there is no {path}."
    content = path.read_bytes()
    # Magic number, 64 bits, little endian.
    if content[:6] != b"\x7fELF\x02\x01":
        return f"{path.parent.name}: this is no program for 64-bit Linux."
    (machine,) = struct.unpack_from("<H", content, 18)
    if machine != MACHINES[architecture]:
        return f"{path.parent.name}: it is built for another processor than {architecture}."
    # The versions that the dynamic linker asks for stand as names in the table of strings.
    asked = {(int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", content)}
    newest = max(asked, default=(0, 0))
    if newest > NEWEST_GLIBC:
        has, wants = (".".join(map(str, version)) for version in (NEWEST_GLIBC, newest))
        return f"{path.parent.name}: it asks for glibc {wants}, and Lambda has {has}. Build it with cargo-lambda."
    return None
