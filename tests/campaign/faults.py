# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""What goes wrong: a function for each kind of fault, which returns when the fault is over. `rng` decides everything that is open, so that a seed repeats it.

A kind is felt when it lasts so long that a daemon's log must tell of it: over a campaign that is checked, lest a fault quietly ceased to be one. Shorter ones
see to it themselves that they hit something.
"""
import collections
import errno
import os
import signal
import time

import confluent_kafka
import psycopg

import events
import harness
import leaders
import proxy

Kind = collections.namedtuple("Kind", "title inject felt slow")
KINDS = {}
PATIENCE = 30  # seconds for what must happen soon


def fault(title, felt=True, slow=False):
	def keep(inject):
		KINDS[title] = Kind(title, inject, felt, slow)
		return inject
	return keep


def hold(rng, least, most):
	"""How long a fault lasts."""
	time.sleep(rng.uniform(least, most))


def repeat(rng, most, pause, strike):
	"""Strikes several times; what never hits anything is no fault."""
	hits = 0
	for _ in range(rng.randint(1, most)):
		hits += strike()
		hold(rng, 0.02, pause)
	if not hits:
		harness.wait_until("something to hit", strike, PATIENCE)


# --- daemons -------------------------------------------------------------------------------------------------------------------


@fault("daemon: SIGKILL", felt=False)
def kill_daemon(campaign, rng):
	member = campaign.pick(rng)
	member.kill()
	hold(rng, 0, rng.choice((0, 2)))
	member.start()


@fault("daemon: SIGTERM, started again", felt=False)
def end_daemon(campaign, rng):
	member = campaign.pick(rng)
	member.end()
	hold(rng, 0, 1)
	member.start()


@fault("daemon: frozen past its session, a zombie")
def freeze_daemon(campaign, rng):
	member = campaign.pick(rng)
	member.process.send_signal(signal.SIGSTOP)
	hold(rng, 2.5, 3.5)
	member.process.send_signal(signal.SIGCONT)


@fault("daemon: wall clock jumps", felt=False)
def jump_clock(campaign, rng):
	for _ in range(rng.randint(2, 5)):
		campaign.set_clock(rng.choice(("+", "-")) + str(rng.choice((2, 61, 3600, 86400, 400 * 86400))))
		hold(rng, 0.2, 0.6)
	campaign.set_clock("+0")


# --- Kafka ---------------------------------------------------------------------------------------------------------------------


@fault("Kafka: broker killed, started again", felt=False)
def kill_broker(campaign, rng):
	number = campaign.cluster.pick_broker(rng)
	campaign.cluster.stop_broker(number)
	hold(rng, 0.5, 2)
	campaign.cluster.start_broker(number)


@fault("Kafka: broker frozen past its session", felt=False)
def freeze_broker(campaign, rng):
	number = campaign.cluster.pick_broker(rng)
	campaign.cluster.signal_broker(number, signal.SIGSTOP)
	hold(rng, 1.5, 3)
	campaign.cluster.signal_broker(number, signal.SIGCONT)


@fault("Kafka: leaders move", felt=False)
def move_leaders(campaign, rng):
	leaders.move(campaign.cluster.admin, campaign.topic.name, rng)


@fault("Kafka: connections cut", felt=False)
def cut_kafka(campaign, rng):
	repeat(rng, 4, 0.6, lambda: sum(door.cut() for door in campaign.cluster.kafka_proxies()))


@fault("Kafka: latency", felt=False)
def slow_kafka(campaign, rng):
	for door in campaign.cluster.kafka_proxies():
		door.delay = rng.uniform(0.05, 0.4)
	hold(rng, 1.5, 3)
	for door in campaign.cluster.kafka_proxies():
		door.delay = 0


@fault("Kafka: connections half-open", felt=False)
def hold_kafka(campaign, rng):
	silence(campaign.cluster.kafka_proxies(), rng)


@fault("Kafka: the group rebalances every second")
def rebalance(campaign, rng):
	"""A stranger joins, takes partitions that it does not read, and leaves."""
	for _ in range(rng.randint(2, 4)):
		stranger = confluent_kafka.Consumer({"bootstrap.servers": campaign.cluster.bootstrap, "group.id": campaign.daemon.name, "session.timeout.ms": 1500, "heartbeat.interval.ms": 300,
			"partition.assignment.strategy": "range,roundrobin", "enable.auto.commit": False, "log_level": 0})
		stranger.subscribe([campaign.topic.name])
		end = time.monotonic() + rng.uniform(0.5, 1.2)
		while time.monotonic() < end:
			stranger.poll(0.1)
		stranger.close()


# --- PostgreSQL ----------------------------------------------------------------------------------------------------------------


@fault("PostgreSQL: backends killed", felt=False)
def kill_backends(campaign, rng):
	repeat(rng, 4, 0.5, lambda: len(campaign.terminate_backends()))


def away(verb):
	def inject(campaign, rng):
		cluster = campaign.cluster
		cluster.stop_server(verb, cluster.primary)
		hold(rng, 0.2, 1.5)
		cluster.start_server(cluster.primary)
	return inject


fault("PostgreSQL: immediate stop")(away("crash"))
fault("PostgreSQL: SIGKILL")(away("kill"))
fault("PostgreSQL: restart")(away("stop"))


@fault("PostgreSQL: primary lost, standby promoted")
def promote(campaign, rng):
	cluster = campaign.cluster
	cluster.stop_server("kill", cluster.primary)
	hold(rng, 0, 1)
	cluster.promote()


@fault("PostgreSQL: promoted standby lacks the last commits")
def promote_behind(campaign, rng):
	"""What daemons take for committed was never copied, because waiting for the standby was broken off: offsets go back together with the figures."""
	cluster = campaign.cluster
	cluster.stop_server("stop", cluster.standby)
	for _ in range(rng.randint(1, 3)):
		harness.wait_until("a COMMIT that waits for the standby", lambda: campaign.terminate_backends("wait_event = 'SyncRep'"), PATIENCE)
	cluster.stop_server("kill", cluster.primary)
	cluster.start_server(cluster.standby)
	cluster.promote()


@fault("PostgreSQL: standby away, COMMIT waits", felt=False)
def stop_standby(campaign, rng):
	cluster = campaign.cluster
	cluster.stop_server("stop", cluster.standby)
	hold(rng, 1, 3)
	cluster.start_server(cluster.standby)
	cluster.wait_for_standby()


@fault("PostgreSQL: disk full")
def fill_disk(campaign, rng):
	cluster = campaign.cluster
	ballast = cluster.folder / cluster.primary / "ballast"
	panic = rng.random() < 0.5
	with open(ballast, "wb") as file:
		until = time.monotonic() + rng.uniform(2, 3)
		while time.monotonic() < until:  # again and again: the server frees some now and then
			fill(file)
			if panic:
				want_wal(cluster)
			time.sleep(0.05)
	ballast.unlink()
	harness.wait_until("the server", cluster.revive, PATIENCE)


def want_wal(cluster):
	"""Makes the server need one more file of its log, without which it ends."""
	try:
		cluster.administer("SELECT pg_switch_wal()")
	except psycopg.OperationalError:
		pass  # it has ended


def fill(file):
	for size in (1 << 24, 1 << 16, 1 << 12):
		try:
			while True:
				os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
		except OSError as full:
			if full.errno != errno.ENOSPC:
				raise


def lock(campaign, rng, statement):
	with psycopg.connect(f"{campaign.cluster.superuser} dbname={campaign.daemon.name}") as analyst:
		harness.wait_until("the lock", lambda: locked(analyst, statement), PATIENCE)
		hold(rng, 1, 3)
		analyst.rollback()


def locked(analyst, statement):
	"""An analyst takes rows in any order, and so may be the one that a deadlock ends."""
	try:
		analyst.execute("SET LOCAL lock_timeout = '10s'")
		return analyst.execute(statement)
	except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
		analyst.rollback()
		return None


@fault("PostgreSQL: a table locked by an analyst", felt=False)
def lock_table(campaign, rng):
	table = rng.choice(campaign.tables())
	campaign.note(table)
	lock(campaign, rng, f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")


@fault("PostgreSQL: rows locked by an analyst", felt=False)
def lock_rows(campaign, rng):
	lock(campaign, rng, f"SELECT FROM {rng.choice(('rekap.ingest_offset', 'rekap_store.measure_month', 'rekap_store.complaint'))} FOR UPDATE")


@fault("PostgreSQL: statement timeout")
def time_out_statements(campaign, rng):
	"""One that the role has from the administrator, and statements that are cancelled all the same."""
	administer, role = campaign.cluster.administer, harness.LOGIN
	administer(f"ALTER ROLE {role} SET statement_timeout = '1ms'", f"ALTER ROLE {role} SET lock_timeout = '1ms'")
	campaign.terminate_backends()
	until = time.monotonic() + rng.uniform(1.5, 2.5)
	while time.monotonic() < until:
		administer(f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '{role}' AND state = 'active'")
		time.sleep(0.02)
	administer(f"ALTER ROLE {role} RESET statement_timeout", f"ALTER ROLE {role} RESET lock_timeout")


@fault("PostgreSQL: too many connections")
def use_up_connections(campaign, rng):
	"""All that are not reserved for superusers; those of the daemons are taken over as soon as they are free."""
	taken, conninfo = [], campaign.cluster.superuser.replace("user=postgres", f"user={harness.LOGIN} dbname=postgres")
	until = time.monotonic() + rng.uniform(2, 3)
	while time.monotonic() < until:
		try:
			taken.append(psycopg.connect(conninfo))
		except psycopg.OperationalError:
			campaign.terminate_backends(f"datname = '{campaign.daemon.name}'")
	for connection in taken:
		connection.close()


# --- the way to PostgreSQL -----------------------------------------------------------------------------------------------------


def spring(trap):
	def inject(campaign, rng):
		for _ in range(rng.randint(1, 3)):
			campaign.cluster.network.arm(trap)
			if not campaign.cluster.network.fired.wait(PATIENCE):
				raise TimeoutError("no COMMIT came by")
			hold(rng, 0, 0.3)
	return inject


for _trap in proxy.TRAPS:
	fault(f"COMMIT: {_trap}", felt=False)(spring(_trap))


@fault("network: connections to PostgreSQL cut", felt=False)
def cut_postgres(campaign, rng):
	repeat(rng, 5, 0.4, campaign.cluster.proxies[campaign.cluster.primary].cut)


@fault("network: latency to PostgreSQL", felt=False)
def slow_postgres(campaign, rng):
	door = campaign.cluster.proxies[campaign.cluster.primary]
	door.delay = rng.uniform(0.01, 0.1)
	hold(rng, 1.5, 3)
	door.delay = 0


def silence(doors, rng):
	"""Connections that nothing goes through, and that end at last."""
	for door in doors:
		door.hold()
	hold(rng, 1.5, 3.5)
	for door in doors:
		door.cut()
		door.release()


@fault("network: connections to PostgreSQL half-open")
def hold_postgres(campaign, rng):
	silence([campaign.cluster.proxies[campaign.cluster.primary]], rng)


@fault("network: connections to PostgreSQL half-open for good", slow=True)
def strand_postgres(campaign, rng):
	"""Nobody tells the daemons; they have to give up by themselves."""
	door = campaign.cluster.proxies[campaign.cluster.primary]
	hold(rng, 0, 0.2)
	stranded = door.strand()
	harness.wait_until("daemons that give up", lambda: not stranded & door.links, 120, 0.2)


# --- records -------------------------------------------------------------------------------------------------------------------


@fault("records: a burst of poison and personal data", felt=False)
def poison(campaign, rng):
	wrong = list(events.bad_records(rng.randrange(1000)))
	campaign.topic.produce([events.Sent(one.key, one.value, one.headers, None) for one in rng.sample(wrong, 80) if len(one.value) < 200000])
