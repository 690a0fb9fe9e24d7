-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Whistle-blowing (semantics: whistleblow; UU 31/2014).

CREATE TABLE rekap_store.whistleblow (
	period text[] NOT NULL,
	received bigint[] NOT NULL,
	followed_up bigint[] NOT NULL,
	proven bigint[] NOT NULL,
	revision bigint[] NOT NULL,
	row_topic text[],
	row_partition integer[],
	row_offset bigint[],
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);

CREATE VIEW rekap.whistleblow AS
SELECT u.unit_code, r.period, r.received, r.followed_up, r.proven, r.revision, r.row_topic AS topic, r.row_partition AS partition, r.row_offset AS "offset"
FROM rekap_store.whistleblow e
CROSS JOIN LATERAL unnest(e.period, e.received, e.followed_up, e.proven, e.revision, e.row_topic, e.row_partition, e.row_offset)
	AS r (period, received, followed_up, proven, revision, row_topic, row_partition, row_offset)
LEFT JOIN rekap_store.unit u ON u.unit_id = e.unit_id;

COMMENT ON TABLE rekap_store.whistleblow IS 'Whistle-blowing reports, a row for a unit''s year as of the last event folded';
COMMENT ON VIEW rekap.whistleblow IS 'Reports through the whistle-blowing system: counts of a unit and period';
COMMENT ON COLUMN rekap_store.whistleblow.period IS '2024, 2024-S1, 2024-Q1 or 2024-03';
COMMENT ON COLUMN rekap_store.whistleblow.received IS 'How many came in';
COMMENT ON COLUMN rekap_store.whistleblow.followed_up IS 'How many were followed up';
COMMENT ON COLUMN rekap_store.whistleblow.proven IS 'How many proved true';
COMMENT ON COLUMN rekap_store.whistleblow.revision IS 'The revision that counts';
CALL rekap_store.finish_kind('whistleblow', 2, by_year => true);
