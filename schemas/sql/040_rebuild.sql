-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Where rekapd rebuild works beside the live tables: schema rekap_rebuild has a table for each that holds figures, of the same name and columns, and functions that empty
-- them and swap them in. The daemon's login deletes nothing there either: rekap_rebuild.clear() does.

RESET ROLE;
CREATE SCHEMA rekap_rebuild AUTHORIZATION rekap_owner;
SET LOCAL ROLE rekap_owner;
COMMENT ON SCHEMA rekap_rebuild IS 'Where rekapd rebuild computes figures anew, beside those of rekap and rekap_store; empty unless one is under way';

CREATE TABLE rekap_rebuild.progress (
	only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
	source text CHECK (source IN ('entities', 'kafka')),
	digest text,
	version bigint,
	entities bigint NOT NULL DEFAULT 0,
	started_at timestamptz
);
INSERT INTO rekap_rebuild.progress DEFAULT VALUES;
COMMENT ON TABLE rekap_rebuild.progress IS 'One row: the rebuild that is under way, or was left half done';
COMMENT ON COLUMN rekap_rebuild.progress.only_row IS 'Always true: keeps the table at one row';
COMMENT ON COLUMN rekap_rebuild.progress.source IS 'What it computes from: entities or kafka; null: there is none';
COMMENT ON COLUMN rekap_rebuild.progress.digest IS 'Of zone, calendar and rulesets that it computes with';
COMMENT ON COLUMN rekap_rebuild.progress.version IS 'rekap_store.basis.version that it computes with; when that moves on, it begins anew';
COMMENT ON COLUMN rekap_rebuild.progress.entities IS 'Entities done so far, of a rebuild from entities';
COMMENT ON COLUMN rekap_rebuild.progress.started_at IS 'When it began';

CREATE VIEW rekap_rebuild.basis AS
SELECT b.version, CASE WHEN p.version = b.version THEN p.digest END AS digest
FROM rekap_store.basis b
CROSS JOIN rekap_rebuild.progress p;
COMMENT ON VIEW rekap_rebuild.basis IS 'What figures here are computed with, as rekap_store.basis tells it of the live ones';
COMMENT ON COLUMN rekap_rebuild.basis.version IS 'That of rekap_store.basis';
COMMENT ON COLUMN rekap_rebuild.basis.digest IS 'Of zone, calendar and rulesets; null: what was computed here is void';

CREATE FUNCTION rekap_rebuild.originals() RETURNS TABLE (original regclass, name name) LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT format('rekap_store.%I', kind)::regclass, kind::name FROM rekap_store.kind
	UNION ALL
	SELECT t, relname FROM unnest('{rekap_store.measure_month, rekap.ingest_offset, rekap.batch, rekap.reject, rekap.reject_body}'::regclass[]) AS t JOIN pg_class c ON c.oid = t
$$;
COMMENT ON FUNCTION rekap_rebuild.originals() IS 'The live tables that have a counterpart here, with its name';

CREATE FUNCTION rekap_rebuild.shape(tab regclass) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
	SELECT string_agg(concat_ws(' ', quote_ident(attname), format_type(atttypid, atttypmod), attnotnull), ', ' ORDER BY attnum)
	FROM pg_attribute
	WHERE attrelid = tab AND attnum > 0 AND NOT attisdropped
$$;
COMMENT ON FUNCTION rekap_rebuild.shape(regclass) IS 'Columns of a table, in order, as text to compare';

CREATE FUNCTION rekap_rebuild.clear() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('rekap_rebuild.%I', o.name), ', ') FROM rekap_rebuild.originals() o);
	UPDATE rekap_rebuild.progress SET source = NULL, digest = NULL, version = NULL, entities = 0, started_at = NULL;
END $$;
COMMENT ON FUNCTION rekap_rebuild.clear() IS 'Discards what was computed here';

-- Runs after the last migration, each time, as rekap_owner: makes what a new kind or column lacks here.
CREATE PROCEDURE rekap_rebuild.finish_migration() LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	o record;
	renewed boolean := false;
BEGIN
	FOR o IN SELECT * FROM rekap_rebuild.originals() LOOP
		CONTINUE WHEN rekap_rebuild.shape(o.original) = rekap_rebuild.shape(to_regclass(format('rekap_rebuild.%I', o.name)));
		EXECUTE format('DROP TABLE IF EXISTS rekap_rebuild.%I', o.name);
		EXECUTE format('CREATE TABLE rekap_rebuild.%I (LIKE %s INCLUDING ALL)', o.name, o.original);
		EXECUTE format('COMMENT ON TABLE rekap_rebuild.%I IS %L', o.name, format('As %s, computed anew', o.original));
		renewed := true;
	END LOOP;
	IF renewed THEN
		PERFORM rekap_rebuild.clear();
	END IF;
	GRANT USAGE ON SCHEMA rekap_rebuild TO rekap_writer;
	GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA rekap_rebuild TO rekap_writer;
	REVOKE EXECUTE ON ALL ROUTINES IN SCHEMA rekap_rebuild FROM PUBLIC;
	GRANT EXECUTE ON FUNCTION rekap_rebuild.clear(), rekap_rebuild.swap(text) TO rekap_writer;
END $$;
COMMENT ON PROCEDURE rekap_rebuild.finish_migration() IS 'Makes the tables of this schema like the live ones, and grants them; runs after the last migration';

-- Each part of the swap touches only rows that differ. Entities: versions are those of the swap's own batch. Rows are compared as they are stored: 1.5 and 1.50 differ.
CREATE FUNCTION rekap_rebuild.swap_entities(batch bigint) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	k record;
	n bigint;
	total bigint := 0;
BEGIN
	FOR k IN
		SELECT i.kind, string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) AS columns, string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attnum) AS live,
			string_agg(format('s.%I', a.attname), ', ' ORDER BY a.attnum) AS fresh
		FROM rekap_store.kind i
		JOIN pg_attribute a ON a.attrelid = format('rekap_store.%I', i.kind)::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'version'
		GROUP BY i.kind
	LOOP
		EXECUTE format('DELETE FROM rekap_store.%1$I t WHERE NOT EXISTS (SELECT FROM rekap_rebuild.%1$I s WHERE s.entity_key = t.entity_key)', k.kind);
		GET DIAGNOSTICS n = ROW_COUNT;
		total := total + n;
		EXECUTE format('UPDATE rekap_store.%1$I t SET (%2$s, version) = ROW(%4$s, $1) FROM rekap_rebuild.%1$I s WHERE s.entity_key = t.entity_key AND ROW(%3$s)::record *<> ROW(%4$s)::record',
			k.kind, k.columns, k.live, k.fresh) USING batch;
		GET DIAGNOSTICS n = ROW_COUNT;
		total := total + n;
		EXECUTE format('INSERT INTO rekap_store.%1$I (%2$s, version) SELECT %3$s, $1 FROM rekap_rebuild.%1$I s '
			'WHERE NOT EXISTS (SELECT FROM rekap_store.%1$I t WHERE t.entity_key = s.entity_key)', k.kind, k.columns, k.fresh) USING batch;
		GET DIAGNOSTICS n = ROW_COUNT;
		total := total + n;
	END LOOP;
	RETURN total;
END $$;
COMMENT ON FUNCTION rekap_rebuild.swap_entities(bigint) IS 'Makes the live entities those of this schema; how many differed';

-- Null and 0 are the same, and so is a row of nothing and no row.
CREATE FUNCTION rekap_rebuild.swap_measures() RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
	n bigint;
	total bigint;
	key constant text := 's.series_id = t.series_id AND s.unit_id = t.unit_id AND s.month = t.month';
BEGIN
	SELECT string_agg(d, ', ') AS columns, string_agg('s.' || d, ', ') AS fresh, string_agg(format('coalesce(t.%s, 0)', d), ', ') AS live_day,
		string_agg(format('coalesce(s.%s, 0)', d), ', ') AS fresh_day, string_agg('0::numeric', ', ') AS nothing
	INTO c
	FROM (SELECT 'd' || i AS d FROM generate_series(1, 31) AS i UNION ALL SELECT 'total') AS q;
	EXECUTE format('DELETE FROM rekap_store.measure_month t WHERE ROW(%s) <> ROW(%s) AND NOT EXISTS (SELECT FROM rekap_rebuild.measure_month s WHERE %s)',
		c.live_day, c.nothing, key);
	GET DIAGNOSTICS total = ROW_COUNT;
	EXECUTE format('UPDATE rekap_store.measure_month t SET (%s) = ROW(%s) FROM rekap_rebuild.measure_month s WHERE %s AND ROW(%s) <> ROW(%s)',
		c.columns, c.fresh, key, c.live_day, c.fresh_day);
	GET DIAGNOSTICS n = ROW_COUNT;
	total := total + n;
	EXECUTE format('INSERT INTO rekap_store.measure_month (series_id, unit_id, month, %s) SELECT series_id, unit_id, month, %s FROM rekap_rebuild.measure_month s '
		'WHERE ROW(%s) <> ROW(%s) AND NOT EXISTS (SELECT FROM rekap_store.measure_month t WHERE %s)', c.columns, c.fresh, c.fresh_day, c.nothing, key);
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN total + n;
END $$;
COMMENT ON FUNCTION rekap_rebuild.swap_measures() IS 'Makes the live roll-up that of this schema; how many months of a unit and series differed';

-- A daemon whose partition moves on is fenced, claims it anew and goes on from there; where nothing moves it need not notice.
CREATE FUNCTION rekap_rebuild.swap_offsets(owner text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE rekap.ingest_offset t SET next_offset = s.next_offset, epoch = t.epoch + 1, owner = $1, updated_at = clock_timestamp()
	FROM rekap_rebuild.ingest_offset s
	WHERE s.topic = t.topic AND s.partition = t.partition AND s.next_offset > t.next_offset;
	INSERT INTO rekap.ingest_offset (topic, partition, next_offset, epoch, owner)
	SELECT s.topic, s.partition, s.next_offset, 1, $1
	FROM rekap_rebuild.ingest_offset s
	WHERE NOT EXISTS (SELECT FROM rekap.ingest_offset t WHERE t.topic = s.topic AND t.partition = s.partition);
END $$;
COMMENT ON FUNCTION rekap_rebuild.swap_offsets(text) IS 'Moves the live offsets on to where the log was read to';

-- What was purged stays purged; what was counted now is replayed; what is refused now is open.
CREATE FUNCTION rekap_rebuild.swap_rejects() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	UPDATE rekap.reject t SET status = 'replayed'
	WHERE status = 'open' AND NOT EXISTS (SELECT FROM rekap_rebuild.reject s WHERE s.topic = t.topic AND s.partition = t.partition AND s."offset" = t."offset")
		AND EXISTS (SELECT FROM rekap_rebuild.ingest_offset o WHERE o.topic = t.topic AND o.partition = t.partition AND t."offset" < o.next_offset);
	UPDATE rekap.reject t SET reason = s.reason, detail = s.detail, event_type = s.event_type, event_id = s.event_id, status = 'open'
	FROM rekap_rebuild.reject s
	WHERE s.topic = t.topic AND s.partition = t.partition AND s."offset" = t."offset" AND t.status <> 'purged'
		AND ROW(t.reason, t.detail, t.event_type, t.event_id, t.status) IS DISTINCT FROM ROW(s.reason, s.detail, s.event_type, s.event_id, 'open');
	WITH fresh AS (
		INSERT INTO rekap.reject (topic, partition, "offset", received_at, reason, detail, event_type, event_id)
		SELECT topic, partition, "offset", received_at, reason, detail, event_type, event_id
		FROM rekap_rebuild.reject
		ORDER BY reject_id
		ON CONFLICT (topic, partition, "offset") DO NOTHING
		RETURNING reject_id, topic, partition, "offset"
	)
	INSERT INTO rekap.reject_body (reject_id, key, value, headers)
	SELECT f.reject_id, b.key, b.value, b.headers
	FROM fresh f
	JOIN rekap_rebuild.reject s USING (topic, partition, "offset")
	JOIN rekap_rebuild.reject_body b ON b.reject_id = s.reject_id;
END $$;
COMMENT ON FUNCTION rekap_rebuild.swap_rejects() IS 'Makes the live rejects say what became of each record of the log';

CREATE FUNCTION rekap_rebuild.swap(owner text, OUT "rows" bigint, OUT measures bigint) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	batch bigint;
BEGIN
	-- The caller has this lock exclusively already; nobody else may call this beside writers.
	PERFORM pg_advisory_xact_lock(7310579610001);
	IF (SELECT source IS NULL FROM rekap_rebuild.progress) THEN
		RAISE EXCEPTION 'there is nothing to swap in';
	END IF;
	INSERT INTO rekap.batch (owner, partitions, events, rejected) VALUES (owner, '[]', 0, 0) RETURNING batch_id INTO batch;
	"rows" := rekap_rebuild.swap_entities(batch);
	measures := rekap_rebuild.swap_measures();
	IF (SELECT source = 'kafka' FROM rekap_rebuild.progress) THEN
		PERFORM rekap_rebuild.swap_offsets(owner);
		PERFORM rekap_rebuild.swap_rejects();
	END IF;
	PERFORM rekap_rebuild.clear();
END $$;
COMMENT ON FUNCTION rekap_rebuild.swap(text) IS 'Makes the live figures those of this schema, all at once, as a batch without events; how many entities, and months of a unit and series, differed';
