"""`make sbom`: what the functions' binaries are made of, as CycloneDX.

`cargo tree` says what is linked: it sees features as the build does, where `cargo metadata`, and tools that read it,
also name crates that are never compiled. Hashes are those of Cargo.lock. The same sources give the same file."""

import os
import re
import subprocess
import sys
import tomllib
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from settings import LOCAL, ROOT, functions

TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
# One line a crate: how deep it is, name, version, whence (for those of this repository), licence, repository, and a
# star where what is below it has been said before.
TREE = " {p}|{l}|{r}|"
LINE = re.compile(r"(\d+) (\S+) v(\S+)(?: \((/.*)\))?\|(.*?)\|(.*?)\|(?: \(\*\))?")


class Unfit(Exception):
    """No bill can be made of this."""


@dataclass
class Crate:
    """A crate that is linked, and what it needs itself, as names and versions."""

    name: str
    version: str
    folder: str | None
    licence: str
    repository: str
    needs: set[tuple[str, str]] = field(default_factory=set)

    @property
    def key(self) -> tuple[str, str]:
        return (self.name, self.version)


def main() -> None:
    architecture = os.environ.get("ARCH") or "arm64"
    if architecture not in TARGETS:
        sys.exit(f"ARCH={architecture} is not known. Use {' or '.join(TARGETS)}.")
    target = TARGETS[architecture]
    try:
        crates = linked(crates_of(tree(target)), functions())
        text = written(bill(crates, checksums((ROOT / "Cargo.lock").read_text()), target))
    except Unfit as error:
        sys.exit(f"No bill of materials: {error}")
    path = LOCAL / "sbom" / f"leadline-{architecture}.cdx.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"{path.relative_to(ROOT)}: {len(crates)} crates in {len(functions())} functions")


def tree(target: str) -> str:
    """What cargo says of the workspace for a target, without what only tests, build scripts and macros need."""
    # Of the whole workspace, since its members settle each other's features.
    command = ["cargo", "tree", "--locked", "--workspace", "--edges", "normal,no-proc-macro", "--target", target]
    result = subprocess.run(
        [*command, "--prefix", "depth", "--format", TREE], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    if result.returncode != 0:
        raise Unfit("cargo tree failed.")
    return result.stdout


def crates_of(text: str) -> dict[tuple[str, str], Crate]:
    """The crates of such a tree."""
    crates: dict[tuple[str, str], Crate] = {}
    above: list[Crate] = []
    for line in filter(None, text.splitlines()):
        parts = LINE.fullmatch(line)
        if parts is None:
            raise Unfit(f"cargo tree said what is not known: {line}")
        depth, name, version, folder, licence, repository = parts.groups()
        found = Crate(name, version, folder, licence, repository)
        crate = crates.setdefault(found.key, found)
        del above[int(depth) :]
        if above:
            above[-1].needs.add(crate.key)
        above.append(crate)
    return crates


def linked(crates: dict[tuple[str, str], Crate], names: list[str]) -> list[Crate]:
    """The functions of these names and all that they need, directly or not."""
    open_ends = [crate.key for crate in crates.values() if is_function(crate)]
    missing = {f"leadline-{name}" for name in names} - {name for name, _ in open_ends}
    if missing:
        raise Unfit(f"cargo tree does not have {', '.join(sorted(missing))}.")
    found: dict[tuple[str, str], Crate] = {}
    while open_ends:
        key = open_ends.pop()
        if key not in found:
            found[key] = crates[key]
            open_ends.extend(crates[key].needs)
    return [found[key] for key in sorted(found)]


def checksums(lock: str) -> dict[tuple[str, str], str]:
    """The SHA-256 of each crate that comes from a registry, as Cargo.lock has them."""
    packages = tomllib.loads(lock)["package"]
    return {(p["name"], p["version"]): p["checksum"] for p in packages if "checksum" in p}


def bill(crates: list[Crate], hashes: dict[tuple[str, str], str], target: str) -> Bom:
    """The document, without its number."""
    version = version_of_the_product(crates)
    product = Component(name="leadline", version=version, type=ComponentType.APPLICATION, bom_ref="leadline")
    product.licenses.add(LicenseFactory().make_from_string("Apache-2.0"))
    components = {crate.key: component(crate, hashes.get(crate.key)) for crate in crates}
    bom = Bom(components=components.values())
    bom.metadata.timestamp = None
    bom.metadata.component = product
    bom.metadata.properties.add(Property(name="cdx:rustc:sbom:target:triple", value=target))
    bom.register_dependency(product, [components[crate.key] for crate in crates if is_function(crate)])
    for crate in crates:
        bom.register_dependency(components[crate.key], [components[key] for key in sorted(crate.needs)])
    return bom


def component(crate: Crate, sha256: str | None) -> Component:
    """A crate as a component: one of this repository without an address, all others with address and hash."""
    if (crate.folder is None) != (sha256 is not None):
        raise Unfit(f"{crate.name} {crate.version} is neither of this repository nor in Cargo.lock with a hash.")
    if not crate.licence:
        raise Unfit(f"{crate.name} {crate.version} has no licence.")
    made = Component(
        name=crate.name,
        version=crate.version,
        type=ComponentType.APPLICATION if is_function(crate) else ComponentType.LIBRARY,
        bom_ref=f"{crate.name}@{crate.version}",
    )
    # Some crates still write Unlicense/MIT.
    made.licenses.add(LicenseFactory().make_from_string(re.sub(r"\s*/\s*", " OR ", crate.licence)))
    if sha256:
        made.purl = PackageURL("cargo", None, crate.name, crate.version)
        made.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=sha256))
        if crate.repository:
            made.external_references.add(
                ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(crate.repository))
            )
    return made


def is_function(crate: Crate) -> bool:
    return crate.folder is not None and Path(crate.folder).parent.name == "functions"


def version_of_the_product(crates: list[Crate]) -> str:
    versions = {crate.version for crate in crates if is_function(crate)}
    if len(versions) != 1:
        raise Unfit(f"the functions are of several versions: {', '.join(sorted(versions))}")
    return versions.pop()


def written(bom: Bom) -> str:
    """The document as text, numbered after what it says, and held to the schema."""
    bom.serial_number = uuid.UUID(int=0)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, JsonV1Dot6(bom).output_as_string())
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise Unfit(f"it does not fit the schema: {wrong}")
    return text + "\n"


if __name__ == "__main__":
    main()
