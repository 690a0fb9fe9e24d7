-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Performance reports (semantics: performance_report; PermenPANRB 88/2021, Permendagri 86/2017).

CREATE TABLE rekap_store.performance_report (
	indicator text NOT NULL,
	name text,
	period text NOT NULL,
	target numeric,
	realised numeric,
	direction text NOT NULL,
	range_low numeric,
	range_high numeric,
	measure_unit text,
	revision bigint NOT NULL,
	submitted_at timestamptz,
	due_on date,
	achievement_pct numeric,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);
CREATE INDEX performance_report_by_unit ON rekap_store.performance_report (unit_id, period);

CREATE VIEW rekap.performance_report AS
SELECT u.unit_code, e.indicator, e.name, e.period, e.target, e.realised, e.direction, e.range_low, e.range_high, e.measure_unit, e.revision,
	e.submitted_at, e.due_on, e.achievement_pct, t.topic, e.partition, e."offset"
FROM rekap_store.performance_report e
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.performance_report IS 'Performance reports as of the last event folded';
COMMENT ON VIEW rekap.performance_report IS 'Performance indicators: target and realisation of a unit and period, as last revised';
COMMENT ON COLUMN rekap_store.performance_report.indicator IS 'Code of the indicator, as the sender names it';
COMMENT ON COLUMN rekap_store.performance_report.name IS 'Its name; may be null';
COMMENT ON COLUMN rekap_store.performance_report.period IS '2024, 2024-S1, 2024-Q1 or 2024-03';
COMMENT ON COLUMN rekap_store.performance_report.target IS 'What was to be reached; may be null where both bounds are given';
COMMENT ON COLUMN rekap_store.performance_report.realised IS 'What was reached; null: announced, not reported yet';
COMMENT ON COLUMN rekap_store.performance_report.direction IS 'higher, lower or range: what is better';
COMMENT ON COLUMN rekap_store.performance_report.range_low IS 'Lower bound; null: none';
COMMENT ON COLUMN rekap_store.performance_report.range_high IS 'Upper bound; null: none';
COMMENT ON COLUMN rekap_store.performance_report.measure_unit IS 'Unit of measurement; may be null';
COMMENT ON COLUMN rekap_store.performance_report.revision IS 'The revision that counts';
COMMENT ON COLUMN rekap_store.performance_report.submitted_at IS 'When a realisation was first submitted; null: not yet. A revision does not make it late';
COMMENT ON COLUMN rekap_store.performance_report.due_on IS 'Last day on which the report is on time; null: no ruleset';
COMMENT ON COLUMN rekap_store.performance_report.achievement_pct IS 'Achievement in percent, capped as the ruleset says, to six decimals; null: undefined';
CALL rekap_store.finish_kind('performance_report', 3);
