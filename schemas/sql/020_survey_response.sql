-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Survey responses (semantics: survey_response; PermenPANRB 14/2017, PermenPANRB 90/2021).

CREATE TABLE rekap_store.survey_response (
	instrument text,
	service text,
	channel text,
	answers json,
	answered_at timestamptz,
	score_sum integer,
	answer_count integer,
	survey_response_state text NOT NULL,
	PRIMARY KEY (entity_key)
) INHERITS (rekap_store.entity) WITH (fillfactor = 70);

CREATE VIEW rekap.survey_response AS
SELECT e.entity_key AS response_id, u.unit_code, e.instrument, e.service, e.channel, e.answers::jsonb AS answers, e.answered_at, e.score_sum,
	e.answer_count, e.survey_response_state AS state, t.topic, e.partition, e."offset"
FROM rekap_store.survey_response e
LEFT JOIN rekap_store.unit u USING (unit_id)
LEFT JOIN rekap_store.topic t USING (topic_id);

COMMENT ON TABLE rekap_store.survey_response IS 'Responses to surveys as of the last event folded';
COMMENT ON VIEW rekap.survey_response IS 'Responses to surveys of satisfaction (skm) and perception (spak, spkp), one a respondent';
COMMENT ON COLUMN rekap.survey_response.response_id IS 'Number of the response';
COMMENT ON COLUMN rekap_store.survey_response.instrument IS 'skm (satisfaction), spak (anti-corruption) or spkp (service quality); null while pending';
COMMENT ON COLUMN rekap_store.survey_response.service IS 'Service that was rated; may be null';
COMMENT ON COLUMN rekap_store.survey_response.channel IS 'How the answers came in; may be null';
COMMENT ON COLUMN rekap_store.survey_response.answers IS 'Score of each element or statement, 1 to 4; null while pending';
COMMENT ON COLUMN rekap_store.survey_response.answered_at IS 'When it was answered';
COMMENT ON COLUMN rekap_store.survey_response.score_sum IS 'Sum of the scores';
COMMENT ON COLUMN rekap_store.survey_response.answer_count IS 'Number of the scores';
COMMENT ON COLUMN rekap_store.survey_response.survey_response_state IS 'counted, withdrawn (counts nowhere) or pending (withdrawn before it arrived)';
CALL rekap_store.finish_kind('survey_response', 1);
