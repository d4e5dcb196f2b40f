"""A scenario file, and the words that its lines are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

MODES = "directory memory single_threaded"


def decode(word: str) -> bytes:
    """A word of a file as bytes."""
    if word == '""':
        return b""
    out = bytearray()
    for hexadecimal, count, plain in re.findall(r"\\x([0-9a-fA-F]{2})|\\\*(\d+);|(\\\\|[^\\])", word):
        if hexadecimal:
            out.append(int(hexadecimal, 16))
        elif count:
            out += out[-1:] * (int(count) - 1)
        else:
            out += b"\\" if plain == "\\\\" else plain.encode()
    return bytes(out)


def encode(data: bytes) -> str:
    """Bytes as an answer shows them."""

    def one(byte: int) -> str:
        if byte == 0x5C:
            return "\\\\"
        return chr(byte) if 0x21 <= byte <= 0x7E and byte not in b'"=#' else f"\\x{byte:02x}"

    if not data:
        return '""'
    out = ""
    for run in re.finditer(rb"(.)\1*", data, re.DOTALL):
        count = len(run[0])
        out += f"{one(run[0][0])}\\*{count};" if count >= 16 else one(run[0][0]) * count
    return out


@dataclass
class Words:
    """One line: positional and named words."""

    command: str
    places: list[bytes] = field(default_factory=list)
    named: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, line: str) -> Words:
        command, *rest = line.split(" ")
        words = cls(command)
        for word in rest:
            name, is_named, value = word.partition("=")
            if is_named:
                words.named[name] = decode(value)
            else:
                words.places.append(decode(word))
        return words

    def text(self, name: str) -> str | None:
        return self.named[name].decode() if name in self.named else None

    def number(self, name: str, otherwise: int | None = None) -> int | None:
        return int(self.named[name]) if name in self.named else otherwise

    def flag(self, name: str) -> bool:
        return self.named.get(name) == b"true"


@dataclass
class File:
    """A scenario file, taken apart."""

    modes: list[str]
    options: list[dict[str, str]]
    blocks: list[tuple[int, list[list[str]], str]]


def parse(path: Path) -> File:
    """Blocks with the number of their line."""
    file = File(MODES.split(), [], [])
    commands: list[list[str]] = []
    expected: list[str] | None = None
    for number, line in enumerate([*path.read_text().split("\n"), ""], 1):
        if expected is not None:
            if line:
                expected.append(line)
            else:
                file.blocks.append((number, commands, "\n".join(expected)))
                commands, expected = [], None
        elif line.startswith("@modes "):
            file.modes = line.split(" ")[1:]
        elif line.startswith("@options "):
            file.options.append(dict(word.split("=", 1) for word in line.split(" ")[1:]))
        elif line == "----":
            expected = []
        elif line.startswith("  "):
            commands[-1].append(line)
        elif line and not line.startswith("#"):
            commands.append([line])
    return file
