-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Kinds by year (an entity is a year of reports, and its columns are arrays with an element for each), and what every kind's migration ends with.

ALTER TABLE rekap_store.kind ADD COLUMN by_year boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN rekap_store.kind.by_year IS 'Whether an entity holds the reports of a year: its last key field is the year, its columns are arrays, and its flags begin with the period';

CREATE OR REPLACE VIEW rekap.data_quality AS
SELECT k.kind AS entity_kind,
	CASE WHEN k.by_year THEN rekap_store.key_text(regexp_replace(e.entity_key, E'[^\x1f]*$', '')) || split_part(f.flag, ' ', 1)
	WHEN k.key_fields > 1 THEN rekap_store.key_text(e.entity_key)
	ELSE e.entity_key END AS entity_id,
	u.unit_code, split_part(n.flag, ':', 1) AS flag, nullif(substr(n.flag, length(split_part(n.flag, ':', 1)) + 2), '') AS detail
FROM rekap_store.entity e
JOIN pg_catalog.pg_class c ON c.oid = e.tableoid
JOIN rekap_store.kind k ON k.kind = c.relname
LEFT JOIN rekap_store.unit u ON u.unit_id = e.unit_id
CROSS JOIN LATERAL unnest(e.flags) AS f (flag)
CROSS JOIN LATERAL (SELECT CASE WHEN k.by_year THEN substr(f.flag, strpos(f.flag, ' ') + 1) ELSE f.flag END) AS n (flag)
WHERE e.flags IS NOT NULL;
COMMENT ON COLUMN rekap_store.entity.flags IS 'Findings of data quality: flag, or flag:detail, behind the period and a blank in kinds by year; null: none';

CREATE PROCEDURE rekap_store.finish_kind(kind name, key_fields integer, by_year boolean DEFAULT false) LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	r record;
BEGIN
	INSERT INTO rekap_store.kind (kind, key_fields, by_year) VALUES (kind, key_fields, by_year);
	EXECUTE format('CREATE INDEX %I ON rekap_store.%I (entity_key) WHERE flags IS NOT NULL', kind || '_flagged', kind);
	IF by_year THEN
		EXECUTE format('COMMENT ON COLUMN rekap_store.%I.row_topic IS %L', kind, 'Kafka topic of the last event folded');
		EXECUTE format('COMMENT ON COLUMN rekap_store.%I.row_partition IS %L', kind, 'Partition of the last event folded');
		EXECUTE format('COMMENT ON COLUMN rekap_store.%I.row_offset IS %L', kind, 'Offset of the last event folded');
	END IF;
	FOR r IN
		SELECT v.attname, coalesce(col_description(s.attrelid, s.attnum), e.comment) AS comment
		FROM pg_attribute v
		LEFT JOIN pg_attribute s ON s.attrelid = format('rekap_store.%I', kind)::regclass AND s.attname IN (v.attname, 'row_' || v.attname, kind || '_' || v.attname)
			AND NOT s.attisdropped AND s.attname NOT IN ('state', 'partition', 'offset', 'version', 'flags')
		LEFT JOIN (VALUES
			('unit_code'::name, 'The unit that the events name'),
			('topic', 'Kafka topic of the last event folded'),
			('partition', 'Partition of the last event folded'),
			('offset', 'Offset of the last event folded')) AS e (attname, comment) ON e.attname = v.attname
		WHERE v.attrelid = format('rekap.%I', kind)::regclass AND v.attnum > 0 AND col_description(v.attrelid, v.attnum) IS NULL
	LOOP
		EXECUTE format('COMMENT ON COLUMN rekap.%I.%I IS %L', kind, r.attname, r.comment);
	END LOOP;
END $$;
COMMENT ON PROCEDURE rekap_store.finish_kind(name, integer, boolean)
	IS 'Registers a kind, makes the index of its flagged rows, and hands comments of its table on to its view; the last call of a kind''s migration';
