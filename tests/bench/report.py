# SPDX-FileCopyrightText: The rekapd authors
# SPDX-License-Identifier: MIT
"""Tables on a terminal; the same figures go into the JSON."""
import statistics


def shown(value):
	if value is None:
		return "-"
	if isinstance(value, float):
		return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
	return f"{value:,}" if isinstance(value, int) else str(value)


def table(title, rows):
	"""Rows are mappings with the same keys; the first column is flush left."""
	print(f"\n{title}")
	if not rows:
		return
	lines = [list(rows[0])] + [[shown(value) for value in row.values()] for row in rows]
	widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
	for line in lines:
		print("  ".join([line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]).rstrip(), flush=True)


def median(values):
	values = [value for value in values if value is not None]
	return statistics.median(values) if values else None


def percentile(values, share):
	"""The smallest value that so large a share of all does not exceed."""
	ordered = sorted(values)
	return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def times_ms(seconds):
	"""p50, p99 and the largest."""
	return {"p50 ms": percentile(seconds, 0.5) * 1e3, "p99 ms": percentile(seconds, 0.99) * 1e3, "max ms": max(seconds) * 1e3}


def cpu_us(results):
	"""Processor time an event of contestant and PostgreSQL: medians."""
	return median([(result.usage.cpu + result.usage.postgres) / result.events * 1e6 for result in results])


def used(results, what):
	return median([getattr(result.usage, what) for result in results])


def summary(name, results, ceilings):
	"""A line for a contestant's results, one a round; ratios of speed are taken within each round."""
	walls = [result.usage.wall for result in results]
	row = {"contestant": name, "wall s": median(walls), "min-max": f"{min(walls):.1f}-{max(walls):.1f}", "events/s": int(results[0].events / median(walls)),
		"1st commit": median([result.first_commit for result in results]),
		"CPU s": used(results, "cpu"), "CPU PG": used(results, "postgres"), "CPU Kafka": used(results, "kafka"), "us/event": cpu_us(results), "RSS MB": int(used(results, "rss_mb"))}
	for letter, others in ceilings.items():
		row[f"x {letter}"] = median([other.usage.wall / wall for other, wall in zip(others, walls)])
	row["result"] = "WRONG" if any(result.faults for result in results) else "right"
	return row
