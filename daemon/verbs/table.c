// SPDX-FileCopyrightText: The rekapd authors
// SPDX-License-Identifier: MIT

#include <stdint.h>
#include <string.h>

#include "daemon/verbs/verbs.h"

const struct verb verbs[] = {
	{"run", "[--until-drained]", "folds events until it is told to end",
	 "Consumes the topics, folds every event and commits figures and offsets to PostgreSQL in one\n"
	 "transaction. Waits for PostgreSQL and Kafka where they are not up yet. A refusal by\n"
	 "PostgreSQL (password, certificate, rights) ends it at its start; later it is an outage, and so is one\n"
	 "by Kafka at any time: the log names cause and remedy. Where Kafka no longer has what comes next, it\n"
	 "exits 1 and names what is missing and how to go on. SIGTERM and SIGINT commit what is at hand and end; a\n"
	 "second one ends at once (nothing is lost: it is read again). SIGHUP reloads log_level.\n\n"
	 "      --until-drained   exits 0 once every assigned partition has reached the end it had at start",
	 verb_run},
	{"check", "[--offline]", "checks configuration, rulesets, calendar, PostgreSQL and Kafka",
	 "Prints a line for each thing that was checked, with the remedy where it fails, and the delivery\n"
	 "guarantee that follows from the settings; also whether secrets lie open, and who could read what goes\n"
	 "over the wire. Exits 1 for a fault in settings or rules, 69 if a service is away, 78 if one refuses\n"
	 "the login or its certificate is not trusted.\n\n"
	 "      --offline         connects to nothing",
	 verb_check},
	{"migrate", "[--status]", "brings the database to this program's schema",
	 "Applies the numbered migrations that the database lacks, each in a transaction. Needs a login that\n"
	 "may create schemas and roles.\n\n"
	 "      --status          only tells what is applied; exits 1 if any is missing",
	 verb_migrate},
	{"units", "FILE.csv", "loads the unit register, then replays rejects that waited for a unit",
	 "The file's columns: unit_code,name,kind,parent_code,valid_from,valid_to,successor_code. Rows are\n"
	 "inserted or replace those of the same code; others stay. A file with a mistake changes nothing.",
	 verb_units},
	{"status", "[--json]", "lag, last commit, rejects by reason, versions",
	 "Lag is what the broker has beyond the offsets stored in PostgreSQL. Exits 69 if either is away and 78\n"
	 "if one refuses us, after printing what is known.\n\n"
	 "      --json            one JSON object:\n"
	 "        postgres, kafka   \"ok\", or why it is away; without postgres, kafka is not asked: null\n"
	 "        partitions        [{topic, partition, next_offset, epoch, owner, updated_at, end_offset, lag, missing}]\n"
	 "        last_commit       {batch_id, committed_at, owner, events, rejected, seconds_ago} or null\n"
	 "        events, rejected  totals of all batches, or null\n"
	 "        rejects           [{reason, status, count}]\n"
	 "        rules             {calendar: {first_year, last_year}, rulesets: [{id, valid_from, valid_to}]} or null\n"
	 "        versions          {rekapd, librdkafka, schema, rulesets, rules_digest}",
	 verb_status},
	{"rejects", "list|show|replay|purge [--help]", "the records that were not counted: lists, shows, replays, purges them",
	 "Each action has options of its own: rekapd rejects ACTION --help.\n\n"
	 "  list      a line for each reject, by reason, topic, partition, type, time, status\n"
	 "  show      rejects with their bodies (rekap_auditor)\n"
	 "  replay    decides open rejects anew, as after a unit, a ruleset or an event type was added\n"
	 "  purge     removes the bodies of old rejects (rekap_auditor)",
	 verb_rejects},
	{"verify", "", "recomputes all figures and tells what differs",
	 "Derives every entity anew and adds all contributions up, in one snapshot of the database, and compares\n"
	 "with what is stored. Blocks nobody; the daemon may be running. Wants the zone, calendar and rulesets\n"
	 "that the daemon has. Prints a line for each difference (TABLE KEY COLUMN: stored X, computed Y) and\n"
	 "how many there are; exits 1 if there is any, 78 if the figures are of other rules. 'rekapd rebuild'\n"
	 "mends either.",
	 verb_verify},
	{"rebuild", "[--from-kafka] [--restart]", "recomputes all figures beside the live ones, swaps them in at once",
	 "Computes figures with this configuration's zone, calendar and rulesets into tables of their own, from\n"
	 "the entities in the database, or from the whole log; daemons keep running. Then makes them the live\n"
	 "ones in one transaction that touches only what differs: readers see the old figures or the new, and\n"
	 "daemons wait that long. Daemons that have other rules than these stop then: restart them with the same\n"
	 "files. If it ends early (also by kill -9) the next one goes on where it was; one runs at a time. How far\n"
	 "it is: a line on a terminal, and the tables rekap_rebuild.progress and rekap_rebuild.ingest_offset.\n\n"
	 "      --from-kafka      from the first record of every partition: also mends entities. Refused where\n"
	 "                        the broker no longer has them all. Reads as the consumer group GROUP-rebuild\n"
	 "      --restart         discards one that is half done",
	 verb_rebuild},
	{"validate", "[--units FILE.csv] FILE...", "checks events against the contract, offline",
	 "Each file holds one event as JSON a line; - is standard input. Prints FILE:LINE: FIELD: WHAT for\n"
	 "each fault; exits 1 if there is any.\n\n"
	 "      --units FILE.csv  also looks up unit codes in this register",
	 verb_validate},
	{"publish", "[--topic NAME] FILE...", "validates events and sends them to their topics",
	 "Each file holds one event as JSON a line. Sends nothing if any event has a fault.\n\n"
	 "      --topic NAME      sends all to this topic",
	 verb_publish},
	{"test", "DIR...", "folds the events of a case and compares with what it expects",
	 "Each folder is a case: events.ndjson, and units.csv, rulesets/, calendar.csv, as_of where it has\n"
	 "them; expect.json names tables and their rows. No broker, no database.",
	 verb_test},
};
const size_t verbs_n = COUNT(verbs);

/* Levenshtein's distance of short names. */
static size_t distance(const char *a, const char *b)
{
	size_t row[32], n = strlen(b);
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (; *a; a++) {
		size_t diagonal = row[0]++;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (*a != b[j - 1]);
			diagonal = row[j];
			best = diagonal + 1 < best ? diagonal + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[n];
}

const struct verb *verb_find(const char *name, const struct verb **ret_nearest)
{
	size_t least = SIZE_MAX;
	for (size_t i = 0; i < verbs_n; i++) {
		size_t d = distance(name, verbs[i].name);
		if (d == 0)
			return &verbs[i];
		if (d < least) {
			least = d;
			*ret_nearest = &verbs[i];
		}
	}
	return NULL;
}
