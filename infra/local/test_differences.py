"""The list of differences is about tests that there are: a name that nobody has would leave nothing out, unseen."""

import re
import unittest

from differences import DIFFERENCES, left_out
from settings import ROOT


class Differences(unittest.TestCase):
    def test_each_test_that_is_left_out_is_there(self):
        for test in left_out():
            *modules, name = test.split("::")
            crate = "tests/tests" if modules else "shared/store/tests"
            source = ROOT / crate / ("/".join(modules or ["emulator"]) + ".rs")
            self.assertRegex(source.read_text(), rf"fn {re.escape(name)}\(", test)

    def test_each_says_what_and_why(self):
        for difference in DIFFERENCES:
            self.assertTrue(difference.what.endswith(".") and difference.why.endswith("."), difference)

    def test_no_name_leaves_out_another_test_too(self):
        # The test runner takes a name for any that holds it.
        sources = [*(ROOT / "tests/tests/emulator").glob("*.rs"), ROOT / "shared/store/tests/emulator.rs"]
        names = [name for source in sources for name in re.findall(r"^(?:async )?fn (\w+)\(", source.read_text(), re.M)]
        for test in left_out():
            own = test.rsplit("::", 1)[-1]
            self.assertEqual([name for name in names if own in name], [own], test)


if __name__ == "__main__":
    unittest.main()
