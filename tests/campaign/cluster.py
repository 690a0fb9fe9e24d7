# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Three brokers, a PostgreSQL primary with a synchronous standby, and a proxy before each of them."""
import concurrent.futures
import os
import shutil
import signal
import socket
import subprocess

import confluent_kafka.admin
import psycopg

import harness
import proxy

BROKERS = (1, 2, 3)
SERVERS = ("a", "b")
SETTINGS = """
jit = off
max_connections = 40
max_wal_size = 64MB
min_wal_size = 32MB
wal_keep_size = 64MB
wal_retrieve_retry_interval = 100ms
wal_receiver_timeout = 5s
wal_sender_timeout = 5s
"""


class Cluster(harness.Fixtures):
	"""Daemons come through the proxies, all others directly."""
	copies = 3

	def __init__(self, disk):
		self.disk = disk  # megabytes for each PostgreSQL server, where a small file system can be had
		self.network = proxy.Network()
		self.primary, self.standby = SERVERS
		self.small_disks = self.alone = False
		self.proxies = {}
		super().__init__(private=True)

	# --- setting up ---

	def up(self):
		with concurrent.futures.ThreadPoolExecutor() as pool:
			kafka = pool.submit(self.kafka, "cluster", len(BROKERS))
			self.up_postgres()
			self.bootstrap = kafka.result().strip()
		for number in BROKERS:
			port = int((self.folder / "kafka" / str(number) / "port").read_text())
			self.proxies[number] = self.network.proxy(port + 3, port + 2)
		self.admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0})
		harness.wait_until("all brokers", lambda: len(self.admin.list_topics(timeout=10).brokers) == len(BROKERS))

	def up_postgres(self):
		self.small_disks = all([self.mount(server) for server in SERVERS])
		self.server("up", self.primary)
		with open(self.folder / "a" / "data" / "postgresql.conf", "a", encoding="ascii") as conf:
			conf.write(SETTINGS)
		self.server("restart", self.primary)
		self.port_of = {self.primary: self.port_in(self.primary)}
		self.add_standby()
		for server in SERVERS:
			self.proxies[server] = self.network.proxy(self.free_port(), self.port_of[server], proxy.PostgresLink)

	def free_port(self):
		"""One that the system would not give away by itself."""
		return harness.wait_until("a free port", lambda: next((port for port in range(19000, 19999) if self.is_free(port)), None))

	@staticmethod
	def is_free(port):
		with socket.socket() as probe:
			return probe.connect_ex(("127.0.0.1", port)) != 0

	def mount(self, server):
		"""A small disk for the server, where this may be made."""
		folder = self.folder / server
		folder.mkdir()
		return os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.disk}m,mode=755", "tmpfs", folder], check=False, capture_output=True).returncode == 0

	def down(self):
		for number in BROKERS:
			self.signal_broker(number, signal.SIGKILL)
		for server in SERVERS:
			subprocess.run([harness.HERE / "postgres", "down", self.folder / server], check=False, capture_output=True)
			subprocess.run(["umount", self.folder / server], check=False, capture_output=True)
		shutil.rmtree(self.folder, ignore_errors=True)

	# --- Kafka ---

	def broker(self, verb, number):
		return harness.run(harness.HERE / "kafka", verb, self.folder / "kafka" / str(number))

	def signal_broker(self, number, which):
		try:
			os.kill(int((self.folder / "kafka" / str(number) / "pid").read_text()), which)
		except (FileNotFoundError, ProcessLookupError):
			pass

	def pick_broker(self, rng):
		return rng.choice(BROKERS)

	def stop_broker(self, number):
		self.proxies[number].shut()
		self.broker("kill", number)

	def start_broker(self, number):
		self.broker("start", number)
		self.proxies[number].open()

	def kafka_proxies(self):
		return [self.proxies[number] for number in BROKERS]

	# --- PostgreSQL ---

	def server(self, verb, server, *more):
		return harness.run(harness.HERE / "postgres", verb, self.folder / server, *more)

	def port_in(self, server):
		return int((self.folder / server / "port").read_text())

	@property
	def superuser(self):
		return f"host=127.0.0.1 port={self.port_of[self.primary]} user=postgres"

	def administer(self, *statements, server=None):
		"""On the primary, where nobody waits for a standby."""
		with psycopg.connect(f"host=127.0.0.1 port={self.port_of[server or self.primary]} user=postgres dbname=postgres", autocommit=True) as connection:
			for statement in statements:
				found = connection.execute(statement)
			return found.fetchall() if found.description else None

	def stop_server(self, verb, server):
		"""Its proxy goes first: a server that is away refuses connections."""
		self.proxies[server].shut()
		self.server(verb, server)

	def start_server(self, server):
		self.server("start", server)
		self.proxies[server].open()

	def revive(self):
		"""Starts the primary if it ended by itself; whether it takes statements."""
		self.server("start", self.primary)
		try:
			return self.administer("SELECT 1")
		except psycopg.OperationalError:
			return None

	def wait_for_standby(self, seconds=60):
		harness.wait_until("the standby", lambda: self.administer("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"), seconds)

	def add_standby(self):
		"""Copies the primary to the other server; from then on COMMIT waits for both."""
		self.server("standby", self.standby, self.folder / self.primary)
		self.port_of[self.standby] = self.port_in(self.standby)
		self.administer("ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
		self.wait_for_standby()
		self.alone = False

	def promote(self):
		"""The standby takes over, alone: the primary must be away."""
		self.server("promote", self.standby)
		self.primary, self.standby, self.alone = self.standby, self.primary, True
		self.administer("ALTER SYSTEM SET synchronous_standby_names = ''", "SELECT pg_reload_conf()")

	def mend(self):
		"""As it was before the faults: all brokers in step, and a standby."""
		if self.alone:
			self.add_standby()
			self.proxies[self.standby].open()
		self.wait_for_standby()
		harness.wait_until("brokers in step", self.in_step)

	def in_step(self):
		topics = self.admin.list_topics(timeout=10).topics.values()
		return all(len(partition.isrs) == self.copies for topic in topics for partition in topic.partitions.values())

	def for_daemons(self):
		brokers = ",".join(f"127.0.0.1:{self.proxies[number].listen}" for number in BROKERS)
		ports = ",".join(str(self.proxies[server].listen) for server in SERVERS)
		return brokers, f"host=127.0.0.1,127.0.0.1 port={ports} user={harness.LOGIN} target_session_attrs=read-write"
