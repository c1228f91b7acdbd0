"""make chaos: the real binaries on the emulator, broken in every way that this machine can break them."""
