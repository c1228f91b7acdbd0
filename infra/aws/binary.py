"""What a binary was built for, read from the binary itself: the processor, and the newest C library that it asks for.

A function that was built for something else is taken by AWS without a word and fails at its first start.

Source: System V ABI, "Object Files", and the Linux Standard Base, "Symbol Versioning"."""

import struct
from pathlib import Path

# e_machine, by the names that AWS gives to processors.
MACHINES = {0xB7: "arm64", 0x3E: "x86_64"}
# The C library of Amazon Linux 2023, on which provided.al2023 runs.
GLIBC = (2, 34)

VERSIONS_NEEDED = 0x6FFFFFFE  # SHT_GNU_verneed
WEAK = 2  # VER_FLG_WEAK: the loader goes on without it


def unfit(binary: Path, architecture: str) -> str | None:
    """Why a binary would not start on Lambda with this architecture; none if nothing speaks against it."""
    if not binary.exists():
        return "is not there"
    content = binary.read_bytes()
    if content[:6] != b"\x7fELF\x02\x01":
        return "is no program for Linux on 64 bits"
    (number,) = struct.unpack_from("<H", content, 0x12)
    machine = MACHINES.get(number, f"a processor with the number {number}")
    if machine != architecture:
        return f"was built for {machine}, not for {architecture}"
    newest = max(glibc_versions(content), default=(0, 0))
    if newest > GLIBC:
        return f"needs glibc {dotted(newest)}, and Lambda has {dotted(GLIBC)}: build it with cargo-lambda"
    return None


def glibc_versions(content: bytes) -> set[tuple[int, ...]]:
    """The versions of the C library that the loader insists on. A program that is linked statically has none."""
    found = set()
    sections = section_headers(content)
    for kind, offset, link, info in sections:
        if kind != VERSIONS_NEEDED:
            continue
        names = sections[link][1]
        for _ in range(info):  # one for each library
            _, count, _, first, next_library = struct.unpack_from("<HHIII", content, offset)
            at = offset + first
            for _ in range(count):
                _, flags, _, name, next_version = struct.unpack_from("<IHHII", content, at)
                version = text_at(content, names + name)
                if version.startswith("GLIBC_") and not flags & WEAK:
                    # Others, such as GLIBC_ABI_DT_RELR, name an ability and have no number.
                    numbers = version.removeprefix("GLIBC_").split(".")
                    found.update([tuple(map(int, numbers))] if all(n.isdigit() for n in numbers) else [])
                at += next_version
            offset += next_library
    return found


def section_headers(content: bytes) -> list[tuple[int, int, int, int]]:
    """Type, place, link and info of each section."""
    (start,) = struct.unpack_from("<Q", content, 0x28)
    size, count = struct.unpack_from("<HH", content, 0x3A)
    headers = (struct.unpack_from("<IIQQQQII", content, start + size * n) for n in range(count))
    return [(kind, offset, link, info) for _, kind, _, _, offset, _, link, info in headers]


def text_at(content: bytes, start: int) -> str:
    """The text at this place, up to its zero."""
    return content[start : content.index(b"\0", start)].decode("ascii", "replace")


def dotted(version: tuple[int, ...]) -> str:
    """`2.34`."""
    return ".".join(map(str, version))
