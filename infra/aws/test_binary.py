"""What is read from a binary before it goes to AWS."""

import platform
import struct
import sys
import tempfile
import unittest
from pathlib import Path

import binary

ARM, INTEL = 0xB7, 0x3E


def elf(machine: int, needed: list[tuple[str, int]]) -> bytes:
    """The smallest ELF that says for which processor it is and which versions it needs, each with its flags."""
    names = b"\0"
    entries = []
    for number, (version, flags) in enumerate(needed):
        further = 16 if number + 1 < len(needed) else 0
        entries.append(struct.pack("<IHHII", 0, flags, number + 2, len(names), further))
        names += version.encode() + b"\0"
    library = struct.pack("<HHIII", 1, len(needed), 0, 16, 0)
    versions = library + b"".join(entries)
    names_at = 64
    versions_at = names_at + len(names)
    sections = [
        struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, names_at, len(names), 0, 0, 1, 0),
        struct.pack("<IIQQQQIIQQ", 0, binary.VERSIONS_NEEDED, 0, 0, versions_at, len(versions), 0, 1, 4, 0),
    ]
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, versions_at + len(versions), 0, 64, 0, 0, 64, 2, 0)
    return head + names + versions + b"".join(sections)


def unfit(content: bytes, architecture: str) -> str | None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        return binary.unfit(Path(file.name), architecture)


class Unfit(unittest.TestCase):
    def test_a_binary_fits_its_own_processor_only(self):
        for machine, fits, other in [(ARM, "arm64", "x86_64"), (INTEL, "x86_64", "arm64")]:
            content = elf(machine, [("GLIBC_2.17", 0), ("GLIBC_2.34", 0)])
            self.assertIsNone(unfit(content, fits))
            self.assertEqual(unfit(content, other), f"was built for {fits}, not for {other}")
        self.assertIn("number 243", unfit(elf(243, []), "arm64"))

    def test_a_newer_c_library_than_that_of_lambda_is_told(self):
        content = elf(ARM, [("GLIBC_2.17", 0), ("GLIBC_2.39", 0), ("GLIBC_2.4", 0)])
        self.assertEqual(unfit(content, "arm64"), "needs glibc 2.39, and Lambda has 2.34: build it with cargo-lambda")

    def test_what_the_loader_can_do_without_is_not_needed(self):
        self.assertIsNone(unfit(elf(ARM, [("GLIBC_2.39", binary.WEAK)]), "arm64"))
        for other in ["GCC_4.2.0", "GLIBC_PRIVATE", "GLIBC_ABI_DT_RELR"]:
            self.assertIsNone(unfit(elf(ARM, [(other, 0)]), "arm64"), other)
        self.assertIsNone(unfit(elf(ARM, []), "arm64"))

    def test_what_is_no_program_for_linux_is_told(self):
        for content in [b"", b"#!/bin/sh\n", b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01", b"\x7fELF\x01\x01" + bytes(60)]:
            self.assertIn("no program for Linux", unfit(content, "arm64"))
        self.assertEqual(binary.unfit(Path("/nowhere/bootstrap"), "arm64"), "is not there")

    @unittest.skipUnless(sys.platform == "linux", "the interpreter is an ELF on Linux only")
    def test_a_real_program_is_read(self):
        content = Path(sys.executable).resolve().read_bytes()
        here = "arm64" if platform.machine() == "aarch64" else platform.machine()
        self.assertNotIn("was built for", binary.unfit(Path(sys.executable).resolve(), here) or "")
        versions = binary.glibc_versions(content)
        self.assertTrue(versions and all(v[0] == 2 for v in versions), versions)


if __name__ == "__main__":
    unittest.main()
