"""A mail server that stores the mails that it receives."""

from __future__ import annotations

import socketserver
from typing import ClassVar


class Mailbox(socketserver.StreamRequestHandler):
    """The part of SMTP that a plain delivery needs."""

    taken: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        self.wfile.write(b"220 mailbox\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (text := self.rfile.readline()) != b".\r\n":
                    lines.append(text)
                self.taken.append(b"".join(lines))
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 well\r\n")
            if verb == b"QUIT":
                return
