"""What the bill of materials says of a workspace, made up and real."""

import json
import unittest

import sbom

# As cargo tree writes it: `shared` is spelled out once, `simulator` is no function.
TREE = """\
0 leadline-one v0.1.0 (/home/ann/functions/one)|Apache-2.0||
1 shared v1.2.3|Unlicense/MIT|https://example.com/shared|
2 deep v0.4.0|MIT OR Apache-2.0||

0 leadline-two v0.1.0 (/home/ann/functions/two)|Apache-2.0||
1 shared v1.2.3|Unlicense/MIT|https://example.com/shared| (*)

0 simulator v0.1.0 (/home/ann/tests)|Apache-2.0||
1 only-tests v2.0.0|GPL-3.0-only||
"""
HASHES = {("shared", "1.2.3"): "a" * 64, ("deep", "0.4.0"): "b" * 64, ("only-tests", "2.0.0"): "c" * 64}
TARGET = "aarch64-unknown-linux-gnu"


def said(tree: str = TREE, hashes: dict[tuple[str, str], str] = HASHES) -> dict:
    crates = sbom.linked(sbom.crates_of(tree), ["one", "two"])
    return json.loads(sbom.written(sbom.bill(crates, hashes, TARGET)))


class MadeUp(unittest.TestCase):
    def test_it_has_what_functions_link_and_nothing_else(self):
        components = {c["name"]: c for c in said()["components"]}
        self.assertEqual(set(components), {"leadline-one", "leadline-two", "shared", "deep"})
        shared = components["shared"]
        self.assertEqual(shared["purl"], "pkg:cargo/shared@1.2.3")
        self.assertEqual(shared["hashes"], [{"alg": "SHA-256", "content": "a" * 64}])
        self.assertEqual(shared["licenses"], [{"expression": "Unlicense OR MIT"}])
        self.assertNotIn("purl", components["leadline-one"], "a stranger may have that name on crates.io")

    def test_who_needs_what_is_told_also_where_cargo_does_not_repeat_it(self):
        needs = {d["ref"]: d.get("dependsOn", []) for d in said()["dependencies"]}
        self.assertEqual(needs["leadline"], ["leadline-one@0.1.0", "leadline-two@0.1.0"])
        self.assertEqual(needs["leadline-two@0.1.0"], ["shared@1.2.3"])
        self.assertEqual(needs["shared@1.2.3"], ["deep@0.4.0"])

    def test_its_number_follows_from_what_it_says(self):
        number = said()["serialNumber"]
        elsewhere = said(TREE.replace("/home/ann", "/srv"))
        self.assertEqual(elsewhere["serialNumber"], number, "it does not matter where that was")
        self.assertNotEqual(said(hashes=HASHES | {("deep", "0.4.0"): "d" * 64})["serialNumber"], number)

    def test_what_cannot_be_told_makes_no_bill(self):
        for tree, hashes in [
            (TREE.replace("functions/two", "elsewhere/two"), HASHES),
            (TREE.replace("Unlicense/MIT", ""), HASHES),
            (TREE.replace("1 shared", "? shared"), HASHES),
            (TREE, {}),
        ]:
            with self.assertRaises(sbom.Unfit):
                said(tree, hashes)


class Real(unittest.TestCase):
    def test_it_agrees_with_the_lock_file_for_each_architecture(self):
        locked = sbom.checksums((sbom.ROOT / "Cargo.lock").read_text())
        for target in sbom.TARGETS.values():
            crates = sbom.linked(sbom.crates_of(sbom.tree(target)), sbom.functions())
            document = json.loads(sbom.written(sbom.bill(crates, locked, target)))
            hashes = {
                (c["name"], c["version"]): c["hashes"][0]["content"] for c in document["components"] if "hashes" in c
            }
            self.assertLessEqual(hashes.items(), locked.items())
            names = {name for name, _ in hashes}
            self.assertLessEqual({"aws-sdk-dynamodb", "aws-lc-rs", "rustls", "tokio"}, names)
            self.assertFalse(names & {"insta", "proptest", "clap", "syn", "cc", "ring"}, "of tests, tools and builds")


if __name__ == "__main__":
    unittest.main()
