#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""The database is restored from a backup taken earlier (a dump into a fresh cluster, a base backup), also under a daemon that goes on running, busy or idle: it goes on from the
offsets that were restored, and every table ends as if nothing had happened."""
import copy
import os
import pathlib
import shutil
import subprocess

import psycopg

from checks import check, finish
import events
import harness

BIN = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))[-1]


class Cluster:
	"""A PostgreSQL of the test's own, beside the Kafka of all."""

	def __init__(self, fixtures, name):
		fixtures.scratch.chmod(0o755)  # the server runs as another user when the test runs as root
		self.fixtures = copy.copy(fixtures)
		self.fixtures.folder = fixtures.scratch / name
		self.fixtures.folder.mkdir()
		self.fixtures.scratch = self.fixtures.folder / "scratch"
		self.fixtures.scratch.mkdir()
		self.fixtures.superuser = self.fixtures.postgres("up").strip()
		self.data = self.fixtures.folder / "postgres" / "data"

	def tool(self, name, *arguments, **how):
		return subprocess.run([BIN / name, "-d", self.fixtures.superuser, *arguments], check=True, capture_output=True, env={**os.environ, "PGDATABASE": ""}, **how).stdout

	def base_backup(self, folder):
		self.tool("pg_basebackup", "-D", folder, "-X", "stream", "-c", "fast")

	def replace_data(self, folder):
		"""The base backup becomes the cluster, on the same port."""
		self.fixtures.postgres("kill")
		owner = self.data.stat()
		shutil.rmtree(self.data)
		shutil.copytree(folder, self.data)
		for path in (self.data, *self.data.rglob("*")):
			os.chown(path, owner.st_uid, owner.st_gid)
		self.fixtures.postgres("start")

	def down(self):
		self.fixtures.postgres("kill")  # nothing of it is wanted any more
		self.fixtures.postgres("down")


def stream(seed):
	return events.stream(seed=seed, complaints=15, others=15, partitions=4)


def disturb_numbers(fixtures, name):
	"""Surrogate numbers of a restored database need not be those of the lost one: here none of topics and series is, for what comes after the backup."""
	with fixtures.connect(name) as connection:
		connection.execute("INSERT INTO rekap_store.topic (topic) VALUES ('another'); INSERT INTO rekap_store.series (measure, dimension) VALUES ('another', '')")


def dumped(fixtures, cluster):
	"""A dump, with the roles, into a fresh cluster; the daemon is started anew."""
	topic = harness.Topic(cluster.fixtures, partitions=4)
	daemon = harness.Daemon(cluster.fixtures, topic, batch_events=100)
	topic.produce(stream(21))
	daemon.drain()
	roles, dump = cluster.tool("pg_dumpall", "--roles-only"), cluster.tool("pg_dump", "--dbname", f"{cluster.fixtures.superuser} dbname={daemon.name}", "-Fc")
	topic.produce(stream(22))
	daemon.drain()
	fresh = Cluster(fixtures, "fresh")
	with fresh.fixtures.connect() as connection:
		for line in roles.decode().splitlines():
			if line.startswith(("CREATE ROLE rekap", "ALTER ROLE rekap", "GRANT rekap")):
				connection.execute(line)
		connection.execute(f"CREATE DATABASE {daemon.name}")
	fresh.tool("pg_restore", "--dbname", f"{fresh.fixtures.superuser} dbname={daemon.name}", "--single-transaction", "--exit-on-error", input=dump)
	daemon.fixtures = fresh.fixtures
	daemon.configure(*daemon.settings)
	check("dumped: the restored database is behind", not daemon.is_drained())
	daemon.call("check", "-c", daemon.conf)
	topic.produce(stream(23))
	daemon.drain()
	daemon.compare_quickly(what="dumped")
	fresh.down()


def swapped_by_name(cluster):
	"""The dump takes the place of the database, under its name, while the daemon is busy: it holds later offsets and epochs than the rows that it finds."""
	topic = harness.Topic(cluster.fixtures, partitions=4)
	daemon = harness.Daemon(cluster.fixtures, topic, batch_events=50)
	topic.produce(stream(24))
	daemon.drain()
	server = cluster.fixtures.superuser
	dump = cluster.tool("pg_dump", "--dbname", f"{server} dbname={daemon.name}", "-Fc")
	process = daemon.start()
	topic.produce(stream(25))
	harness.wait_until("the end of the topic", daemon.is_drained)
	with cluster.fixtures.connect() as connection:
		connection.execute(f"CREATE DATABASE {daemon.name}_restored")
	cluster.tool("pg_restore", "--dbname", f"{server} dbname={daemon.name}_restored", "--single-transaction", "--exit-on-error", input=dump)
	disturb_numbers(cluster.fixtures, f"{daemon.name}_restored")
	producing = harness.Producing(topic, stream(26), seconds=2)
	with psycopg.connect(f"{server} dbname=postgres") as connection:  # both renamed at once: no moment without the database
		connection.execute(f"ALTER DATABASE {daemon.name} CONNECTION LIMIT 0; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{daemon.name}'")
		connection.execute(f"ALTER DATABASE {daemon.name} RENAME TO {daemon.name}_lost; ALTER DATABASE {daemon.name}_restored RENAME TO {daemon.name}")
	producing.finish()
	harness.wait_until("the end of the topic", lambda: daemon.is_drained() or process.poll() is not None)
	check("swapped under a busy daemon: it goes on", process.poll() is None, daemon.log_tail())
	daemon.stop(process)
	with cluster.fixtures.connect(daemon.name) as connection:
		connection.execute("DELETE FROM rekap_store.series WHERE measure = 'another'")
	daemon.compare_quickly(what="swapped under a busy daemon")


def swapped_whole(cluster):
	"""A base backup takes the place of the cluster under a daemon that is idle: nothing new arrives that would tell it."""
	topic = harness.Topic(cluster.fixtures, partitions=4)
	daemon = harness.Daemon(cluster.fixtures, topic, batch_events=100)
	process = daemon.start()
	topic.produce(stream(27))
	harness.wait_until("the end of the topic", daemon.is_drained)
	backup = cluster.fixtures.scratch / "backup"
	cluster.base_backup(backup)
	topic.produce(stream(28))
	harness.wait_until("the end of the topic", daemon.is_drained)
	cluster.replace_data(backup)
	check("swapped under an idle daemon: the restored database is behind", not daemon.is_drained())
	try:
		harness.wait_until("the end of the topic", lambda: daemon.is_drained() or process.poll() is not None)
	except TimeoutError as late:
		check("swapped under an idle daemon: it notices", False, f"{late}; {daemon.log_tail()}")
	check("swapped under an idle daemon: it goes on", process.poll() is None, daemon.log_tail())
	daemon.stop(process)
	daemon.compare_quickly(what="swapped under an idle daemon")
	cluster.replace_data(backup)
	daemon.drain()
	daemon.compare_quickly(what="a base backup, and a daemon started anew")


def main():
	fixtures = harness.Fixtures()
	cluster = Cluster(fixtures, "cluster")
	try:
		swapped_whole(cluster)  # first, while there is little to copy
		dumped(fixtures, cluster)
		swapped_by_name(cluster)
	finally:
		cluster.down()
	finish()


if __name__ == "__main__":
	main()
