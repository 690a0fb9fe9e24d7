#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""rekapd verify and rebuild: damage by hand is found and mended, other rules and the whole log are taken over while daemons commit, through SIGKILL and restarts of PostgreSQL."""
import json
import random
import subprocess
import sys
import time

from checks import check, finish, same
import events
import harness

KILLS = 6


def superuser(daemon, *statements):
	with daemon.fixtures.connect(daemon.name) as connection:
		for statement in statements:
			connection.execute(statement)


def verify(daemon, what, *told):
	"""Its exit status, and that it names what was changed and nothing else."""
	result = daemon.attempt("verify", "-c", daemon.conf)
	lines = result.stdout.splitlines()
	check(f"{what}: verify exits {int(bool(told))}", result.returncode == bool(told), f"{result.returncode}: {result.stdout[-800:]}{result.stderr[-400:]}")
	for part in told:
		check(f"{what}: verify names {part}", any(part in line for line in lines), result.stdout[-800:])
	same(f"{what}: and nothing else", sum(not any(part in line for part in told) for line in lines[:-1]), 0)


def rebuild(daemon, what, *options):
	result = daemon.attempt("rebuild", *options, "-c", daemon.conf)
	check(f"{what}: rebuild exits 0", result.returncode == 0, f"{result.returncode}: {result.stderr[-800:]}")
	return result


FIGURES = """
	UPDATE rekap_store.measure_month m SET d12 = coalesce(d12, 0) + 1000000 FROM (SELECT series_id, unit_id, month FROM rekap_store.measure_month ORDER BY 1, 2, 3 LIMIT 1) o
	WHERE m.series_id = o.series_id AND m.unit_id = o.unit_id AND m.month = o.month""", """
	UPDATE rekap_store.complaint SET response_due_on = '1999-09-09', flags = '{made_up:by_hand}' WHERE entity_key = (SELECT min(entity_key) FROM rekap_store.complaint)""", """
	UPDATE rekap_store.budget_report SET realised[1] = 123456789 WHERE entity_key = (SELECT min(entity_key) FROM rekap_store.budget_report)"""
TOLD = "1000000", '-12: stored ', ' total: stored ', "1999-09-09", "made_up:by_hand", "123456789"
ROWS = "DELETE FROM rekap_store.complaint WHERE entity_key = (SELECT max(entity_key) FROM rekap_store.complaint)", """
	INSERT INTO rekap_store.measure_month (series_id, unit_id, month, total, d1) SELECT series_id, unit_id, '2031-01-01', 7, 7 FROM rekap_store.measure_month LIMIT 1"""


TABLES = "complaint", "budget_report", "survey_response", "measure_day", "data_quality", "reject"  # no views of figures, which take their time


def mend(daemon):
	"""By hand, with no daemon about."""
	verify(daemon, "undamaged")
	superuser(daemon, *FIGURES)
	verify(daemon, "figures damaged", *TOLD)
	rebuild(daemon, "figures damaged")
	verify(daemon, "figures mended")
	daemon.compare(what="figures mended", tables=TABLES)
	superuser(daemon, *FIGURES, *ROWS, "UPDATE rekap_store.survey_response SET state = 'x' WHERE entity_key = (SELECT max(entity_key) FROM rekap_store.survey_response)")
	status = daemon.attempt("verify", "-c", daemon.conf)
	check("entities damaged: verify finds them", status.returncode == 1 and "cannot read" in status.stdout and "2031-01-01: stored 7, computed 0" in status.stdout, status.stdout[-800:])
	rebuild(daemon, "entities damaged", "--from-kafka")
	verify(daemon, "entities mended")
	daemon.compare(what="entities mended", tables=TABLES)


def other_rules():
	"""Every deadline is another, and so are bands of figures."""
	ruleset = json.loads(harness.RULESET.read_text(encoding="utf-8"))
	ruleset["deadlines"]["response"] = {"days": 1, "kind": "calendar"}
	for name in ruleset["deadlines"]["resolution"]:
		ruleset["deadlines"]["resolution"][name] = {"days": 3, "kind": "working"}
	return [ruleset]


DONE = """SELECT p.entities + coalesce((SELECT sum(next_offset) FROM rekap_rebuild.ingest_offset), 0) FROM rekap_rebuild.progress p WHERE source IS NOT NULL"""


def interrupted(daemon, rng, restart, upto, *options):
	"""Killed again and again while it works, somewhere before `upto` entities or records are done, then left to end. How many it was killed in."""
	killed = 0
	for number in range(KILLS):
		process = daemon.start(*options, verb="rebuild")
		until = upto * number // KILLS + rng.randrange(upto // KILLS)
		with daemon.fixtures.connect(daemon.name) as connection:
			harness.wait_until("progress", lambda: process.poll() is not None or ((connection.execute(DONE).fetchone() or [-1])[0] >= until), pause=0.001)
		if number == KILLS // 2:
			restart()
		time.sleep(rng.uniform(0, 0.01))
		killed += process.poll() is None
		process.kill()
		process.wait()
	return killed


def rules_beside_daemons(daemon, records, rng, restart):
	"""New rulesets by a rebuild, while a daemon with the old ones commits."""
	before = sum(daemon.progress().values())
	old = daemon.start()
	producing = harness.Producing(daemon.topic, records[:-100], seconds=6)
	harness.wait_until("progress", lambda: sum(daemon.progress().values()) > before)  # it has read its files
	daemon.reconfigure(daemon.calendar, other_rules())
	status = daemon.attempt("verify", "-c", daemon.conf)
	check("verify with other rules says so", status.returncode == 78 and "rekapd rebuild" in status.stderr, status.stderr[-400:])
	killed = interrupted(daemon, rng, restart, 400)
	check("the daemon with the old rules runs until the swap", old.poll() is None, daemon.log_tail())
	result = rebuild(daemon, "other rules")
	check("the rebuild was interrupted", killed > 0 and "going on where" in result.stderr, f"{killed}: {result.stderr}")
	producing.finish()
	daemon.topic.produce(records[-100:])
	try:
		old.wait(120)
	except subprocess.TimeoutExpired:
		print(f"      offsets {daemon.progress()} of {daemon.topic.ends()}")
	check("the daemon with the old rules stops, and says why", old.returncode and "restart with the same files" in daemon.log_tail(), f"{old.returncode}: {daemon.log_tail()}")
	daemon.drain()
	check("the next one restates nothing", "recomputing" not in daemon.log.read_text(encoding="utf-8", errors="replace"))
	verify(daemon, "other rules")
	daemon.compare(what="other rules")


def log_beside_daemons(daemon, records, rng, restart):
	"""The whole log again, while two daemons commit what comes."""
	superuser(daemon, *FIGURES, *ROWS)
	running = [daemon.start(), daemon.start()]
	producing = harness.Producing(daemon.topic, records, seconds=8)
	killed = interrupted(daemon, rng, restart, 2500, "--from-kafka")
	result = rebuild(daemon, "the log again", "--from-kafka")
	check("it was interrupted", killed > 0, killed)
	print(f"      {result.stdout.strip()}")
	producing.finish()
	harness.wait_until("the end of the topic", daemon.is_drained)
	for process in running:
		check("the daemon goes on", process.poll() is None, daemon.log_tail())
		daemon.stop(process)
	verify(daemon, "the log again")
	daemon.compare_quickly(what="the log again")


def log_that_lacks_records(daemon):
	"""Refused with names and remedy; what is counted stays."""
	before = daemon.progress()
	daemon.fixtures.kafka("trim", daemon.topic.name, 3, *([0] * (daemon.topic.partitions - 1)))
	result = daemon.attempt("rebuild", "--from-kafka", "-c", daemon.conf)
	check("a log that lacks its beginning is refused", result.returncode == 1 and f"{daemon.topic.name} [0]: the broker's first record is 3" in result.stderr and "without --from-kafka" in result.stderr,
		f"{result.returncode}: {result.stderr}")
	result = daemon.attempt("rebuild", "-c", daemon.conf)
	check("it is half done, and another sort refused", result.returncode == 78 and "--restart" in result.stderr, f"{result.returncode}: {result.stderr}")
	rebuild(daemon, "without the log", "--restart")
	verify(daemon, "without the log")
	same("nothing is read again", daemon.progress(), before)


def main():
	seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(10 ** 6)
	print(f"test_rebuild.py {seed} repeats these moments")
	rng = random.Random(seed)
	fixtures = harness.Fixtures(private=True)  # PostgreSQL is restarted

	topic = harness.Topic(fixtures, partitions=4)
	daemon = harness.Daemon(fixtures, topic, batch_events=200)
	topic.produce(events.stream(seed=40, complaints=150, others=300, partitions=4))
	daemon.drain()
	mend(daemon)
	rules_beside_daemons(daemon, events.stream(seed=41, complaints=120, others=200, partitions=4), rng, lambda: fixtures.postgres("restart"))
	log_beside_daemons(daemon, events.stream(seed=42, complaints=120, others=200, partitions=4), rng, lambda: fixtures.postgres("restart"))
	log_that_lacks_records(daemon)
	finish()


if __name__ == "__main__":
	main()
