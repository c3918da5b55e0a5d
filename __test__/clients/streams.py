"""An echo client on asyncio's streams.

streams.py HOST PORT CONNECTIONS BYTES: so many connections at once, on each so many random bytes, sent and read in random
pieces; it half-closes, reads up to the end, and compares. The first sends twenty times as many, and reads nothing until it has
sent all or has been held up. Ends with status 1 and a line for each connection that failed.
"""

import asyncio
import random
import sys


async def send(writer, sent, dice):
    position = 0
    while position < len(sent):
        piece = sent[position : position + dice.randint(1, 40_000)]
        writer.write(piece)
        position += len(piece)
        if dice.random() < 0.5:
            await writer.drain()
    await writer.drain()
    writer.write_eof()


async def receive(reader, dice):
    received = bytearray()
    while piece := await reader.read(dice.randint(1, 100_000)):
        received += piece
    return received


async def talk(host, port, size, is_late):
    dice = random.Random()
    sent = dice.randbytes(size)
    reader, writer = await asyncio.open_connection(host, port)
    try:
        sending = asyncio.create_task(send(writer, sent, dice))
        if is_late:
            await asyncio.wait([sending], timeout=0.5)
        _, received = await asyncio.gather(sending, receive(reader, dice))
    finally:
        writer.close()
    if received != sent:
        pairs = enumerate(zip(sent, received))
        place = next((at for at, (one, other) in pairs if one != other), min(size, len(received)))
        raise ValueError(f"{size} bytes sent, {len(received)} received, alike up to {place}")


async def main(host, port, connections, size):
    late = talk(host, int(port), 20 * int(size), True)
    talks = (talk(host, int(port), int(size), False) for _ in range(1, int(connections)))
    failures = [each for each in await asyncio.gather(late, *talks, return_exceptions=True) if each]
    for failure in failures:
        print(repr(failure), file=sys.stderr)
    sys.exit(1 if failures else 0)


asyncio.run(main(*sys.argv[1:]))
