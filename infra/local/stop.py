"""make stop: ends the emulator that make run started."""

import emulator
from settings import RUN

if __name__ == "__main__":
    stopped = emulator.stop(RUN)
    RUN.env_file.unlink(missing_ok=True)
    print("Stopped." if stopped else "Nothing of ours is running.")
