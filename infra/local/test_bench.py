"""Which parts of the measurement are meant."""

import unittest

from bench import ALWAYS, PARTS, chosen


class Parts(unittest.TestCase):
    def test_the_long_one_has_to_be_asked_for(self) -> None:
        self.assertEqual(chosen("", ""), ALWAYS)
        self.assertNotIn("lateness", ALWAYS)
        self.assertEqual(chosen("", "1"), PARTS)

    def test_some_come_in_their_order(self) -> None:
        self.assertEqual(chosen("deployed  leads", ""), ("leads", "deployed"))
        self.assertEqual(chosen("lateness", ""), ("lateness",))

    def test_what_is_not_known_is_refused(self) -> None:
        with self.assertRaisesRegex(SystemExit, "ONLY=load is not known"):
            chosen("leads load", "")


if __name__ == "__main__":
    unittest.main()
