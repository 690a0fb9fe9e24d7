-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Assessments (semantics: assessment_answer; PermenPANRB 90/2021).

CREATE TABLE rekap_store.assessment_answer (
	year integer NOT NULL,
	ruleset text NOT NULL,
	item text NOT NULL,
	assessor text NOT NULL,
	answer text,
	numerator numeric,
	denominator numeric,
	revision bigint NOT NULL,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);
CREATE INDEX assessment_answer_by_unit ON rekap_store.assessment_answer (unit_id, year);

CREATE VIEW rekap.assessment_answer AS
SELECT u.unit_code, e.year, e.ruleset, e.item, e.assessor, e.answer, e.numerator, e.denominator, e.revision, t.topic, e.partition, e."offset"
FROM rekap_store.assessment_answer e
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.assessment_answer IS 'Assessors'' answers as of the last event folded';
COMMENT ON VIEW rekap.assessment_answer IS 'Answers of assessors to the items of scorecards, as last revised';
COMMENT ON COLUMN rekap_store.assessment_answer.year IS 'The year assessed';
COMMENT ON COLUMN rekap_store.assessment_answer.ruleset IS 'The scorecard, e.g. zi-2021';
COMMENT ON COLUMN rekap_store.assessment_answer.item IS 'The item, e.g. P.MP.1.a';
COMMENT ON COLUMN rekap_store.assessment_answer.assessor IS 'self, tpi (internal team) or tpn (national team)';
COMMENT ON COLUMN rekap_store.assessment_answer.answer IS 'yes, no or a to e; null: a ratio';
COMMENT ON COLUMN rekap_store.assessment_answer.numerator IS 'Numerator of a ratio; null: an answer by letter';
COMMENT ON COLUMN rekap_store.assessment_answer.denominator IS 'Denominator of a ratio; null: an answer by letter';
COMMENT ON COLUMN rekap_store.assessment_answer.revision IS 'The revision that counts';
CALL rekap_store.finish_kind('assessment_answer', 5);
