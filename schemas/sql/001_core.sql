-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- The house of every kind: roles, unit register, rules, roll-up, rejects, offsets. Entity kinds add a migration each.
-- rekap is what people query; rekap_store is how it is kept, and may change with any migration.

DO $$
DECLARE r text;
BEGIN
	FOREACH r IN ARRAY ARRAY['rekap_owner', 'rekap_writer', 'rekap_reader', 'rekap_auditor'] LOOP
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
			EXECUTE format('CREATE ROLE %I NOLOGIN', r);
		END IF;
	END LOOP;
	GRANT rekap_reader TO rekap_auditor;
END $$;
COMMENT ON ROLE rekap_owner IS 'Owns the schemas rekap and rekap_store; runs migrations';
COMMENT ON ROLE rekap_writer IS 'The daemon: writes entities, roll-ups, rejects and offsets; no DDL, no DELETE on history';
COMMENT ON ROLE rekap_reader IS 'Analysts: reads the views of schema rekap, no bodies of rejected records';
COMMENT ON ROLE rekap_auditor IS 'rekap_reader plus bodies of rejected records, batches and restatements';

CREATE SCHEMA rekap;
COMMENT ON SCHEMA rekap IS 'Accountability figures per unit: what analysts query';
-- rekap_store is created by the migration bookkeeping itself.

-- One row: what the figures were computed with, and the settings that views need.
CREATE TABLE rekap_store.basis (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	version bigint NOT NULL DEFAULT 0,
	digest text,
	zone text NOT NULL DEFAULT 'Asia/Jakarta',
	as_of date,
	suppression_threshold integer NOT NULL DEFAULT 5
);
INSERT INTO rekap_store.basis DEFAULT VALUES;

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

-- One row a ruleset file; indicators as rows, for views.
CREATE TABLE rekap_store.ruleset (
	ruleset text PRIMARY KEY,
	valid_from date NOT NULL,
	valid_to date,
	body jsonb NOT NULL
);

CREATE TABLE rekap_store.series (
	series_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	measure text COLLATE "C" NOT NULL,
	dimension text COLLATE "C" NOT NULL,
	UNIQUE (measure, dimension)
);

-- The roll-up: a row a (series, unit, month), a column a day; NULL is 0. 31 days fit one row, so that a batch touches few rows.
CREATE TABLE rekap_store.measure_month (
	series_id integer NOT NULL REFERENCES rekap_store.series,
	unit_id integer NOT NULL REFERENCES rekap_store.unit,
	month date NOT NULL CHECK (extract(day FROM month) = 1),
	d1 numeric, d2 numeric, d3 numeric, d4 numeric, d5 numeric, d6 numeric, d7 numeric, d8 numeric, d9 numeric, d10 numeric, d11 numeric, d12 numeric, d13 numeric, d14 numeric, d15 numeric, d16 numeric, d17 numeric, d18 numeric, d19 numeric, d20 numeric, d21 numeric, d22 numeric, d23 numeric, d24 numeric, d25 numeric, d26 numeric, d27 numeric, d28 numeric, d29 numeric, d30 numeric, d31 numeric,
	PRIMARY KEY (series_id, unit_id, month)
) WITH (fillfactor = 60);

-- What every entity kind has; each kind's table inherits it and adds its columns and PRIMARY KEY (entity_key).
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

CREATE TABLE rekap_store.topic (
	topic_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	topic text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE rekap.ingest_offset (
	topic text COLLATE "C" NOT NULL,
	partition integer NOT NULL,
	next_offset bigint NOT NULL,
	epoch bigint NOT NULL,
	owner text NOT NULL,
	updated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50);

CREATE TABLE rekap.batch (
	batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	committed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	owner text NOT NULL,
	partitions jsonb NOT NULL,
	events bigint NOT NULL,
	rejected bigint NOT NULL
);

CREATE TABLE rekap.reject (
	reject_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	topic text COLLATE "C" NOT NULL,
	partition integer NOT NULL,
	"offset" bigint NOT NULL,
	received_at timestamptz NOT NULL DEFAULT now(),
	reason text NOT NULL,
	detail text,
	event_type text,
	event_id text,
	status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'replayed', 'purged')),
	UNIQUE (topic, partition, "offset")
);
CREATE INDEX reject_waiting ON rekap.reject (detail) WHERE reason = 'unknown_unit' AND status = 'open';

CREATE TABLE rekap.reject_body (
	reject_id bigint PRIMARY KEY REFERENCES rekap.reject,
	key bytea,
	value bytea,
	headers jsonb
);
