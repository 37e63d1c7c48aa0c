"""The links of the storm: one port of 127.0.0.1 for each till, behind which a balancer hands its connections to the
daemons in turn, and which can be bad in every way that a link is bad.

It knows nothing of what it carries and keeps nothing between two connections, as any TCP balancer.
"""
import asyncio
import itertools
import socket
import struct
import threading

# How a link is:
GOOD, REFUSE = "good", "refuse"          # as it should be; nobody answers
UP, DOWN, BOTH = "up", "down", "both"    # bytes of one direction, or both, do not arrive until it is good again
SLOW = "slow"                            # each piece arrives later
LOSE = "lose"                            # what is asked arrives, and the connection ends in place of the answer
SLOW_S = 0.15


def reset(writer):
    """The end of a connection as a crash has it: RST, nothing more is sent."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Link:
    def __init__(self, net):
        self.net, self.mode, self.open, self.carried = net, GOOD, set(), 0
        self.changed = asyncio.Event()

    def set(self, mode):
        self.mode = mode
        self.changed.set()
        self.changed = asyncio.Event()

    def cut(self):
        for writer in list(self.open):
            reset(writer)

    async def arrive(self, direction):
        """When a piece may pass; False: it never does."""
        while self.mode in (direction, BOTH):
            await self.changed.wait()
        if self.mode == SLOW:
            await asyncio.sleep(SLOW_S)
        return not (self.mode == LOSE and direction == DOWN)

    async def pump(self, reader, writer, direction):
        while data := await reader.read(65536):
            if not await self.arrive(direction):
                return
            writer.write(data)
            await writer.drain()
            self.carried += len(data)

    async def serve(self, reader, writer):
        ends = {writer}
        self.open.add(writer)
        try:
            if self.mode == REFUSE:
                return
            far_reader, far = await self.net.daemon()
            ends.add(far)
            self.open.add(far)
            pumps = [asyncio.ensure_future(self.pump(reader, far, UP)),
                     asyncio.ensure_future(self.pump(far_reader, writer, DOWN))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            pass
        finally:
            for end in ends:
                reset(end)
                self.open.discard(end)


class Net:
    """The balancer in a thread of its own; its methods may be called from any other."""

    def __init__(self, links):
        self.ports = []  # of the daemons that are started; one that is dead is passed by
        self.turn = itertools.count()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.links = self.call(self.listen(links))

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def listen(self, links):
        made = []
        for _ in range(links):
            link = Link(self)
            link.server = await asyncio.start_server(link.serve, "127.0.0.1", 0)
            link.port = link.server.sockets[0].getsockname()[1]
            made.append(link)
        return made

    async def daemon(self):
        """A connection to the next daemon that takes one."""
        ports = list(self.ports)
        first = next(self.turn)
        for i in range(len(ports)):
            try:
                return await asyncio.open_connection("127.0.0.1", ports[(first + i) % len(ports)])
            except OSError:
                pass
        raise ConnectionRefusedError("no daemon listens")

    def set(self, link, mode):
        self.loop.call_soon_threadsafe(self.links[link].set, mode)

    def cut(self, link):
        self.loop.call_soon_threadsafe(self.links[link].cut)

    def close(self):
        async def end():
            for link in self.links:
                link.server.close()
                link.cut()
        self.call(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
