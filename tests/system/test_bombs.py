#!/usr/bin/python3
# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Records made to cost more than they weigh: deep, wide, long, many-headed, and small batches that inflate. Each is rejected or counted for the right reason, in time
and memory in proportion to its size, and what comes behind it is counted.

    test_bombs.py          the usual ones
    test_bombs.py --long   and batches of more than a gigabyte, for minutes
"""
import json
import os
import sys
import time

import confluent_kafka

from checks import check, finish
import events
import harness

MEGABYTE = 1000000
VALUE = 1048576
SECONDS = 300
# Of the processor, for a record of a few megabytes at most. A quadratic step takes minutes.
PROCESSOR = 1
# What a daemon takes for these, with room; a fetch that inflates comes on top, once.
MEMORY = 150 * MEGABYTE
RECEIVED = {"unit": events.unit_code(2), "class": "complaint", "channel": "web"}


def sanitized():
	with open(harness.program(), "rb") as file:
		return b"__asan_init" in file.read()


def event(name, identity, text=None, /, **data):
	"""An event's JSON; `text` stands behind its data fields."""
	head = json.dumps({"specversion": "1.0", "id": identity, "source": "/contoh", "type": f"id.go.opd.{name}.v1", "time": "2024-03-25T08:15:00+07:00", "data": data})
	return head.encode() if text is None else head[:-2].encode() + (b", " if data else b"") + (text if isinstance(text, bytes) else text.encode()) + b"}}"


def case(text):
	return event("complaint.verified", "x", text, complaint_id="x")


def fill(piece, size=VALUE - 1000):
	return piece * (size // len(piece))


def record(value, key=b"k", headers=()):
	return events.Sent(key, value, list(headers), 0)


def bombs():
	"""Yields (what, record)."""
	for depth in (33, 1000, 100000, 1000000):
		yield f"{depth} arrays deep", record(b"[" * depth)
		yield f"{depth} objects deep", record((b'{"a":' * depth)[:VALUE])
		yield f"{depth} arrays deep in data, closed", record(case('"x":' + "[" * min(depth, 500000) + "]" * min(depth, 500000)))
	long = "s" * (VALUE - 1000)
	for field in ("x", "complaint_id", "category", long):
		yield f"a megabyte in {field[:20]}", record(event("complaint.received", "x", **RECEIVED, **{"complaint_id": "x", field: "x" if field is long else long}))
	for name in ("id", "type", "source", "time", "datacontenttype"):
		yield f"a megabyte in {name}", record(json.dumps(dict(json.loads(case('"x":1')), **{name: long})).encode())
	keys = ",".join(f'"k{number}":0' for number in range(90000))
	answers = ",".join(f'"a{number}":4' for number in range(90000))
	yield "90 000 keys", record(case(keys))
	yield "90 000 keys and one of them again", record(case(keys + ',"k0":0'))
	yield "90 000 keys deep", record(case(f'"x":[{{"y":{{{keys}}}}}]'))
	yield "90 000 keys in the envelope", record(case('"x":1')[:-1] + b"," + keys.encode() + b"}")
	yield "90 000 answers", record(event("survey.answered", "x", f'"answers":{{{answers}}}', response_id="x", unit=events.unit_code(2), instrument="spak"))
	yield "escaped keys", record(case(",".join(f'"\\u006b\\u006b{number}":0' for number in range(45000))))
	yield "equal hashes of length and ends", record(case(",".join(f'"k{number:08}k":0' for number in range(60000))))
	yield "many small objects", record(case('"x":[' + ",".join(['{"a":{}}'] * 110000) + "]"))
	performance = {name: value for name, value in events.EXAMPLES["performance.reported"].items() if name != "target"}
	for number in ("1e400", "-1e-400", "1e99999999999999999999", "9" * 10000, "0." + "9" * 1000000, "9" * 1000000, "1e" + "9" * 1000000, "0" + "." + "0" * 1000000 + "1", "1" + "0" * 1000000 + "e-1000000"):
		yield f"the number {number[:12]}… of {len(number)} digits", record(event("performance.reported", "x", f'"target":{number}', **performance))
		yield f"the integer {number[:12]}… of {len(number)} digits", record(event("complaint.rated", "x", f'"rating":{number}', complaint_id="x"))
		yield f"the unknown {number[:12]}… of {len(number)} digits", record(case(f'"x":{number}'))
	for what, value in (("NUL", b"\0"), ("bytes that are no UTF-8", b"\xff"), ("blanks", b" "), ("quotes", b'"'), ("backslashes", b"\\"), ("commas", b"[,")):
		yield f"a megabyte of {what}", record(fill(value))
	for what, value in (("escapes", "\\u0041"), ("surrogate pairs", "\\ud83d\\ude00"), ("emoji", "\U0001F600"), ("NUL", "\0"), ("control characters", "\x1b")):
		yield f"a megabyte of {what} in a string", record(case(('"x":"' + fill(value, 900000 // len(value.encode()) * len(value)) + '"').encode()))
	yield "a lone surrogate behind a megabyte", record(case('"x":"' + fill("\\u0041", 900000) + '\\ud800"'))
	yield "a value of 2 MB", record(fill(b"x", 2 * MEGABYTE))
	yield "a key of 1 MB", record(case('"x":1'), key=fill(b"k"))
	yield "a header of 1 MB", record(case('"x":1'), headers=[("x", fill(b"v"))])
	yield "a ce_ header of 1 MB", record(b"{}", headers=[("ce_specversion", b"1.0"), ("ce_id", fill(b"v"))])
	yield "the name of a header of 1 MB", record(case('"x":1'), headers=[("n" * VALUE, b"")])
	many = [(f"h{number}", b"") for number in range(100000)]
	yield "100 000 headers", record(case('"x":1'), headers=many)
	yield "100 000 headers, rejected", record(b"", headers=many)
	binary = [("ce_specversion", b"1.0"), ("ce_id", b"x"), ("ce_source", b"x"), ("ce_type", b"id.go.opd.complaint.verified.v1"), ("ce_time", b"2024-03-25T08:15:00+07:00")]
	yield "100 000 ce_ headers", record(b'{"complaint_id":"x"}', headers=binary + [("ce_" + name, value) for name, value in many])
	yield "100 000 times the same ce_ header", record(b'{"complaint_id":"x"}', headers=binary + [("ce_x", b"")] * 100000)
	yield "100 000 content types", record(case('"x":1'), headers=[("Content-Type", b"text/plain")] * 100000)


def inflating(long):
	"""Yields (codec, records of one batch)."""
	bomb = lambda size: record(b"\0" * size)
	yield "zstd", [bomb(12 * MEGABYTE // 10)] * 46  # more than the client library unpacks of zstd by default
	for codec in ("gzip", "lz4", "snappy", "zstd"):
		yield codec, [bomb(70 * MEGABYTE)]
	yield "gzip", [record(b"", headers=[("x", b"\0" * 70 * MEGABYTE)])]
	yield "gzip", [record(b"", key=b"\0" * 70 * MEGABYTE)]
	if long:
		yield "gzip", [bomb(12 * MEGABYTE // 10)] * 1000
		yield "gzip", [bomb(400 * MEGABYTE)]
		yield "zstd", [bomb(300 * MEGABYTE)]
		yield "gzip", [record(b"", headers=[("x", b"\0" * 300 * MEGABYTE)])]


# --- running -------------------------------------------------------------------------------------------------------------------


class Watched:
	"""A running daemon, and what it took so far."""

	def __init__(self, daemon):
		self.daemon, self.process = daemon, daemon.start()
		self.ticks, self.connection = os.sysconf("SC_CLK_TCK"), daemon.fixtures.connect(daemon.name)

	def processor(self):
		with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
			fields = file.read().rpartition(")")[2].split()
		return (int(fields[11]) + int(fields[12])) / self.ticks

	def peak(self):
		with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
			return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))

	def offset(self, partition):
		if self.process.poll() is not None:
			raise RuntimeError(f"the daemon ended: {self.daemon.log_tail()}")
		found = self.connection.execute("SELECT next_offset FROM rekap.ingest_offset WHERE topic = %s AND partition = %s", (self.daemon.topic.name, partition)).fetchone()
		return found[0] if found else 0

	def take(self, what, offset):
		"""Waits until the records are stored; (seconds of its processor, peak of its memory)."""
		before = self.processor()
		harness.wait_until(what, lambda: self.offset(0) >= offset, SECONDS, pause=0.01)
		return self.processor() - before, self.peak()


def squeezed(topic, codec):
	"""Produces what follows as one batch, compressed."""
	topic.producer = confluent_kafka.Producer({"bootstrap.servers": topic.fixtures.bootstrap, "compression.type": codec, "message.max.bytes": 1000 * MEGABYTE, "batch.size": 2147483647, "linger.ms": 1000, "log_level": 0,
		"queue.buffering.max.kbytes": 2097151})


def good(number, partition=0):
	return record(event("complaint.received", f"good-{number}", complaint_id=f"good-{number}", **RECEIVED))._replace(partition=partition)


def test_bombs(fixtures, long):
	topic = harness.Topic(fixtures, partitions=1)
	daemon = harness.Daemon(fixtures, topic)
	watched = Watched(daemon)
	slow, offset, factor, worst = [], 0, 5 if sanitized() else 1, (0, "")
	for what, bomb in bombs():
		topic.produce([bomb])
		offset += 1
		took, peak = watched.take(what, offset)
		worst = max(worst, (took, what))
		if took > PROCESSOR * factor or peak > MEMORY * factor:
			slow.append((what, took, peak))
	check(f"{offset} bombs: the costliest, {worst[1]}, takes {worst[0]:.2f} s; {watched.peak() // MEGABYTE} MB", not slow, slow[:5])
	for codec, batch in inflating(long):
		squeezed(topic, codec)
		topic.produce(batch)
		offset += len(batch)
		size = sum(len(one.value) + len(one.key) + sum(len(value) for _, value in one.headers) for one in batch)
		begun = time.monotonic()
		took, peak = watched.take(codec, offset)
		check(f"{codec}: {len(batch)} records that inflate to {size // MEGABYTE} MB: {time.monotonic() - begun:.1f} s, {took:.1f} of them its own; at most {peak // MEGABYTE} MB", peak < (MEMORY + 1.2 * size) * factor and took < PROCESSOR * factor + size / MEGABYTE / 10)
	topic.produce([good(1)])
	watched.take("the last record", offset + 1)
	daemon.stop(watched.process)
	if not long:
		daemon.compare(tables={"reject", "complaint", "survey_response", "performance_report"})
	with fixtures.connect(daemon.name) as connection:
		kept, left_out = connection.execute("SELECT count(*) FILTER (WHERE value IS NOT NULL), count(*) FILTER (WHERE value IS NULL AND key IS NULL AND headers IS NULL) FROM rekap.reject_body").fetchone()
		check("bodies of more than 64 MB are left out", left_out == sum(1 for _, batch in inflating(long) if len(batch) == 1) and kept > 46, (kept, left_out))


def test_unreadable(fixtures):
	"""A batch that inflates beyond what may be received stops its partition, loudly, and no other; once it may be, all is counted."""
	topic = harness.Topic(fixtures, partitions=2)
	daemon = harness.Daemon(fixtures, topic, kafka={"receive.message.max.bytes": 60 * MEGABYTE})
	topic.produce([good(1)])
	squeezed(topic, "zstd")
	topic.produce([record(b"\0" * 70 * MEGABYTE)])
	watched = Watched(daemon)
	harness.wait_until("the unreadable batch", lambda: "records unreadable" in daemon.log.read_text(), SECONDS)
	topic.produce([good(2, partition=1), good(3, partition=0)])
	harness.wait_until("the other partition", lambda: watched.offset(1) == 1, SECONDS)
	log = daemon.log.read_text()
	check("the log names the place and the remedy", f"topic={topic.name} partition=0 offset=1 " in log and "receive.message.max.bytes" in log, daemon.log_tail())
	check("nothing is skipped", watched.offset(0) == 1)
	daemon.stop(watched.process)
	daemon.configure((), {})
	daemon.drain()
	daemon.compare(tables={"reject", "complaint"}, what="once it may be read")


def main():
	fixtures = harness.Fixtures()
	test_bombs(fixtures, "--long" in sys.argv[1:])
	test_unreadable(fixtures)
	finish()


if __name__ == "__main__":
	main()
