"""What a scenario is run on: commands by name, and the words in which they answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import firn
from firn import _firn
from scenario_file import Words

# Commands whose further lines are part of them.
WITH_LINES = ("append_batch", "batch", "multi_get")


class Session(ABC):
    """What is opened, and the commands that are the same for a database and a log. A method do_NAME is the command NAME."""

    def __init__(self, path: str, options: dict[str, str]) -> None:
        self.path = path
        self.options = options
        self.open(options)

    @abstractmethod
    def open(self, options: dict[str, Any]) -> None:
        """Opens it at the path."""

    @abstractmethod
    def close(self) -> None:
        """Closes it, and what does not outlive that."""

    @abstractmethod
    def check(self) -> None:
        """Raises when what is at the path, closed, is damaged."""

    def end(self) -> None:
        """Behind the last command."""
        self.close()

    def do_open(self, words: Words) -> str:
        self.open(self.options | {name: value.decode() for name, value in words.named.items()})
        return "ok"

    def do_close(self, words: Words) -> str:
        self.close()
        return "ok"

    def do_reopen(self, words: Words) -> str:
        self.close()
        return self.do_open(words)

    def do_check(self, words: Words) -> str:
        self.check()
        return "ok"

    def answer(self, lines: list[str]) -> str:
        """The answer to one command and the lines that belong to it."""
        words = Words.of(lines[0])
        method: Callable[..., str] = getattr(self, "do_" + words.command)
        if words.command in WITH_LINES:
            return self.attempt(lambda: method(words, [Words.of(line[2:]) for line in lines[1:]]))
        return self.attempt(lambda: method(words))

    def attempt(self, command: Callable[[], str]) -> str:
        """Its answer, or what it raised."""
        try:
            return command()
        except firn.Error as error:
            return f"error {_firn.status(error.code)[0]}"
        except ValueError:  # a time to live that is none is refused before the engine sees it
            return "error FIRN_INVALID"


def errors_of(name: str) -> firn.Error:
    """An exception with the code of this name, for what Python tells otherwise."""
    error = firn.Error()
    error.code = next(code for code in range(-1, -100, -1) if _firn.status(code)[0] == name)
    return error
