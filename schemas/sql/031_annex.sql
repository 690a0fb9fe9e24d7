-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- What yearly reports ask for beside single indicators: the annex of the regent's accountability report (LKPJ; PP 13/2019), integrity pacts, sizes of survey samples.

-- A line's last month says the year so far. A programme's performance is the report whose indicator is the programme's code.
CREATE VIEW rekap.lkpj_annex AS
SELECT u.unit_code, year, program, p.name, p.target, p.realised AS realisation, p.achievement_pct, b.ceiling, b.realised,
	CASE WHEN b.ceiling <> 0 THEN rekap_store.ratio(100 * b.realised, b.ceiling) END AS absorption_pct
FROM (
	SELECT unit_id, left(period[1], 4)::integer AS year, program[1] COLLATE "C" AS program, sum(ceiling[cardinality(ceiling)]) AS ceiling,
		sum(realised[cardinality(realised)]) AS realised
	FROM rekap_store.budget_report
	GROUP BY unit_id, left(period[1], 4), program[1] COLLATE "C"
) b
FULL JOIN (
	SELECT unit_id, period::integer AS year, indicator COLLATE "C" AS program, name, target, realised, achievement_pct
	FROM rekap_store.performance_report
	WHERE length(period) = 4
) p USING (unit_id, year, program)
JOIN rekap_store.unit u USING (unit_id);
COMMENT ON VIEW rekap.lkpj_annex IS 'Annex of the regent''s yearly accountability report: each programme with target and realisation, ceiling and absorption, of the unit itself';
COMMENT ON COLUMN rekap.lkpj_annex.unit_code IS 'The unit itself, without those below';
COMMENT ON COLUMN rekap.lkpj_annex.year IS 'The year';
COMMENT ON COLUMN rekap.lkpj_annex.program IS 'Code of the programme: of budget reports the program, of performance reports the indicator';
COMMENT ON COLUMN rekap.lkpj_annex.name IS 'Its name, as the performance report of the year says; may be null';
COMMENT ON COLUMN rekap.lkpj_annex.target IS 'Target of the year; null: no performance report of that indicator, or bounds instead';
COMMENT ON COLUMN rekap.lkpj_annex.realisation IS 'What was reached of it; null: not reported';
COMMENT ON COLUMN rekap.lkpj_annex.achievement_pct IS 'Achievement in percent; null: undefined or not reported';
COMMENT ON COLUMN rekap.lkpj_annex.ceiling IS 'Budget of all lines of the programme, each as of its last reported month; null: no budget report';
COMMENT ON COLUMN rekap.lkpj_annex.realised IS 'What was spent of it';
COMMENT ON COLUMN rekap.lkpj_annex.absorption_pct IS 'realised in percent of ceiling, rounded to two decimals; null: no ceiling';

CREATE VIEW rekap.integrity_pact AS
SELECT unit_code, period::integer AS year, numerator AS signed, denominator AS obliged, value AS percent
FROM rekap.indicator_value
WHERE indicator = 'integrity.pact_pct' AND grain = 'year';
COMMENT ON VIEW rekap.integrity_pact IS 'Integrity pacts: who signed, of those obliged, by unit (with all below it) and year; region: the regency''s total';
COMMENT ON COLUMN rekap.integrity_pact.unit_code IS 'The unit, with all units below it; region: the total';
COMMENT ON COLUMN rekap.integrity_pact.year IS 'The year';
COMMENT ON COLUMN rekap.integrity_pact.signed IS 'How many signed';
COMMENT ON COLUMN rekap.integrity_pact.obliged IS 'How many were to';
COMMENT ON COLUMN rekap.integrity_pact.percent IS 'signed in percent of obliged; null: nobody was obliged';

-- S = 3.841 N 0.25 / (0.0025 (N - 1) + 3.841 0.25), rounded half up (Krejcie & Morgan 1970; PermenPANRB 14/2017); in units of 10^-5.
CREATE FUNCTION rekap_store.sample_size(population numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN div(2 * 96025 * population + 250 * (population - 1) + 96025, 2 * (250 * (population - 1) + 96025));
COMMENT ON FUNCTION rekap_store.sample_size(numeric) IS 'How many of a population must answer for a margin of 5 % at 95 % confidence';

CREATE VIEW rekap.survey_sample AS
SELECT r.unit_code, r.grain, r.period, r.value AS respondents, d.value AS delivered, rekap_store.sample_size(d.value) AS minimum,
	r.value >= rekap_store.sample_size(d.value) AS sufficient
FROM rekap.indicator_value r
JOIN rekap.indicator_value d USING (unit_code, grain, period)
WHERE r.indicator = 'survey.respondents' AND d.indicator = 'service.delivered' AND (d.value > 0 OR d.value IS NULL);
COMMENT ON VIEW rekap.survey_sample IS 'Whether enough respondents answered the satisfaction survey, measured by the services delivered in the same unit and period';
COMMENT ON COLUMN rekap.survey_sample.unit_code IS 'The unit, with all units below it; region: the total';
COMMENT ON COLUMN rekap.survey_sample.grain IS 'day, week (ISO), month, quarter, semester or year';
COMMENT ON COLUMN rekap.survey_sample.period IS 'The period';
COMMENT ON COLUMN rekap.survey_sample.respondents IS 'Responses to the satisfaction survey (skm); null: suppressed';
COMMENT ON COLUMN rekap.survey_sample.delivered IS 'Services delivered: the population; null: suppressed';
COMMENT ON COLUMN rekap.survey_sample.minimum IS 'Responses needed (Krejcie and Morgan)';
COMMENT ON COLUMN rekap.survey_sample.sufficient IS 'Whether there are as many; null: suppressed';
