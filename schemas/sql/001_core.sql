-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- The house of every kind: roles, unit register, rules, roll-up, rejects, offsets. Entity kinds add a migration each.
-- rekap is what people query; rekap_store is how it is kept, and may change with any migration.
--
-- This file runs as the login that migrates (a superuser, or one with CREATEROLE that may create schemas in the database) until the roles are there; from then on,
-- and in every later migration, as rekap_owner, who so owns all objects. Grants are in rekap_store.finish_migration(), which runs after the last migration:
-- migrations need none of their own.

-- Roles belong to the cluster: another database of it may have made them already, or be making them right now.
DO $$
DECLARE
	role record;
BEGIN
	FOR role IN
		SELECT * FROM (VALUES
			('rekap_owner', 'Owns the schemas rekap and rekap_store; runs migrations'),
			('rekap_writer', 'The daemon: writes entities, roll-ups, rejects and offsets; no DDL, no DELETE'),
			('rekap_reader', 'Analysts: reads the views of schema rekap, no bodies of rejected records'),
			('rekap_auditor', 'rekap_reader plus bodies of rejected records, batches and restatements')) AS v (name, comment)
	LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role.name) THEN
			BEGIN
				EXECUTE format('CREATE ROLE %I NOLOGIN', role.name);
				EXECUTE format('COMMENT ON ROLE %I IS %L', role.name, role.comment);
				IF role.name = 'rekap_auditor' THEN
					GRANT rekap_reader TO rekap_auditor;
				END IF;
			EXCEPTION WHEN duplicate_object OR unique_violation THEN
				NULL;
			END;
		END IF;
	END LOOP;
	-- From PostgreSQL 16 on, who makes a role is a member that may pass it on but not act as it.
	IF NOT pg_has_role(current_user, 'rekap_owner', CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END) THEN
		EXECUTE format('GRANT rekap_owner TO %I', current_user);
	END IF;
END $$;

-- rekap_store and its table of migrations were made by the program, before there was a role to own them.
ALTER SCHEMA rekap_store OWNER TO rekap_owner;
ALTER TABLE rekap_store.migration OWNER TO rekap_owner;
CREATE SCHEMA rekap AUTHORIZATION rekap_owner;
SET LOCAL ROLE rekap_owner;

COMMENT ON SCHEMA rekap IS 'Accountability figures per unit: what analysts query';
COMMENT ON SCHEMA rekap_store IS 'How rekapd keeps what schema rekap shows; may change with any migration';
COMMENT ON TABLE rekap_store.migration IS 'The migrations that were applied to this database';
COMMENT ON COLUMN rekap_store.migration.number IS 'Their order; without gaps between those of one program';
COMMENT ON COLUMN rekap_store.migration.name IS 'What the migration is about';
COMMENT ON COLUMN rekap_store.migration.checksum IS 'SHA-256 of its text, in hexadecimal: an applied migration never changes';
COMMENT ON COLUMN rekap_store.migration.applied_at IS 'When it was applied';

CREATE TABLE rekap_store.basis (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	version bigint NOT NULL DEFAULT 0,
	digest text,
	zone text NOT NULL DEFAULT 'Asia/Jakarta',
	as_of date,
	suppression_threshold integer NOT NULL DEFAULT 5
);
INSERT INTO rekap_store.basis DEFAULT VALUES;
COMMENT ON TABLE rekap_store.basis IS 'One row: what all figures were computed with, and the settings that views need';
COMMENT ON COLUMN rekap_store.basis.only_row IS 'Always true: keeps the table at one row';
COMMENT ON COLUMN rekap_store.basis.version IS 'Counts the changes of the unit register and of the digest; writers that loaded another version load anew';
COMMENT ON COLUMN rekap_store.basis.digest IS 'Of zone, calendar and rulesets; null: no daemon has been here yet. Writers with another digest must not write';
COMMENT ON COLUMN rekap_store.basis.zone IS 'The time zone in which an instant falls on a day';
COMMENT ON COLUMN rekap_store.basis.as_of IS 'The as-of day; null: today in the zone';
COMMENT ON COLUMN rekap_store.basis.suppression_threshold IS 'Published figures on fewer cases than this are suppressed; 0: none';

CREATE TABLE rekap_store.unit (
	unit_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	unit_code text COLLATE "C" NOT NULL UNIQUE,
	name text NOT NULL,
	kind text,
	parent_code text COLLATE "C" REFERENCES rekap_store.unit (unit_code) DEFERRABLE INITIALLY DEFERRED,
	valid_from date,
	valid_to date,
	successor_code text COLLATE "C" REFERENCES rekap_store.unit (unit_code) DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON TABLE rekap_store.unit IS 'The unit register, as loaded by rekapd units';
COMMENT ON COLUMN rekap_store.unit.unit_id IS 'Stands for the code in all other tables';
COMMENT ON COLUMN rekap_store.unit.unit_code IS 'The code that events name';
COMMENT ON COLUMN rekap_store.unit.name IS 'Name of the unit';
COMMENT ON COLUMN rekap_store.unit.kind IS 'Kind of unit, as the register says';
COMMENT ON COLUMN rekap_store.unit.parent_code IS 'The unit above; null: directly below the region';
COMMENT ON COLUMN rekap_store.unit.valid_from IS 'First day of the unit; null: always was';
COMMENT ON COLUMN rekap_store.unit.valid_to IS 'Last day of the unit; null: still is';
COMMENT ON COLUMN rekap_store.unit.successor_code IS 'The unit to which its figures go after its last day';

CREATE TABLE rekap_store.ruleset (
	ruleset text PRIMARY KEY,
	valid_from date NOT NULL,
	valid_to date,
	body jsonb NOT NULL
);
COMMENT ON TABLE rekap_store.ruleset IS 'The rulesets figures are computed with, one row a file; one that is no longer used has valid_to before valid_from and an empty body';
COMMENT ON COLUMN rekap_store.ruleset.ruleset IS 'Its id';
COMMENT ON COLUMN rekap_store.ruleset.valid_from IS 'First day it holds';
COMMENT ON COLUMN rekap_store.ruleset.valid_to IS 'Last day it holds; null: until further notice';
COMMENT ON COLUMN rekap_store.ruleset.body IS 'The whole file';

CREATE TABLE rekap_store.series (
	series_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	measure text COLLATE "C" NOT NULL,
	dimension text COLLATE "C" NOT NULL,
	UNIQUE (measure, dimension)
);
COMMENT ON TABLE rekap_store.series IS 'Measures and their dimensions';
COMMENT ON COLUMN rekap_store.series.series_id IS 'Stands for both in the roll-up';
COMMENT ON COLUMN rekap_store.series.measure IS 'The measure, e.g. complaint.received';
COMMENT ON COLUMN rekap_store.series.dimension IS 'Empty, or key=value';

-- 31 days fit one row, so that a batch touches few rows; the free space in each page lets updates stay in it (HOT). The total is added to like the days: a generated
-- column would add up 31 of them at each update. No foreign keys: the writer takes both numbers from the tables in the same transaction, and looking them up again
-- would cost more than the row.
CREATE TABLE rekap_store.measure_month (
	series_id integer NOT NULL,
	unit_id integer NOT NULL,
	month date NOT NULL CHECK (extract(day FROM month) = 1),
	total numeric NOT NULL,
	d1 numeric, d2 numeric, d3 numeric, d4 numeric, d5 numeric, d6 numeric, d7 numeric, d8 numeric, d9 numeric, d10 numeric,
	d11 numeric, d12 numeric, d13 numeric, d14 numeric, d15 numeric, d16 numeric, d17 numeric, d18 numeric, d19 numeric, d20 numeric,
	d21 numeric, d22 numeric, d23 numeric, d24 numeric, d25 numeric, d26 numeric, d27 numeric, d28 numeric, d29 numeric, d30 numeric, d31 numeric,
	PRIMARY KEY (series_id, unit_id, month)
) WITH (fillfactor = 60);
COMMENT ON TABLE rekap_store.measure_month IS 'The roll-up: a row for each series, unit and month, a column for each day; null is 0';
COMMENT ON COLUMN rekap_store.measure_month.series_id IS 'Measure and dimension';
COMMENT ON COLUMN rekap_store.measure_month.unit_id IS 'The unit itself, without those below';
COMMENT ON COLUMN rekap_store.measure_month.month IS 'First day of the month';
COMMENT ON COLUMN rekap_store.measure_month.total IS 'Sum of all days of the month';
DO $$
BEGIN
	FOR n IN 1..31 LOOP
		EXECUTE format('COMMENT ON COLUMN rekap_store.measure_month.%I IS %L', 'd' || n, format('Value of day %s of the month; null: 0', n));
	END LOOP;
END $$;

CREATE TABLE rekap_store.topic (
	topic_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	topic text COLLATE "C" NOT NULL UNIQUE
);
COMMENT ON TABLE rekap_store.topic IS 'Kafka topics that were read';
COMMENT ON COLUMN rekap_store.topic.topic_id IS 'Stands for the topic in entity tables';
COMMENT ON COLUMN rekap_store.topic.topic IS 'Its name';

CREATE TABLE rekap_store.entity (
	entity_key text COLLATE "C" NOT NULL,
	unit_id integer,
	state bytea NOT NULL,
	version bigint NOT NULL,
	flags text[],
	topic_id integer,
	partition integer,
	"offset" bigint
);
COMMENT ON TABLE rekap_store.entity IS 'What every entity kind has: the table of each kind inherits it and adds its columns, PRIMARY KEY (entity_key), and an index of flagged rows. Has no rows itself';
COMMENT ON COLUMN rekap_store.entity.entity_key IS 'Key fields of the entity; several are joined by U+001F (within a part, U+001E stands before U+001E and U+001F)';
COMMENT ON COLUMN rekap_store.entity.unit_id IS 'The unit that the events name; null: not known yet';
COMMENT ON COLUMN rekap_store.entity.state IS 'What the fold keeps of the events, in the daemon''s own form';
COMMENT ON COLUMN rekap_store.entity.version IS 'The batch that wrote the row last; writers compare it before they write';
COMMENT ON COLUMN rekap_store.entity.flags IS 'Findings of data quality: flag, or flag:detail; null: none';
COMMENT ON COLUMN rekap_store.entity.topic_id IS 'Topic of the last event folded';
COMMENT ON COLUMN rekap_store.entity.partition IS 'Partition of the last event folded';
COMMENT ON COLUMN rekap_store.entity."offset" IS 'Offset of the last event folded';

CREATE TABLE rekap_store.kind (
	kind text COLLATE "C" PRIMARY KEY,
	key_fields integer NOT NULL
);
COMMENT ON TABLE rekap_store.kind IS 'The entity kinds; each kind''s migration adds its row';
COMMENT ON COLUMN rekap_store.kind.kind IS 'Name of its table in this schema';
COMMENT ON COLUMN rekap_store.kind.key_fields IS 'Of how many fields its entity_key is made; a single one stands in it as it is';

CREATE TABLE rekap.ingest_offset (
	topic text COLLATE "C" NOT NULL,
	partition integer NOT NULL,
	next_offset bigint NOT NULL,
	epoch bigint NOT NULL,
	owner text NOT NULL,
	updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE rekap.ingest_offset IS 'How far each partition has been read: written in the transaction that writes the figures';
COMMENT ON COLUMN rekap.ingest_offset.topic IS 'Kafka topic';
COMMENT ON COLUMN rekap.ingest_offset.partition IS 'Partition of the topic';
COMMENT ON COLUMN rekap.ingest_offset.next_offset IS 'The first offset that has not been counted yet';
COMMENT ON COLUMN rekap.ingest_offset.epoch IS 'Counts the takeovers; whoever holds an older epoch can no longer commit';
COMMENT ON COLUMN rekap.ingest_offset.owner IS 'The process that took the partition over last';
COMMENT ON COLUMN rekap.ingest_offset.updated_at IS 'When it was taken over or committed last';

CREATE TABLE rekap.batch (
	batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	owner text NOT NULL,
	partitions jsonb NOT NULL,
	events bigint NOT NULL,
	rejected bigint NOT NULL
);
COMMENT ON TABLE rekap.batch IS 'The transactions of the daemon';
COMMENT ON COLUMN rekap.batch.batch_id IS 'In order of their beginning; numbers may be missing';
COMMENT ON COLUMN rekap.batch.committed_at IS 'When it was about to commit';
COMMENT ON COLUMN rekap.batch.owner IS 'The process that committed it';
COMMENT ON COLUMN rekap.batch.partitions IS 'Array of {topic, partition, first, last}: the offsets it counted; empty for a replay of rejects';
COMMENT ON COLUMN rekap.batch.events IS 'Events that were accepted, duplicates included';
COMMENT ON COLUMN rekap.batch.rejected IS 'Records that were rejected';

CREATE TABLE rekap.reject (
	reject_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	topic text COLLATE "C" NOT NULL,
	partition integer NOT NULL,
	"offset" bigint NOT NULL,
	received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	reason text NOT NULL,
	detail text,
	event_type text,
	event_id text,
	status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replayed', 'purged')),
	UNIQUE (topic, partition, "offset")
);
CREATE INDEX reject_waiting ON rekap.reject (reject_id) WHERE reason = 'unknown_unit' AND status = 'open';
COMMENT ON TABLE rekap.reject IS 'Records that were not counted, and why; never their content';
COMMENT ON COLUMN rekap.reject.reject_id IS 'Number of the reject';
COMMENT ON COLUMN rekap.reject.topic IS 'Kafka topic of the record';
COMMENT ON COLUMN rekap.reject.partition IS 'Partition of the record';
COMMENT ON COLUMN rekap.reject."offset" IS 'Offset of the record';
COMMENT ON COLUMN rekap.reject.received_at IS 'When the daemon rejected it';
COMMENT ON COLUMN rekap.reject.reason IS 'The rule that it broke';
COMMENT ON COLUMN rekap.reject.detail IS 'Path of the field and the rule; never another value from the payload';
COMMENT ON COLUMN rekap.reject.event_type IS 'The event''s type, if it was readable';
COMMENT ON COLUMN rekap.reject.event_id IS 'The event''s id, if it was readable';
COMMENT ON COLUMN rekap.reject.status IS 'open; replayed: counted since; purged: the body was removed';

CREATE TABLE rekap.reject_body (
	reject_id bigint PRIMARY KEY REFERENCES rekap.reject,
	key bytea,
	value bytea,
	headers jsonb
);
COMMENT ON TABLE rekap.reject_body IS 'The rejected records themselves; may hold personal data, for auditors only';
COMMENT ON COLUMN rekap.reject_body.reject_id IS 'The reject';
COMMENT ON COLUMN rekap.reject_body.key IS 'The record''s key; null: none';
COMMENT ON COLUMN rekap.reject_body.value IS 'The record''s value';
COMMENT ON COLUMN rekap.reject_body.headers IS 'Array of {name, value in base64 or null}; name_base64 where a name is not text';

CREATE VIEW rekap.unit AS
SELECT unit_code, name, kind, parent_code, valid_from, valid_to, successor_code FROM rekap_store.unit
UNION ALL
SELECT 'region', 'Seluruh kabupaten', 'region', NULL, NULL, NULL, NULL;
COMMENT ON VIEW rekap.unit IS 'The unit register, and the pseudo-unit region, which stands for all units together';
COMMENT ON COLUMN rekap.unit.unit_code IS 'The code that events name; region: the total';
COMMENT ON COLUMN rekap.unit.name IS 'Name of the unit';
COMMENT ON COLUMN rekap.unit.kind IS 'Kind of unit, as the register says';
COMMENT ON COLUMN rekap.unit.parent_code IS 'The unit above; null: directly below the region';
COMMENT ON COLUMN rekap.unit.valid_from IS 'First day of the unit; null: always was';
COMMENT ON COLUMN rekap.unit.valid_to IS 'Last day of the unit; null: still is';
COMMENT ON COLUMN rekap.unit.successor_code IS 'The unit to which its figures go after its last day';

CREATE VIEW rekap.measure_day AS
SELECT u.unit_code, m.month + d.n AS day, s.measure, s.dimension, trim_scale(d.value) AS value
FROM rekap_store.measure_month m
JOIN rekap_store.series s USING (series_id)
JOIN rekap_store.unit u USING (unit_id)
CROSS JOIN LATERAL (VALUES
	(0, m.d1), (1, m.d2), (2, m.d3), (3, m.d4), (4, m.d5), (5, m.d6), (6, m.d7), (7, m.d8), (8, m.d9), (9, m.d10),
	(10, m.d11), (11, m.d12), (12, m.d13), (13, m.d14), (14, m.d15), (15, m.d16), (16, m.d17), (17, m.d18), (18, m.d19), (19, m.d20),
	(20, m.d21), (21, m.d22), (22, m.d23), (23, m.d24), (24, m.d25), (25, m.d26), (26, m.d27), (27, m.d28), (28, m.d29), (29, m.d30), (30, m.d31)
) AS d (n, value)
WHERE d.value <> 0;
COMMENT ON VIEW rekap.measure_day IS 'The additive roll-up all figures derive from: each unit''s own counts per day';
COMMENT ON COLUMN rekap.measure_day.unit_code IS 'The unit itself, without those below; never region';
COMMENT ON COLUMN rekap.measure_day.day IS 'Day of the fact, of the due date, or of the change of a stock';
COMMENT ON COLUMN rekap.measure_day.measure IS 'What is counted, e.g. complaint.received';
COMMENT ON COLUMN rekap.measure_day.dimension IS 'Empty: all; key=value: the part with that value';
COMMENT ON COLUMN rekap.measure_day.value IS 'Exact; a day without a row is 0';

-- The key as people read it: parts joined by |. What the key escapes with U+001E is first set aside as U+001E a and b, which no key can hold.
CREATE FUNCTION rekap_store.key_text(entity_key text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(replace(replace(replace(replace(entity_key, E'\x1e\x1e', E'\x1ea'), E'\x1e\x1f', E'\x1eb'), E'\x1f', '|'), E'\x1eb', E'\x1f'), E'\x1ea', E'\x1e');
COMMENT ON FUNCTION rekap_store.key_text(text) IS 'An entity_key of several fields, joined by | and without escapes';

CREATE VIEW rekap.data_quality AS
SELECT k.kind AS entity_kind, CASE WHEN k.key_fields > 1 THEN rekap_store.key_text(e.entity_key) ELSE e.entity_key END AS entity_id, u.unit_code,
	split_part(f.flag, ':', 1) AS flag, nullif(substr(f.flag, length(split_part(f.flag, ':', 1)) + 2), '') AS detail
FROM rekap_store.entity e
JOIN pg_catalog.pg_class c ON c.oid = e.tableoid
JOIN rekap_store.kind k ON k.kind = c.relname
LEFT JOIN rekap_store.unit u ON u.unit_id = e.unit_id
CROSS JOIN LATERAL unnest(e.flags) AS f (flag)
WHERE e.flags IS NOT NULL;
COMMENT ON VIEW rekap.data_quality IS 'What is odd about single entities: missing founding events, contradictions, missing rules';
COMMENT ON COLUMN rekap.data_quality.entity_kind IS 'Kind of the entity: the name of its table in schema rekap';
COMMENT ON COLUMN rekap.data_quality.entity_id IS 'Its key; several parts joined by |';
COMMENT ON COLUMN rekap.data_quality.unit_code IS 'The unit that its events name; null: not known yet';
COMMENT ON COLUMN rekap.data_quality.flag IS 'What is odd';
COMMENT ON COLUMN rekap.data_quality.detail IS 'More about it, e.g. the year a calendar is missing for; null: none';

-- Runs after the last migration, each time, as rekap_owner: grants by rule instead of by object. Readers reach rekap_store only through views, which run with
-- their owner's rights; but functions in views run with the reader's.
CREATE PROCEDURE rekap_store.finish_migration() LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r record;
BEGIN
	GRANT USAGE ON SCHEMA rekap, rekap_store TO rekap_writer, rekap_reader;
	FOR r IN
		SELECT n.nspname || '.' || quote_ident(c.relname) AS name, c.relkind IN ('r', 'p') AND c.relname <> 'migration' AS written,
			c.relname IN ('reject_body', 'batch', 'restatement') AS audited, n.nspname = 'rekap' AS shown
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname IN ('rekap', 'rekap_store') AND c.relkind IN ('r', 'p', 'v', 'm')
	LOOP
		EXECUTE format('GRANT SELECT%s ON %s TO rekap_writer', CASE WHEN r.written THEN ', INSERT, UPDATE' END, r.name);
		IF r.shown THEN
			EXECUTE format('GRANT SELECT ON %s TO %I', r.name, CASE WHEN r.audited THEN 'rekap_auditor' ELSE 'rekap_reader' END);
		END IF;
	END LOOP;
	GRANT USAGE ON ALL SEQUENCES IN SCHEMA rekap, rekap_store TO rekap_writer;
	REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA rekap, rekap_store FROM PUBLIC;
	FOR r IN
		SELECT p.oid::regprocedure AS name, p.prosecdef
		FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE n.nspname IN ('rekap', 'rekap_store') AND p.prokind = 'f'
	LOOP
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO rekap_writer%s', r.name, CASE WHEN NOT r.prosecdef THEN ', rekap_reader' END);
	END LOOP;
	-- A kind's table has its common columns, and so their comments, from rekap_store.entity.
	FOR r IN
		SELECT i.inhrelid::regclass AS name, a.attname, d.description
		FROM pg_inherits i
		JOIN pg_description d ON d.objoid = i.inhparent AND d.classoid = 'pg_class'::regclass AND d.objsubid > 0
		JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attnum = d.objsubid
		JOIN pg_attribute a ON a.attrelid = i.inhrelid AND a.attname = p.attname
		WHERE i.inhparent = 'rekap_store.entity'::regclass AND col_description(i.inhrelid, a.attnum) IS NULL
	LOOP
		EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', r.name, r.attname, r.description);
	END LOOP;
END $$;
COMMENT ON PROCEDURE rekap_store.finish_migration() IS 'Grants each role what it needs on every object, and hands comments of common columns down; runs after the last migration';
