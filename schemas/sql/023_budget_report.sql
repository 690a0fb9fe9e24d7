-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Budget reports (semantics: budget_report; Permendagri 77/2020).

CREATE TABLE rekap_store.budget_report (
	program text[] NOT NULL,
	activity text[] NOT NULL,
	period text[] NOT NULL,
	ceiling numeric[] NOT NULL,
	realised numeric[] NOT NULL,
	revision bigint[] NOT NULL,
	row_topic text[],
	row_partition integer[],
	row_offset bigint[],
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);
CREATE INDEX budget_report_by_unit ON rekap_store.budget_report (unit_id);

CREATE VIEW rekap.budget_report AS
SELECT u.unit_code, r.program, r.activity, r.period, r.ceiling, r.realised, r.revision, r.row_topic AS topic, r.row_partition AS partition, r.row_offset AS "offset"
FROM rekap_store.budget_report e
CROSS JOIN LATERAL unnest(e.program, e.activity, e.period, e.ceiling, e.realised, e.revision, e.row_topic, e.row_partition, e.row_offset)
	AS r (program, activity, period, ceiling, realised, revision, row_topic, row_partition, row_offset)
LEFT JOIN rekap_store.unit u ON u.unit_id = e.unit_id;

COMMENT ON TABLE rekap_store.budget_report IS 'Budget lines, a row for the year of each as of the last event folded';
COMMENT ON VIEW rekap.budget_report IS 'Budget lines: ceiling and realisation of the year to date, a row for each month reported';
COMMENT ON COLUMN rekap_store.budget_report.program IS 'The programme';
COMMENT ON COLUMN rekap_store.budget_report.activity IS 'The activity; null: the programme itself';
COMMENT ON COLUMN rekap_store.budget_report.period IS 'The month reported, e.g. 2024-03';
COMMENT ON COLUMN rekap_store.budget_report.ceiling IS 'What may be spent in the year';
COMMENT ON COLUMN rekap_store.budget_report.realised IS 'What was spent since 1 January';
COMMENT ON COLUMN rekap_store.budget_report.revision IS 'The revision that counts';
CALL rekap_store.finish_kind('budget_report', 4, by_year => true);
