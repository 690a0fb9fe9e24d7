#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""rekapd rejects: lists and shows what is there, replays exactly once whatever runs or dies beside it, and purges bodies for good."""
import base64
import json
import os
import random
import re
import subprocess
import sys
import time

from checks import check, finish, same
import events
import harness

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e\nreject: 1"
KEY = "\u202eowned"
CANARY = "canary-8d1f"
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Tool:
	"""rekapd rejects, with the daemon's login or an auditor's."""

	def __init__(self, daemon):
		self.daemon = daemon
		self.auditor = f"rekapd_rejects_{os.getpid()}"
		with daemon.fixtures.connect(daemon.name) as root:
			if not root.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (self.auditor,)).fetchone():
				root.execute(f"CREATE ROLE {self.auditor} LOGIN IN ROLE rekap_auditor")

	def command(self, *words, auditor=False):
		conninfo = self.daemon.fixtures.superuser.replace("user=postgres", f"user={self.auditor}") + f" dbname={self.daemon.name}"
		return [harness.program(), "rejects", *map(str, words), "-c", str(self.daemon.conf), *(["--set", f"postgres.conninfo={conninfo}"] if auditor else [])]

	def run(self, *words, auditor=False):
		"""(exit code, standard output, standard error)"""
		result = subprocess.run(self.command(*words, auditor=auditor), capture_output=True, stdin=subprocess.DEVNULL, env=self.daemon.environment(), check=False)
		return result.returncode, result.stdout.decode(), result.stderr.decode()

	def lines(self, *words, auditor=False):
		status, out, complaint = self.run(*words, "--json", auditor=auditor)
		if status:
			raise RuntimeError(f"rejects {words}: exit {status}: {complaint}")
		return [json.loads(line) for line in out.splitlines()]


def rows(daemon, condition="true"):
	"""The rejects as list prints them."""
	with daemon.fixtures.connect(daemon.name) as root:
		found = root.execute(f"""SELECT jsonb_build_object('reject_id', reject_id, 'received_at', to_char(received_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'topic', topic, 'partition', partition, 'offset', "offset",
			'reason', reason, 'detail', detail, 'event_type', event_type, 'event_id', event_id, 'status', status) FROM rekap.reject WHERE {condition} ORDER BY reject_id""").fetchall()
	return [row for row, in found]


def bodies(daemon):
	with daemon.fixtures.connect(daemon.name) as root:
		return root.execute("SELECT count(*) FROM rekap.reject_body").fetchone()[0]


def test_list(tool):
	daemon = tool.daemon
	with daemon.fixtures.connect(daemon.name) as root:
		root.execute("UPDATE rekap.reject SET received_at = '2024-03-25T17:00:00Z'::timestamptz + (reject_id % 4 - 2) * interval '1 second'")
	everything = rows(daemon)
	check("there are rejects of many reasons", len({row["reason"] for row in everything}) > 7)
	kind = next(row["event_type"] for row in everything if row["event_type"])
	some = [everything[3]["reject_id"], everything[0]["reject_id"]]
	for words, condition in (((), "true"), (("--reason", "personal_data"), "reason = 'personal_data'"), (("--topic", daemon.topic.name), "true"), (("--topic", "another"), "false"), (("--partition", 1), "partition = 1"),
		(("--type", kind), f"event_type = '{kind}'"), (("--status", "open"), "status = 'open'"), (("--status", "purged"), "false"), (("--since", "2024-03-26"), "received_at >= '2024-03-25T17:00:00Z'"),
		(("--until", "2024-03-26"), "received_at < '2024-03-25T17:00:00Z'"), (("--since", "2024-03-26T00:00:01+07:00"), "received_at >= '2024-03-25T17:00:01Z'"),
		(("--reason", "bad_field", "--partition", 0, "--until", "2024-03-26"), "reason = 'bad_field' AND partition = 0 AND received_at < '2024-03-25T17:00:00Z'"), (some, f"reject_id IN ({some[0]}, {some[1]})")):
		wanted = rows(daemon, condition)
		check(f"list {' '.join(map(str, words))}: {len(wanted)} rows", tool.lines("list", *words) == wanted)
	same("list --limit", [row["reject_id"] for row in tool.lines("list", "--limit", 5)], [row["reject_id"] for row in everything[:5]])
	_, out, _ = tool.run("list", auditor=True)
	check("a line for each, and a head", len(out.splitlines()) == len(everything) + 1)
	_, raw, _ = tool.run("list", "--json")
	check("nothing that a terminal obeys", not OBEYED.search(out + raw) and "\\u202eowned" in out, OBEYED.search(out + raw))
	check("never a body", CANARY not in out + raw)
	for words in (("list", "--reason", "nonsense"), ("list", "--status", "shut"), ("list", "--partition", "x"), ("list", "--since", "yesterday"), ("list", "abc"), ("list", "--limit", "0"), ("show",), ("show", "--reason", "bad_field", 1), ("purge",),
		("purge", "--older-than", "1", "--before", "2024-01-01"), ("purge", "--older-than", "-1"), ("burn",), ()):
		same(f"rejects {' '.join(map(str, words))}: wrong usage", tool.run(*words)[0], 64)
	for action in ("list", "show", "replay", "purge"):
		check(f"{action} --help", tool.run(action, "--help")[1].startswith(f"Usage: rekapd rejects {action} "))


def decoded(part, name):
	return base64.b64decode(part[name + "_base64"]) if name + "_base64" in part else part[name] if part[name] is None else part[name].encode()


def test_show(tool, records):
	same("show is for auditors", tool.run("show", 1)[0], 78)
	by_place = {(record.partition, record.offset): record for record in records}
	wrong = []
	listed = rows(tool.daemon)
	for shown in tool.lines("show", *[row["reject_id"] for row in listed], auditor=True):
		record, body = by_place[shown["partition"], shown["offset"]], shown.pop("body")
		headers = [(decoded(header, "name"), decoded(header, "value")) for header in body["headers"]]
		if (decoded(body, "key"), decoded(body, "value"), headers) != (record.key, record.value, [(name.encode(), value) for name, value in record.headers or []]) or shown not in listed:
			wrong.append(shown)
	same(f"show --json: {len(listed)} records to the byte", wrong, [])
	status, out, _ = tool.run("show", *[row["reject_id"] for row in listed], auditor=True)
	check("show: text", status == 0 and CANARY in out and "(base64)" in out)
	check("show: nothing that a terminal obeys, no line that looks like ours", not OBEYED.search(out) and len(re.findall("^reject: ", out, re.M)) == len(listed), OBEYED.search(out))
	status, _, complaint = tool.run("show", 10 ** 9, auditor=True)
	check("show: what is not there", (status, "there is no reject 1000000000" in complaint) == (1, True), complaint)


def after_replay(first, second):
	"""The first rejects once the second are decided: those that pass now are replayed, the others have their new reason."""
	now = {row[:3]: row for row in second.rows}
	return first._replace(rows=[now.get(row[:3], row[:-1] + ("replayed",)) for row in first.rows])


def compare_replayed(daemon, first, records, what, tables=None):
	second = daemon.expected(records)
	second["reject"] = after_replay(first["reject"], second["reject"])
	daemon.compare(second, what, tables)


def test_replay(tool, records, lenient, full):
	daemon = tool.daemon
	first = daemon.expected(records)
	before = rows(daemon)
	status, out, complaint = tool.run("replay")
	same(f"replay when nothing changed: {out or complaint}", (status, rows(daemon)), (1, before))
	waiting = [row["reject_id"] for row in before if row["reason"] == "unknown_unit"]
	events.write_units(daemon.folder / "units.csv", full)
	daemon.units = full
	with daemon.fixtures.connect(daemon.name) as root:  # as if the process that loads the register had died before its replay
		root.execute("UPDATE rekap.reject SET reason = 'bad_field' WHERE reason = 'unknown_unit'")
	daemon.call("units", "-c", daemon.conf, daemon.folder / "units.csv")
	status, out, _ = tool.run("replay", *waiting)
	replayed = rows(daemon, "status = 'replayed'")
	check(f"replay of IDs after a unit was added: {out.strip()}", replayed and out.startswith(f"{len(replayed)} counted now"))
	with daemon.fixtures.connect(daemon.name) as root:
		root.execute("UPDATE rekap.reject SET reason = 'unknown_unit' WHERE status = 'replayed'")
	daemon.reconfigure(daemon.calendar, lenient)
	status, out, complaint = tool.run("replay", "--reason", "personal_data")
	check(f"replay after the list of forbidden fields changed: {out.strip()}", not out.startswith("0 ") and status == ("; 0 still open" not in out), complaint)
	compare_replayed(daemon, first, records, "replayed")
	again = rows(daemon)
	status, out, _ = tool.run("replay")
	check(f"a second replay counts nothing: {out.strip()}", out.startswith("0 counted now") and rows(daemon) == again)
	replayed = next(row["reject_id"] for row in again if row["status"] == "replayed")
	status, _, complaint = tool.run("replay", replayed)
	check("replay of what was replayed before", status == 0 and "was replayed before" in complaint, complaint)
	status, _, complaint = tool.run("replay", 10 ** 9)
	check("replay of what is not there", status == 1 and "there is no reject 1000000000" in complaint, complaint)
	compare_replayed(daemon, first, records, "replayed twice", {"complaint", "measure_day", "reject"})


def test_purge(tool):
	daemon = tool.daemon
	before, held = rows(daemon), bodies(daemon)
	same("purge is for auditors", tool.run("purge", "--older-than", 0)[0], 78)
	same("nothing is as old", tool.run("purge", "--before", "2020-01-01", auditor=True)[:2], (0, "0 bodies removed\n"))
	chosen = [row["reject_id"] for row in rows(daemon, "reason = 'bad_field' AND partition = 0 AND received_at < '2024-03-25T17:00:00Z'")]
	words = ("purge", "--before", "2024-03-26", "--reason", "bad_field", "--partition", 0)
	same("purge --dry-run", tool.run(*words, "--dry-run", auditor=True)[:2], (0, f"{len(chosen)} bodies would be removed\n"))
	same("which changes nothing", (rows(daemon), bodies(daemon)), (before, held))
	same("purge", tool.run(*words, auditor=True)[:2], (0, f"{len(chosen)} bodies removed\n"))
	wanted = [dict(row, status="purged") if row["reject_id"] in chosen else row for row in before]
	same("the rejects stay, without bodies", (rows(daemon), bodies(daemon)), (wanted, held - len(chosen)))
	status, _, complaint = tool.run("replay", chosen[0])
	check("what was purged cannot be replayed", status == 1 and "without its body it cannot be replayed" in complaint, complaint)
	check("show says so", "  body: purged\n" in tool.run("show", chosen[0], auditor=True)[1] and tool.lines("show", chosen[0], auditor=True)[0]["body"] is None)
	same("purge again", tool.run(*words, auditor=True)[:2], (0, "0 bodies removed\n"))
	with daemon.fixtures.connect(daemon.name) as root:
		root.execute("UPDATE rekap.ingest_offset SET next_offset = 0")
	daemon.drain()
	same("records that are read again resurrect nothing", (rows(daemon), bodies(daemon)), (wanted, held - len(chosen)))
	tool.run("purge", "--older-than", 0, auditor=True)
	same("purge --older-than 0: all", (bodies(daemon), {row["status"] for row in rows(daemon)}), (0, {"purged"}))


def test_beside(fixtures, topic, strict, normal, seed):
	"""Replays beside one another and beside a daemon that goes on; some are killed."""
	rng = random.Random(seed)
	daemon = harness.Daemon(fixtures, topic, rulesets=strict, batch_events=50)
	daemon.drain()
	tool = Tool(daemon)
	refused = len(rows(daemon, "reason = 'personal_data'"))
	first = daemon.expected()
	daemon.reconfigure(daemon.calendar, normal)
	running = daemon.start()
	producing = harness.Producing(topic, events.stream(seed=seed + 1, complaints=60, others=30), seconds=3)
	replaying = []
	for number in range(6):
		replaying.append(subprocess.Popen(tool.command("replay", "--reason", "personal_data"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8", env=daemon.environment()))
		time.sleep(rng.uniform(0, 0.4))
		if number % 2 == 0:
			replaying[-1].kill()
	for process in replaying:
		complaint = process.communicate()[1]
		check(f"a replay ends ({process.returncode})", process.returncode in (0, 1, -9), complaint)
	producing.finish()
	harness.wait_until("the end of the topic", daemon.is_drained)
	tool.run("replay")
	check("the daemon goes on", running.poll() is None, daemon.log_tail())
	daemon.stop(running)
	second = daemon.expected()
	done = {row[:3] for row in first["reject"].rows}
	merged = after_replay(first["reject"], second["reject"])
	second["reject"] = merged._replace(rows=merged.rows + [row for row in second["reject"].rows if row[:3] not in done])
	daemon.compare_quickly(second, f"{refused} replayed beside a daemon and other replays")


def main():
	seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(10 ** 6)
	print(f"test_rejects.py {seed} repeats these moments")
	fixtures = harness.Fixtures()
	topic = harness.Topic(fixtures, partitions=2)
	full = events.units()
	normal = [json.loads(harness.RULESET.read_text(encoding="utf-8"))]
	hostile = {"specversion": "1.0", "id": "x", "source": "/contoh", "type": "id.go.opd.complaint.rated.v1", "time": "2024-03-25T08:15:00+07:00", "data": {"complaint_id": "c", "rating": 9, HOSTILE: CANARY}}
	bad = [events.Sent(record.key, record.value, record.headers, None) for record in list(events.bad_records(5))[::7] if len(record.value) < 100000]
	named = [events.Sent(b"k", json.dumps({"specversion": "1.0", "id": f"n{n}", "source": "/contoh", "type": "id.go.opd.complaint.received.v1", "time": "2024-03-25T08:15:00+07:00",
		"data": {**({KEY: {"phone": n}} if n == 0 else {}), "complaint_id": f"named-{n}", "unit": events.unit_code(2 + n % 4), "class": "complaint", "channel": "web", "phone": CANARY}}).encode(), [], None) for n in range(20)]
	topic.produce(events.stream(seed=9, complaints=60, others=40) + named + bad + [events.Sent(None, json.dumps(hostile, ensure_ascii=False).encode(), [], None), events.Sent(b"\xff", b"\xff\x00", [("x", b"\xfe")], None)])
	daemon = harness.Daemon(fixtures, topic, units=[row for row in full if not row["unit_code"].startswith("1.07.")])
	daemon.drain()
	records = topic.records()
	tool = Tool(daemon)
	lenient = [dict(ruleset, forbidden_fields=["nothing"]) for ruleset in normal]
	strict = [dict(ruleset, forbidden_fields=ruleset.get("forbidden_fields", []) + ["class", "rating"]) for ruleset in normal]
	test_list(tool)
	test_show(tool, records)
	test_replay(tool, records, lenient, full)
	test_purge(tool)
	test_beside(fixtures, topic, strict, normal, seed)
	finish()


if __name__ == "__main__":
	main()
