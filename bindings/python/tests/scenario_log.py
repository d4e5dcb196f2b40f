"""What a scenario of folder log/ is run on."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from typing import Any

import firn
from scenario_file import Words, encode
from scenario_session import Session


class LogSession(Session):
    """A durable log and the records that a file has pinned."""

    def __init__(self, path: str, options: dict[str, str]) -> None:
        self.pins: dict[str, memoryview] = {}
        super().__init__(path, options)

    def open(self, options: dict[str, Any]) -> None:
        self.log = firn.open_log(self.path, **options)

    def close(self) -> None:
        self.log.close()

    def check(self) -> None:
        firn.open_log(self.path, read_only=True, verify_on_open=True).close()

    def end(self) -> None:
        for pin in self.pins.values():
            pin.release()
        super().end()

    # ---- Commands: one method each

    def do_append(self, words: Words) -> str:
        return str(self.log.append(words.places[0]))

    def do_append_batch(self, words: Words, lines: list[Words]) -> str:
        return str(self.log.append_many(line.places[0] for line in lines))

    def do_fill(self, words: Words) -> str:
        for _ in range(int(words.places[0])):
            self.log.append(words.places[1])
        return "ok"

    def do_read(self, words: Words) -> str:
        return encode(self.log.read(int(words.places[0])))

    def do_scan(self, words: Words) -> str:
        records = islice(self.log.records(words.number("from")), words.number("limit"))
        return "\n".join(f"{record.index} {encode(record.data)}" for record in records)

    def do_pin(self, words: Words) -> str:
        self.pins[words.places[0].decode()] = self.log.pin(int(words.places[1]))
        return "ok"

    def do_pinned(self, words: Words) -> str:
        return encode(bytes(self.pins[words.places[0].decode()]))

    def do_bounds(self, words: Words) -> str:
        return " ".join(str(bound) for bound in self.log.bounds)

    def do_durable(self, words: Words) -> str:
        return str(self.log.durable)

    def do_wait(self, words: Words) -> str:
        if not self.log.wait(int(words.places[0]), timeout=0):
            raise firn.TimedOutError
        return "ok"

    def do_seek_time(self, words: Words) -> str:
        moment = Fraction(int(words.places[0]), 1000)  # the end of time in milliseconds is no float
        return str(self.log.seek_time(moment))  # type: ignore[arg-type]

    def do_sync(self, words: Words) -> str:
        self.log.sync()
        return "ok"

    def do_retain(self, words: Words) -> str:
        self.log.retain()
        return "ok"

    def do_trim_before(self, words: Words) -> str:
        self.log.trim_before(int(words.places[0]))
        return "ok"

    def do_trim_after(self, words: Words) -> str:
        self.log.trim_after(int(words.places[0]))
        return "ok"

    def do_reset(self, words: Words) -> str:
        self.log.reset(int(words.places[0]))
        return "ok"
