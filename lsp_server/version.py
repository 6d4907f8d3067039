"""The version, as the package's metadata has it: reading it there takes 30 ms of a start."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
