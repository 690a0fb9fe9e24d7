# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""A network that fails when told to: TCP proxies on a thread of their own, one of which understands enough of PostgreSQL's protocol to see a COMMIT.

    network = Network()
    proxy = network.proxy(listen, target, PostgresLink)     # ports
    proxy.delay = 0.1; proxy.hold(); proxy.release(); proxy.cut()
    network.arm("answer lost")                              # what becomes of the next COMMIT; network.fired is set when it happened
"""
import asyncio
import struct
import threading

COMMIT = b"Q" + struct.pack(">i", 11) + b"COMMIT\0"
STARTUP = 196608  # protocol 3.0; what may come before it (requests for encryption) has other numbers
TRAPS = ("never sent", "half sent", "sent, and cut at once", "answer lost")


class Link:
	"""A connection through a proxy."""

	def __init__(self, proxy, client, server):
		self.proxy, self.writers = proxy, (client[1], server[1])
		self.client, self.server = client, server
		self.stranded = False

	async def run(self):
		up = asyncio.create_task(self.pump(self.client[0], self.server[1], self.upstream))
		down = asyncio.create_task(self.pump(self.server[0], self.client[1], self.downstream))
		await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
		self.cut()
		await asyncio.gather(up, down, return_exceptions=True)

	async def pump(self, reader, writer, through):
		while data := await reader.read(65536):
			if self.proxy.delay:
				await asyncio.sleep(self.proxy.delay)
			await self.proxy.flowing.wait()
			if not self.stranded:
				await through(writer, data)

	async def upstream(self, writer, data):
		writer.write(data)
		await writer.drain()

	downstream = upstream

	def cut(self):
		"""By a reset, as a router that forgot the connection does."""
		for writer in self.writers:
			writer.transport.abort()


class PostgresLink(Link):
	"""Sees COMMIT go by, on its way to the server, and the answer come back."""

	def __init__(self, *all_of):
		super().__init__(*all_of)
		self.pending, self.started, self.answer_is_lost = b"", False, False

	def messages(self, data):
		"""Whole messages of the client; the rest stays until more comes."""
		self.pending += data
		while True:
			head = 1 if self.started else 0
			if len(self.pending) < head + 4:
				return
			size = head + struct.unpack_from(">i", self.pending, head)[0]
			if len(self.pending) < size:
				return
			message, self.pending = self.pending[:size], self.pending[size:]
			self.started = self.started or struct.unpack_from(">i", message, 4)[0] == STARTUP
			yield message

	async def upstream(self, writer, data):
		for message in self.messages(data):
			trap = self.proxy.network.spring() if message == COMMIT else None
			if trap == "answer lost":
				self.answer_is_lost = True
			elif trap == "half sent":
				writer.write(message[:len(message) // 2])
				await writer.drain()
			if trap not in ("never sent", "half sent"):
				writer.write(message)
				await writer.drain()
			if trap and not self.answer_is_lost:
				await self.leave()
		await writer.drain()

	async def leave(self):
		"""What was written goes out before the cut, but nothing that comes back goes on."""
		self.writers[0].transport.abort()
		self.writers[1].close()
		await asyncio.sleep(0)

	async def downstream(self, writer, data):
		if not self.answer_is_lost:
			await super().downstream(writer, data)
		elif b"COMMIT\0" in data:
			self.cut()


class Proxy:
	"""What listens on a port and leads to another one."""

	def __init__(self, network, listen, target, kind):
		self.network, self.listen, self.target, self.kind = network, listen, target, kind
		self.delay = 0
		self.links, self.door = set(), None
		self.flowing = asyncio.Event()
		self.flowing.set()

	async def accept(self, *client):
		try:
			server = await asyncio.open_connection("127.0.0.1", self.target)
		except OSError:
			client[1].transport.abort()
			return
		link = self.kind(self, client, server)
		self.links.add(link)
		try:
			await link.run()
		finally:
			self.links.discard(link)

	async def _open(self):
		if not self.door:
			self.door = await asyncio.start_server(self.accept, "127.0.0.1", self.listen)

	async def _shut(self):
		if self.door:
			self.door.close()
			self.door = None

	async def _cut(self):
		for link in list(self.links):
			link.cut()
		return len(self.links)

	async def _strand(self):
		for link in self.links:
			link.stranded = True
		return set(self.links)

	async def _set_flowing(self, on):
		(self.flowing.set if on else self.flowing.clear)()

	def open(self):
		"""From now on there is somebody to connect to."""
		self.network.call(self._open())

	def shut(self):
		"""From now on new connections are refused: the server behind is away."""
		self.network.call(self._shut())

	def cut(self):
		"""Resets all connections; how many there were."""
		return self.network.call(self._cut())

	def strand(self):
		"""The connections that are there now lead nowhere any more, and nobody is told; which these are."""
		return self.network.call(self._strand())

	def hold(self):
		"""Connections stay, and nothing goes through them any more."""
		self.network.call(self._set_flowing(False))

	def release(self):
		self.network.call(self._set_flowing(True))


class Network:
	"""The proxies and their thread."""

	def __init__(self):
		self.loop = asyncio.new_event_loop()
		self.trap, self.fired = None, threading.Event()
		threading.Thread(target=self.loop.run_forever, daemon=True).start()

	def call(self, coroutine):
		return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

	def proxy(self, listen, target, kind=Link):
		made = Proxy(self, listen, target, kind)
		made.open()
		return made

	def arm(self, trap):
		"""The next COMMIT through any proxy meets this trap."""
		self.fired.clear()
		self.trap = trap

	def spring(self):
		trap, self.trap = self.trap, None
		if trap:
			self.fired.set()
		return trap
