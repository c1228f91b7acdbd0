"""Every emulator that these scripts start keeps to this machine and to its own folder."""

import os
import unittest
from pathlib import Path
from unittest import mock

import programs
from settings import emulator_kind

FOLDER = Path("/somewhere/.local/test")


class Programs(unittest.TestCase):
    def test_ministack_is_the_default(self):
        with mock.patch.dict(os.environ):
            os.environ.pop("EMULATOR", None)
            wanted = programs.program("http://127.0.0.1:4666", FOLDER)
        self.assertEqual(wanted.executable, programs.MINISTACK)
        self.assertEqual(wanted.environment, {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": "4666"})

    def test_localstack_listens_where_it_is_told_and_writes_into_its_folder(self):
        with mock.patch.dict(os.environ, EMULATOR="localstack"):
            wanted = programs.program("http://127.0.0.1:4666", FOLDER)
            self.assertEqual(programs.executable(), wanted.executable)
        self.assertEqual(wanted.environment["GATEWAY_LISTEN"], "127.0.0.1:4666")
        for name in ("HOME", "FILESYSTEM_ROOT"):
            self.assertTrue(Path(wanted.environment[name]).is_relative_to(FOLDER), name)

    def test_others_are_not_known(self):
        with mock.patch.dict(os.environ, EMULATOR="moto"), self.assertRaises(SystemExit) as ended:
            emulator_kind()
        self.assertIn("localstack", str(ended.exception))


if __name__ == "__main__":
    unittest.main()
