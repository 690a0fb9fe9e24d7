-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Scorecards and predicates (semantics §10; PermenPANRB 90/2021): rekap.scorecard, rekap.scorecard_item, rekap.predicate,
-- rekap.predicate_gap, rekap.evaluation.
--
-- As with indicators, rulesets are laid out flat whenever they change, and the figures are worked out by a view, one scorecard after the other. Values of answers are
-- fractions, kept as numerator and denominator until they are rounded: once at each leaf, and once for each percentage.

CREATE TABLE rekap_store.scorecard (
	scorecard_id integer PRIMARY KEY,
	scorecard text COLLATE "C" NOT NULL,
	root text NOT NULL,
	valid_from date NOT NULL,
	valid_to date NOT NULL,
	zero_violations numeric NOT NULL
);
COMMENT ON TABLE rekap_store.scorecard IS 'The scorecards of all rulesets in use';
COMMENT ON COLUMN rekap_store.scorecard.scorecard_id IS 'Number of the row; the earlier valid the smaller';
COMMENT ON COLUMN rekap_store.scorecard.scorecard IS 'Its id: what assessments name as their ruleset';
COMMENT ON COLUMN rekap_store.scorecard.root IS 'The component that is the whole, e.g. ZI';
COMMENT ON COLUMN rekap_store.scorecard.valid_from IS 'First day of the file it is from';
COMMENT ON COLUMN rekap_store.scorecard.valid_to IS 'Last day of the file it is from; infinity: until further notice';
COMMENT ON COLUMN rekap_store.scorecard.zero_violations IS 'Value of the reduction of violations when there were none in both years';

CREATE TABLE rekap_store.score_leaf (
	scorecard_id integer NOT NULL,
	leaf text COLLATE "C" NOT NULL,
	weight numeric NOT NULL,
	PRIMARY KEY (scorecard_id, leaf)
);
COMMENT ON TABLE rekap_store.score_leaf IS 'The components that have a weight of their own';
COMMENT ON COLUMN rekap_store.score_leaf.scorecard_id IS 'The scorecard';
COMMENT ON COLUMN rekap_store.score_leaf.leaf IS 'Name of the component, e.g. ZI.A.MP.P.1';
COMMENT ON COLUMN rekap_store.score_leaf.weight IS 'The score it can reach';

CREATE TABLE rekap_store.score_component (
	scorecard_id integer NOT NULL,
	component text COLLATE "C" NOT NULL,
	leaf text COLLATE "C" NOT NULL,
	PRIMARY KEY (scorecard_id, component, leaf)
);
COMMENT ON TABLE rekap_store.score_component IS 'Which leaves each component covers; a leaf covers itself';
COMMENT ON COLUMN rekap_store.score_component.scorecard_id IS 'The scorecard';
COMMENT ON COLUMN rekap_store.score_component.component IS 'The component, e.g. ZI.A.MP';
COMMENT ON COLUMN rekap_store.score_component.leaf IS 'A leaf below it';

CREATE TABLE rekap_store.score_item (
	scorecard_id integer NOT NULL,
	item text COLLATE "C" NOT NULL,
	leaf text COLLATE "C" NOT NULL,
	scale text NOT NULL,
	method text,
	PRIMARY KEY (scorecard_id, item)
);
COMMENT ON TABLE rekap_store.score_item IS 'The questions of a scorecard that count for its score';
COMMENT ON COLUMN rekap_store.score_item.scorecard_id IS 'The scorecard';
COMMENT ON COLUMN rekap_store.score_item.item IS 'What assessments call it, e.g. P.MP.1.a';
COMMENT ON COLUMN rekap_store.score_item.leaf IS 'The leaf whose mean it is part of';
COMMENT ON COLUMN rekap_store.score_item.scale IS 'Which answers it takes: YT, A3, A4, A5, RATIO, REDUCTION, SURVEY';
COMMENT ON COLUMN rekap_store.score_item.method IS 'How events measure it; null: only assessors answer it';

CREATE TABLE rekap_store.score_rule (
	scorecard_id integer NOT NULL,
	predicate text NOT NULL,
	place bigint NOT NULL,
	rule text NOT NULL,
	component text COLLATE "C" NOT NULL,
	bound numeric NOT NULL,
	PRIMARY KEY (scorecard_id, predicate, rule)
);
COMMENT ON TABLE rekap_store.score_rule IS 'The scores that a predicate asks for';
COMMENT ON COLUMN rekap_store.score_rule.scorecard_id IS 'The scorecard';
COMMENT ON COLUMN rekap_store.score_rule.predicate IS 'WBK or WBBM';
COMMENT ON COLUMN rekap_store.score_rule.place IS 'Order of the rules';
COMMENT ON COLUMN rekap_store.score_rule.rule IS 'Its name, e.g. total or area.MP';
COMMENT ON COLUMN rekap_store.score_rule.component IS 'The component that it judges';
COMMENT ON COLUMN rekap_store.score_rule.bound IS 'The score that is enough';

CREATE TABLE rekap_store.score_gate (
	scorecard_id integer NOT NULL,
	predicate text NOT NULL,
	place bigint NOT NULL,
	gate text NOT NULL,
	PRIMARY KEY (scorecard_id, predicate, gate)
);
COMMENT ON TABLE rekap_store.score_gate IS 'The predicates, and the conditions that each asks for beside scores';
COMMENT ON COLUMN rekap_store.score_gate.scorecard_id IS 'The scorecard';
COMMENT ON COLUMN rekap_store.score_gate.predicate IS 'WBK or WBBM';
COMMENT ON COLUMN rekap_store.score_gate.place IS 'Order of the gates';
COMMENT ON COLUMN rekap_store.score_gate.gate IS 'Its name, e.g. akip: met by the answer yes to the item G.akip';

CREATE TABLE rekap_store.score_band (
	scorecard_id integer NOT NULL,
	place bigint NOT NULL,
	band text NOT NULL,
	minimum numeric,
	inclusive boolean NOT NULL,
	PRIMARY KEY (scorecard_id, place)
);
COMMENT ON TABLE rekap_store.score_band IS 'The bands of an evaluation, best first: the first whose minimum is met';
COMMENT ON COLUMN rekap_store.score_band.scorecard_id IS 'The scorecard';
COMMENT ON COLUMN rekap_store.score_band.place IS 'Order; 1 is the best';
COMMENT ON COLUMN rekap_store.score_band.band IS 'Name of the band';
COMMENT ON COLUMN rekap_store.score_band.minimum IS 'Lower bound of the score; null: none';
COMMENT ON COLUMN rekap_store.score_band.inclusive IS 'Whether the bound itself belongs to the band';

CREATE TABLE rekap_store.answer_value (
	scale text NOT NULL,
	answer text NOT NULL,
	value numeric NOT NULL,
	PRIMARY KEY (scale, answer)
);
INSERT INTO rekap_store.answer_value (scale, answer, value) VALUES
	('YT', 'yes', 1), ('YT', 'no', 0),
	('A3', 'a', 1), ('A3', 'b', 0.5), ('A3', 'c', 0),
	('A4', 'a', 1), ('A4', 'b', 0.67), ('A4', 'c', 0.33), ('A4', 'd', 0),
	('A5', 'a', 1), ('A5', 'b', 0.75), ('A5', 'c', 0.5), ('A5', 'd', 0.25), ('A5', 'e', 0);
COMMENT ON TABLE rekap_store.answer_value IS 'What answers by letter are worth (PermenPANRB 90/2021)';
COMMENT ON COLUMN rekap_store.answer_value.scale IS 'Scale of the item';
COMMENT ON COLUMN rekap_store.answer_value.answer IS 'The answer';
COMMENT ON COLUMN rekap_store.answer_value.value IS 'Its value, 0 to 1';

CREATE TABLE rekap_store.measured_sum (
	method text NOT NULL,
	part text NOT NULL,
	measure text COLLATE "C" NOT NULL,
	dimension text COLLATE "C" NOT NULL,
	span text NOT NULL,
	PRIMARY KEY (method, part)
);
INSERT INTO rekap_store.measured_sum (method, part, measure, dimension, span) VALUES
	('violation_reduction', 'numerator', 'discipline.violations', '', 'year'),
	('violation_reduction', 'denominator', 'discipline.violations', '', 'before'),
	('violation_reduction', 'reports', 'discipline.reports', '', 'year'),
	('violation_reduction', 'reports_before', 'discipline.reports', '', 'before'),
	('met', 'numerator', 'performance.met', 'grain=year', 'year'),
	('met', 'denominator', 'performance.achieved', 'grain=year', 'year'),
	('report_on_time', 'numerator', 'performance.report_on_time', '', 'due'),
	('report_on_time', 'denominator', 'performance.report_due', '', 'due'),
	('due_resolved', 'numerator', 'complaint.due_resolved', '', 'due'),
	('due_resolved', 'denominator', 'complaint.resolution_due', '', 'due'),
	('lhkpn', 'numerator', 'declaration.filed', 'regime=lhkpn', 'year'),
	('lhkpn', 'denominator', 'declaration.obliged', 'regime=lhkpn', 'year'),
	('lhkasn', 'numerator', 'declaration.filed', 'regime=lhkasn', 'year'),
	('lhkasn', 'denominator', 'declaration.obliged', 'regime=lhkasn', 'year'),
	('survey_rounds', 'q1', 'survey.responses', 'instrument=skm', 'q1'),
	('survey_rounds', 'q2', 'survey.responses', 'instrument=skm', 'q2'),
	('survey_rounds', 'q3', 'survey.responses', 'instrument=skm', 'q3'),
	('survey_rounds', 'q4', 'survey.responses', 'instrument=skm', 'q4'),
	('spak', 'numerator', 'survey.score', 'instrument=spak', 'year'),
	('spak', 'denominator', 'survey.answers', 'instrument=spak', 'year'),
	('spkp', 'numerator', 'survey.score', 'instrument=spkp', 'year'),
	('spkp', 'denominator', 'survey.answers', 'instrument=spkp', 'year');
COMMENT ON TABLE rekap_store.measured_sum IS 'What each method of measuring an item adds up';
COMMENT ON COLUMN rekap_store.measured_sum.method IS 'The method, as rulesets name it';
COMMENT ON COLUMN rekap_store.measured_sum.part IS 'What the sum is for';
COMMENT ON COLUMN rekap_store.measured_sum.measure IS 'The measure';
COMMENT ON COLUMN rekap_store.measured_sum.dimension IS 'Its dimension; empty: none';
COMMENT ON COLUMN rekap_store.measured_sum.span IS 'Over which days: year, due (those of the year that are over), before (the year before), q1 to q4';

-- Values are fractions from 0 to 1, as arrays of numerator and denominator.
CREATE FUNCTION rekap_store.share(part numeric, whole numeric) RETURNS numeric[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN whole <> 0 THEN ARRAY[least(part, whole), whole] END;
COMMENT ON FUNCTION rekap_store.share(numeric, numeric) IS 'part / whole, at most 1; null when there is no whole';

CREATE FUNCTION rekap_store.reduction(now numeric, before numeric, zero numeric) RETURNS numeric[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN before <> 0 THEN ARRAY[greatest(before - now, 0), before] WHEN before = 0 THEN ARRAY[CASE now WHEN 0 THEN zero ELSE 0 END, 1] END;
COMMENT ON FUNCTION rekap_store.reduction(numeric, numeric, numeric) IS '(before - now) / before, at least 0; zero when there was nothing in either year, 0 when only now there is';

CREATE FUNCTION rekap_store.fraction_sum(fractions numeric[]) RETURNS numeric[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	f numeric[];
	n numeric := 0;
	d numeric := 1;
BEGIN
	FOREACH f SLICE 1 IN ARRAY fractions LOOP
		n := n * f[2] + f[1] * d;
		d := d * f[2];
	END LOOP;
	RETURN ARRAY[n, d];
END $$;
COMMENT ON FUNCTION rekap_store.fraction_sum(numeric[]) IS 'The exact sum of an array of fractions';

-- Rulesets say scorecards as trees of two forms: the Zona Integritas, with areas and results, and evaluations, with components and parts.
CREATE VIEW rekap_store.ruleset_scorecard AS
SELECT row_number() OVER (ORDER BY r.valid_from, r.ruleset, s.place) AS scorecard_id, r.ruleset, r.valid_from, coalesce(r.valid_to, 'infinity') AS valid_to,
	s.card, coalesce(s.card ->> 'code', 'ZI') AS root, r.body -> 'bands' -> (s.card ->> 'bands') AS bands
FROM rekap_store.ruleset r
CROSS JOIN jsonb_array_elements(r.body -> 'scorecards') WITH ORDINALITY AS s (card, place)
WHERE r.valid_from <= coalesce(r.valid_to, 'infinity');
COMMENT ON VIEW rekap_store.ruleset_scorecard IS 'The scorecards as the rulesets say them';
COMMENT ON COLUMN rekap_store.ruleset_scorecard.scorecard_id IS 'Number';
COMMENT ON COLUMN rekap_store.ruleset_scorecard.ruleset IS 'The ruleset it is from';
COMMENT ON COLUMN rekap_store.ruleset_scorecard.valid_from IS 'First day of that';
COMMENT ON COLUMN rekap_store.ruleset_scorecard.valid_to IS 'Last day of that';
COMMENT ON COLUMN rekap_store.ruleset_scorecard.card IS 'The scorecard';
COMMENT ON COLUMN rekap_store.ruleset_scorecard.root IS 'The component that is the whole';
COMMENT ON COLUMN rekap_store.ruleset_scorecard.bands IS 'Its bands; null: none';

CREATE VIEW rekap_store.ruleset_leaf AS
SELECT s.scorecard_id, concat_ws('.', 'ZI.A', a.area ->> 'code', f.letter, l.leaf ->> 'sub') AS leaf, (l.leaf ->> 'weight')::numeric AS weight,
	concat_ws('.', f.letter, a.area ->> 'code', l.leaf ->> 'sub') AS items, l.leaf -> 'items' AS scales
FROM rekap_store.ruleset_scorecard s
CROSS JOIN jsonb_array_elements(s.card -> 'areas') AS a (area)
CROSS JOIN (VALUES ('P', 'fulfilment'), ('R', 'reform')) AS f (letter, key)
CROSS JOIN jsonb_array_elements(a.area -> f.key) AS l (leaf)
UNION ALL
SELECT s.scorecard_id, concat_ws('.', 'ZI.B', r.result ->> 'code', p.part ->> 'code'), (p.part ->> 'weight')::numeric,
	'H.' || (p.part ->> 'code'), p.part -> 'item'
FROM rekap_store.ruleset_scorecard s
CROSS JOIN jsonb_array_elements(s.card -> 'results') AS r (result)
CROSS JOIN jsonb_array_elements(r.result -> 'parts') AS p (part)
UNION ALL
SELECT s.scorecard_id, concat_ws('.', s.root, c.component ->> 'code', p.part ->> 'code'), (p.part ->> 'weight')::numeric,
	concat_ws('.', c.component ->> 'code', p.part ->> 'code'), '"RATIO"'
FROM rekap_store.ruleset_scorecard s
CROSS JOIN jsonb_array_elements(s.card -> 'components') AS c (component)
CROSS JOIN jsonb_array_elements(c.component -> 'parts') AS p (part);
COMMENT ON VIEW rekap_store.ruleset_leaf IS 'The leaves of the scorecards as the rulesets say them';
COMMENT ON COLUMN rekap_store.ruleset_leaf.scorecard_id IS 'The scorecard';
COMMENT ON COLUMN rekap_store.ruleset_leaf.leaf IS 'Name of the component';
COMMENT ON COLUMN rekap_store.ruleset_leaf.weight IS 'The score it can reach';
COMMENT ON COLUMN rekap_store.ruleset_leaf.items IS 'Name of its item; of a list: what stands before the letter';
COMMENT ON COLUMN rekap_store.ruleset_leaf.scales IS 'Scale of its item, or list of scales';

-- A rule's component: the whole, the enablers, each area, a result (b1), a part of one (b1.spak; b1.performance is the part PERF).
CREATE VIEW rekap_store.ruleset_rule AS
SELECT s.scorecard_id, p.predicate ->> 'code' AS predicate, t.rule, t.component, (p.predicate -> 'rules' ->> t.key)::numeric AS bound, t.key = 'area_pct' AS percent,
	row_number() OVER (PARTITION BY s.scorecard_id, p.place ORDER BY t.place) AS place
FROM rekap_store.ruleset_scorecard s
CROSS JOIN jsonb_array_elements(s.card -> 'predicates') WITH ORDINALITY AS p (predicate, place)
CROSS JOIN LATERAL (
	SELECT 'total' AS key, 'total' AS rule, 'ZI' AS component, ARRAY[1]::bigint[] AS place
	UNION ALL
	SELECT 'enablers', 'enablers', 'ZI.A', ARRAY[2]
	UNION ALL
	SELECT 'area_pct', 'area.' || (a.area ->> 'code'), 'ZI.A.' || (a.area ->> 'code'), ARRAY[3, a.place]
	FROM jsonb_array_elements(s.card -> 'areas') WITH ORDINALITY AS a (area, place)
	UNION ALL
	SELECT 'b' || (r.result ->> 'code'), 'b' || (r.result ->> 'code'), 'ZI.B.' || (r.result ->> 'code'), ARRAY[4, r.place]
	FROM jsonb_array_elements(s.card -> 'results') WITH ORDINALITY AS r (result, place)
	UNION ALL
	SELECT n.name, n.name, concat_ws('.', 'ZI.B', r.result ->> 'code', q.part ->> 'code'), ARRAY[4, r.place, q.place]
	FROM jsonb_array_elements(s.card -> 'results') WITH ORDINALITY AS r (result, place)
	CROSS JOIN jsonb_array_elements(r.result -> 'parts') WITH ORDINALITY AS q (part, place)
	CROSS JOIN LATERAL (SELECT 'b' || (r.result ->> 'code') || '.' || CASE q.part ->> 'code' WHEN 'PERF' THEN 'performance' ELSE lower(q.part ->> 'code') END) AS n (name)
) t
WHERE p.predicate -> 'rules' ? t.key;
COMMENT ON VIEW rekap_store.ruleset_rule IS 'The rules of predicates as the rulesets say them';
COMMENT ON COLUMN rekap_store.ruleset_rule.scorecard_id IS 'The scorecard';
COMMENT ON COLUMN rekap_store.ruleset_rule.predicate IS 'WBK or WBBM';
COMMENT ON COLUMN rekap_store.ruleset_rule.rule IS 'Name of the rule';
COMMENT ON COLUMN rekap_store.ruleset_rule.component IS 'The component that it judges';
COMMENT ON COLUMN rekap_store.ruleset_rule.bound IS 'What is enough';
COMMENT ON COLUMN rekap_store.ruleset_rule.percent IS 'Whether the bound is a percentage of the maximum';
COMMENT ON COLUMN rekap_store.ruleset_rule.place IS 'Order of the rules';

CREATE FUNCTION rekap_store.scorecards_changed() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM rekap_store.scorecard;
	INSERT INTO rekap_store.scorecard (scorecard_id, scorecard, root, valid_from, valid_to, zero_violations)
	SELECT scorecard_id, card ->> 'id', root, valid_from, valid_to, coalesce((card ->> 'zero_violations')::numeric, 1)
	FROM rekap_store.ruleset_scorecard;

	DELETE FROM rekap_store.score_leaf;
	INSERT INTO rekap_store.score_leaf (scorecard_id, leaf, weight)
	SELECT scorecard_id, leaf, weight
	FROM rekap_store.ruleset_leaf;

	DELETE FROM rekap_store.score_component;
	INSERT INTO rekap_store.score_component (scorecard_id, component, leaf)
	SELECT l.scorecard_id, array_to_string(p.parts[1:n], '.'), l.leaf
	FROM rekap_store.score_leaf l
	CROSS JOIN LATERAL (SELECT string_to_array(l.leaf, '.')) AS p (parts)
	CROSS JOIN LATERAL generate_series(1, cardinality(p.parts)) AS n;

	DELETE FROM rekap_store.score_item;
	INSERT INTO rekap_store.score_item (scorecard_id, item, leaf, scale, method)
	SELECT i.scorecard_id, i.item, i.leaf, i.scale, s.card -> 'measured' ->> i.item
	FROM (
		SELECT l.scorecard_id, l.items || '.' || chr(ascii('a') + i.place::integer - 1), l.leaf, i.scale
		FROM rekap_store.ruleset_leaf l
		CROSS JOIN LATERAL jsonb_array_elements_text(l.scales) WITH ORDINALITY AS i (scale, place)
		WHERE jsonb_typeof(l.scales) = 'array'
		UNION ALL
		SELECT l.scorecard_id, l.items, l.leaf, l.scales #>> '{}'
		FROM rekap_store.ruleset_leaf l
		WHERE jsonb_typeof(l.scales) = 'string'
	) AS i (scorecard_id, item, leaf, scale)
	JOIN rekap_store.ruleset_scorecard s USING (scorecard_id);

	DELETE FROM rekap_store.score_rule;
	INSERT INTO rekap_store.score_rule (scorecard_id, predicate, place, rule, component, bound)
	SELECT r.scorecard_id, r.predicate, r.place, r.rule, r.component,
		CASE WHEN r.percent THEN r.bound / 100 * (
			SELECT sum(l.weight)
			FROM rekap_store.score_component c
			JOIN rekap_store.score_leaf l USING (scorecard_id, leaf)
			WHERE c.scorecard_id = r.scorecard_id AND c.component = r.component)
		ELSE r.bound END
	FROM rekap_store.ruleset_rule r;

	DELETE FROM rekap_store.score_gate;
	INSERT INTO rekap_store.score_gate (scorecard_id, predicate, place, gate)
	SELECT s.scorecard_id, p.predicate ->> 'code', g.place, g.gate
	FROM rekap_store.ruleset_scorecard s
	CROSS JOIN jsonb_array_elements(s.card -> 'predicates') AS p (predicate)
	CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(p.predicate -> 'gates',
		'["lhkpn", "lhkasn", "audit_follow_up", "akip", "spip", "sp4n_lapor", "no_corruption"]'
		|| CASE p.predicate ->> 'code' WHEN 'WBBM' THEN '["wbk_before"]' ELSE '[]' END::jsonb)) WITH ORDINALITY AS g (gate, place);

	DELETE FROM rekap_store.score_band;
	INSERT INTO rekap_store.score_band (scorecard_id, place, band, minimum, inclusive)
	SELECT s.scorecard_id, b.place, b.band ->> 'band', (b.band ->> 'min')::numeric, coalesce((b.band ->> 'inclusive')::boolean, true)
	FROM rekap_store.ruleset_scorecard s
	CROSS JOIN jsonb_array_elements(s.bands) WITH ORDINALITY AS b (band, place);

	ANALYZE rekap_store.scorecard, rekap_store.score_leaf, rekap_store.score_component, rekap_store.score_item, rekap_store.score_rule, rekap_store.score_gate,
		rekap_store.score_band;
END $$;
COMMENT ON FUNCTION rekap_store.scorecards_changed() IS 'Lays the scorecards of rulesets out flat';

CREATE OR REPLACE FUNCTION rekap_store.basis_changed() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT pg_has_role(session_user, 'rekap_writer', 'MEMBER') AND NOT pg_has_role(session_user, 'rekap_owner', 'MEMBER') THEN
		RAISE insufficient_privilege USING MESSAGE = 'only members of rekap_writer may call basis_changed';
	END IF;
	PERFORM FROM rekap_store.basis FOR UPDATE;
	PERFORM rekap_store.units_changed();
	PERFORM rekap_store.indicators_changed();
	PERFORM rekap_store.scorecards_changed();
	ANALYZE rekap_store.basis;
END $$;

-- A row for each component, each gate and each item of each scorecard that there is: one for each unit, year and known scorecard with an answer. An answer names its scorecard by
-- id; of several versions the one valid on the year's last day counts, else the earliest.
--   total     what the methods add up, of the unit and all below it
--   measured  values of measured items; null where they are not defined
--   answer    of several assessors the highest
--   value     each item's value: measured, else answered
--   mean      of a leaf's items that have a value
--   leaf      weight × mean, exact and rounded
CREATE VIEW rekap_store.score AS
SELECT u.unit_code, c.unit_id, c.year, c.ruleset, c.scorecard_id, s.sort, s.component, s.score, s.max_score, s.percent, s.part_of, s.source
FROM (
	SELECT a.unit_id, a.year, a.ruleset, k.scorecard_id, k.zero_violations, make_date(a.year, 1, 1) AS first, make_date(a.year, 12, 31) AS last,
		least(make_date(a.year, 12, 31), b.as_of - 1) AS last_due
	FROM (SELECT DISTINCT unit_id, year, ruleset FROM rekap_store.assessment_answer) a
	CROSS JOIN (SELECT coalesce(as_of, (now() AT TIME ZONE zone)::date) AS as_of FROM rekap_store.basis LIMIT 1) b
	CROSS JOIN LATERAL (
		SELECT k.scorecard_id, k.zero_violations
		FROM rekap_store.scorecard k
		WHERE k.scorecard = a.ruleset
		ORDER BY make_date(a.year, 12, 31) BETWEEN k.valid_from AND k.valid_to DESC, k.scorecard_id
		LIMIT 1
	) k
) c
JOIN rekap_store.unit u USING (unit_id)
CROSS JOIN LATERAL (
	WITH total AS MATERIALIZED (
		SELECT m.method, m.part, coalesce((
			SELECT sum(CASE WHEN d.month + interval '1 month' <= s.last + 1 THEN d.total ELSE rekap_store.sum_of_days((ARRAY[d.d1, d.d2, d.d3, d.d4, d.d5, d.d6,
				d.d7, d.d8, d.d9, d.d10, d.d11, d.d12, d.d13, d.d14, d.d15, d.d16, d.d17, d.d18, d.d19, d.d20, d.d21, d.d22, d.d23, d.d24, d.d25,
				d.d26, d.d27, d.d28, d.d29, d.d30, d.d31])[1:s.last - d.month + 1]) END)
			FROM rekap_store.series x
			JOIN rekap_store.unit_above a ON a.above_id = c.unit_id
			JOIN rekap_store.measure_month d ON d.series_id = x.series_id AND d.unit_id = a.unit_id AND d.month BETWEEN s.first AND s.last
			WHERE x.measure = m.measure AND x.dimension = m.dimension), 0) AS total
		FROM rekap_store.measured_sum m
		JOIN (VALUES
			('year', c.first, c.last),
			('due', c.first, c.last_due),
			('before', (c.first - interval '1 year')::date, c.first - 1),
			('q1', c.first, (c.first + interval '3 months')::date - 1),
			('q2', (c.first + interval '3 months')::date, (c.first + interval '6 months')::date - 1),
			('q3', (c.first + interval '6 months')::date, (c.first + interval '9 months')::date - 1),
			('q4', (c.first + interval '9 months')::date, c.last)) AS s (span, first, last) USING (span)
	), sums AS (
		SELECT method, sum(total) FILTER (WHERE part = 'numerator') AS numerator, sum(total) FILTER (WHERE part = 'denominator') AS denominator,
			bool_and(total > 0) FILTER (WHERE part IN ('reports', 'reports_before')) AS reported,
			count(*) FILTER (WHERE part IN ('q1', 'q2', 'q3', 'q4') AND total > 0) AS rounds
		FROM total
		GROUP BY method
	), measured AS (
		SELECT method,
			CASE method
			WHEN 'violation_reduction' THEN CASE WHEN reported THEN rekap_store.reduction(numerator, denominator, c.zero_violations) END
			WHEN 'report_on_time' THEN CASE WHEN denominator <> 0 THEN ARRAY[(numerator = denominator)::integer, 1] END
			WHEN 'survey_rounds' THEN CASE WHEN rounds > 0 THEN ARRAY[rounds, 4] END
			WHEN 'spak' THEN rekap_store.share(numerator, 4 * denominator)
			WHEN 'spkp' THEN rekap_store.share(numerator, 4 * denominator)
			ELSE rekap_store.share(numerator, denominator) END AS value
		FROM sums
	), answer AS MATERIALIZED (
		SELECT DISTINCT ON (a.item) a.item, a.answer, a.numerator, a.denominator, a.assessor
		FROM rekap_store.assessment_answer a
		WHERE a.unit_id = c.unit_id AND a.year = c.year AND a.ruleset = c.ruleset
		ORDER BY a.item, CASE a.assessor WHEN 'tpn' THEN 1 WHEN 'tpi' THEN 2 ELSE 3 END
	), value AS MATERIALIZED (
		SELECT i.item, i.leaf, CASE WHEN m.value IS NOT NULL THEN 'measured' ELSE a.assessor END AS source, coalesce(m.value, CASE WHEN v.value IS NOT NULL THEN ARRAY[v.value, 1] END,
			CASE i.scale
			WHEN 'RATIO' THEN rekap_store.share(a.numerator, a.denominator)
			WHEN 'SURVEY' THEN rekap_store.share(a.numerator, a.denominator)
			WHEN 'REDUCTION' THEN rekap_store.reduction(a.numerator, a.denominator, c.zero_violations) END) AS value
		FROM rekap_store.score_item i
		LEFT JOIN measured m USING (method)
		LEFT JOIN answer a USING (item)
		LEFT JOIN rekap_store.answer_value v USING (scale, answer)
		WHERE i.scorecard_id = c.scorecard_id
	), mean AS (
		SELECT v.leaf, count(*) AS n, rekap_store.fraction_sum(array_agg(v.value)) AS total
		FROM value v
		WHERE v.value IS NOT NULL
		GROUP BY v.leaf
	), leaf AS MATERIALIZED (
		SELECT l.leaf, l.weight, ARRAY[l.weight * m.total[1], m.n * m.total[2]] AS exact, rekap_store.ratio(l.weight * m.total[1], m.n * m.total[2]) AS score
		FROM rekap_store.score_leaf l
		LEFT JOIN mean m USING (leaf)
		WHERE l.scorecard_id = c.scorecard_id
	)
	SELECT 'component' AS sort, x.component, x.score, x.max_score, rekap_store.ratio(100 * x.total[1], x.total[2] * x.max_score) AS percent,
		NULL AS part_of, NULL AS source
	FROM (
		SELECT k.component, sum(l.score) AS score, sum(l.weight) AS max_score,
			rekap_store.fraction_sum(array_agg(l.exact) FILTER (WHERE l.score IS NOT NULL)) AS total
		FROM rekap_store.score_component k
		JOIN leaf l USING (leaf)
		WHERE k.scorecard_id = c.scorecard_id
		GROUP BY k.component
	) x
	UNION ALL
	SELECT 'gate', g.gate, CASE WHEN m.denominator > 0 THEN m.numerator >= m.denominator ELSE coalesce(a.answer = 'yes', false) END::integer, 1, NULL, NULL, NULL
	FROM (SELECT DISTINCT gate FROM rekap_store.score_gate WHERE scorecard_id = c.scorecard_id) g
	LEFT JOIN sums m ON m.method = g.gate AND g.gate IN ('lhkpn', 'lhkasn')
	LEFT JOIN answer a ON a.item = 'G.' || g.gate
	UNION ALL
	SELECT 'item', v.item, 0.01 * rekap_store.ratio(100 * v.value[1], v.value[2]), 1, NULL, v.leaf, v.source
	FROM value v
) s;
COMMENT ON VIEW rekap_store.score IS 'Components, gates and items of each scorecard';
COMMENT ON COLUMN rekap_store.score.unit_code IS 'The unit assessed';
COMMENT ON COLUMN rekap_store.score.unit_id IS 'Its number';
COMMENT ON COLUMN rekap_store.score.year IS 'The year assessed';
COMMENT ON COLUMN rekap_store.score.ruleset IS 'The scorecard';
COMMENT ON COLUMN rekap_store.score.scorecard_id IS 'The version of it';
COMMENT ON COLUMN rekap_store.score.sort IS 'What the row is about: component, gate or item';
COMMENT ON COLUMN rekap_store.score.component IS 'Its name';
COMMENT ON COLUMN rekap_store.score.score IS 'The score; of a gate 1 if it is met, else 0; of an item its value, to four decimals; null: nothing is answered';
COMMENT ON COLUMN rekap_store.score.max_score IS 'The score that can be reached';
COMMENT ON COLUMN rekap_store.score.percent IS 'Of the maximum, from unrounded scores';
COMMENT ON COLUMN rekap_store.score.part_of IS 'Of an item: the leaf whose mean it is part of';
COMMENT ON COLUMN rekap_store.score.source IS 'Of an item: where its value is from, measured or an assessor';

CREATE VIEW rekap.scorecard AS
SELECT s.unit_code, s.year, s.ruleset, s.component, s.score, s.max_score, s.percent
FROM rekap_store.score s
WHERE s.sort = 'component';
COMMENT ON VIEW rekap.scorecard IS 'Scorecards of units, from the items'' leaves to the total: an indicative self-assessment';
COMMENT ON COLUMN rekap.scorecard.unit_code IS 'The unit assessed';
COMMENT ON COLUMN rekap.scorecard.year IS 'The year assessed';
COMMENT ON COLUMN rekap.scorecard.ruleset IS 'The scorecard, e.g. zi-2021';
COMMENT ON COLUMN rekap.scorecard.component IS 'ZI: all; ZI.A: enablers; ZI.A.MP: an area; ZI.A.MP.P and .R: fulfilment and reform; ZI.A.MP.P.1: a leaf; ZI.B: results; …';
COMMENT ON COLUMN rekap.scorecard.score IS 'Weight times mean of the items that have a value, rounded half away from zero to two decimals; above leaves their sum; null: nothing is answered';
COMMENT ON COLUMN rekap.scorecard.max_score IS 'The score that can be reached';
COMMENT ON COLUMN rekap.scorecard.percent IS 'Score in percent of the maximum, from unrounded scores, rounded to two decimals';

CREATE VIEW rekap.scorecard_item AS
SELECT s.unit_code, s.year, s.ruleset, s.component AS item, s.part_of AS component, i.scale, a.self, a.tpi, a.tpn, s.source, trim_scale(s.score) AS value
FROM rekap_store.score s
JOIN rekap_store.score_item i ON i.scorecard_id = s.scorecard_id AND i.item = s.component
CROSS JOIN LATERAL (
	SELECT max(n.answer) FILTER (WHERE n.assessor = 'self') AS self, max(n.answer) FILTER (WHERE n.assessor = 'tpi') AS tpi,
		max(n.answer) FILTER (WHERE n.assessor = 'tpn') AS tpn
	FROM (
		SELECT b.assessor, coalesce(b.answer, trim_scale(b.numerator) || '/' || trim_scale(b.denominator)) AS answer
		FROM rekap_store.assessment_answer b
		WHERE b.unit_id = s.unit_id AND b.year = s.year AND b.ruleset = s.ruleset AND b.item = s.component
	) n
) a
WHERE s.sort = 'item';
COMMENT ON VIEW rekap.scorecard_item IS 'The items behind a scorecard: the assessors'' answers side by side, which of them or which measurement counts, and what it is worth';
COMMENT ON COLUMN rekap.scorecard_item.unit_code IS 'The unit assessed';
COMMENT ON COLUMN rekap.scorecard_item.year IS 'The year assessed';
COMMENT ON COLUMN rekap.scorecard_item.ruleset IS 'The scorecard, e.g. zi-2021';
COMMENT ON COLUMN rekap.scorecard_item.item IS 'The item, e.g. P.MP.1.a';
COMMENT ON COLUMN rekap.scorecard_item.component IS 'The leaf of rekap.scorecard whose mean it is part of';
COMMENT ON COLUMN rekap.scorecard_item.scale IS 'Which answers it takes: YT, A3, A4, A5, RATIO, REDUCTION, SURVEY';
COMMENT ON COLUMN rekap.scorecard_item.self IS 'The unit''s own answer, or numerator/denominator; null: none';
COMMENT ON COLUMN rekap.scorecard_item.tpi IS 'The internal team''s answer; null: none';
COMMENT ON COLUMN rekap.scorecard_item.tpn IS 'The national team''s answer; null: none';
COMMENT ON COLUMN rekap.scorecard_item.source IS 'What counts: measured (from events), tpn, tpi or self; null: nothing is there';
COMMENT ON COLUMN rekap.scorecard_item.value IS 'What it is worth, 0 to 1, to four decimals; null: no value, it is left out of the mean';

CREATE VIEW rekap.predicate_gap AS
SELECT s.unit_code, s.year, s.ruleset, r.predicate, r.rule, trim_scale(r.bound) AS required, coalesce(s.score, 0) AS actual, trim_scale(r.bound - coalesce(s.score, 0)) AS missing,
	'indicative: the ministry awards' AS note
FROM rekap_store.score s
JOIN rekap_store.score_rule r USING (scorecard_id, component)
WHERE s.sort = 'component' AND coalesce(s.score, 0) < r.bound;
COMMENT ON VIEW rekap.predicate_gap IS 'What a unit still lacks for a predicate: a row for each rule that its score fails. Indicative: the ministry awards';
COMMENT ON COLUMN rekap.predicate_gap.unit_code IS 'The unit assessed';
COMMENT ON COLUMN rekap.predicate_gap.year IS 'The year assessed';
COMMENT ON COLUMN rekap.predicate_gap.ruleset IS 'The scorecard, e.g. zi-2021';
COMMENT ON COLUMN rekap.predicate_gap.predicate IS 'WBK or WBBM';
COMMENT ON COLUMN rekap.predicate_gap.rule IS 'The rule that fails: total, enablers, area.…, b1, b1.spak, b1.performance or b2';
COMMENT ON COLUMN rekap.predicate_gap.required IS 'The score that is enough';
COMMENT ON COLUMN rekap.predicate_gap.actual IS 'The score of the unit; nothing answered is 0';
COMMENT ON COLUMN rekap.predicate_gap.missing IS 'The difference';
COMMENT ON COLUMN rekap.predicate_gap.note IS 'What a predicate worked out here is worth';

CREATE VIEW rekap.predicate AS
SELECT s.unit_code, s.year, s.ruleset, p.predicate, cardinality(f.failing_rules) = 0 AS meets_score, f.failing_rules,
	cardinality(f.failing_gates) = 0 AS meets_conditions, f.failing_gates, 'indicative: the ministry awards' AS note
FROM (
	SELECT unit_code, year, ruleset, scorecard_id, jsonb_object_agg(component, score) FILTER (WHERE sort = 'component') AS scores,
		jsonb_object_agg(component, score) FILTER (WHERE sort = 'gate') AS gates
	FROM rekap_store.score
	GROUP BY unit_code, year, ruleset, scorecard_id
) s
JOIN (
	SELECT scorecard_id, predicate FROM rekap_store.score_rule
	UNION
	SELECT scorecard_id, predicate FROM rekap_store.score_gate
) p USING (scorecard_id)
CROSS JOIN LATERAL (
	SELECT ARRAY(
			SELECT r.rule
			FROM rekap_store.score_rule r
			WHERE r.scorecard_id = s.scorecard_id AND r.predicate = p.predicate AND coalesce((s.scores ->> r.component)::numeric, 0) < r.bound
			ORDER BY r.place) AS failing_rules,
		ARRAY(
			SELECT g.gate
			FROM rekap_store.score_gate g
			WHERE g.scorecard_id = s.scorecard_id AND g.predicate = p.predicate AND s.gates ->> g.gate = '0'
			ORDER BY g.place) AS failing_gates
) f;
COMMENT ON VIEW rekap.predicate IS 'Whether a unit meets a predicate: its scores, and apart from them the conditions. Indicative: the ministry awards';
COMMENT ON COLUMN rekap.predicate.unit_code IS 'The unit assessed';
COMMENT ON COLUMN rekap.predicate.year IS 'The year assessed';
COMMENT ON COLUMN rekap.predicate.ruleset IS 'The scorecard, e.g. zi-2021';
COMMENT ON COLUMN rekap.predicate.predicate IS 'WBK (free from corruption) or WBBM (clean and serving)';
COMMENT ON COLUMN rekap.predicate.meets_score IS 'Whether no rule fails';
COMMENT ON COLUMN rekap.predicate.failing_rules IS 'The rules that its scores fail; rekap.predicate_gap tells by how much';
COMMENT ON COLUMN rekap.predicate.meets_conditions IS 'Whether no gate fails';
COMMENT ON COLUMN rekap.predicate.failing_gates IS 'The conditions that are not met';
COMMENT ON COLUMN rekap.predicate.note IS 'What a predicate worked out here is worth';

CREATE VIEW rekap.evaluation AS
SELECT s.unit_code, s.year, s.ruleset, k.root AS code, s.score, s.max_score, (
		SELECT b.band
		FROM rekap_store.score_band b
		WHERE b.scorecard_id = s.scorecard_id AND s.score IS NOT NULL
			AND (b.minimum IS NULL OR s.score > b.minimum OR b.inclusive AND s.score = b.minimum)
		ORDER BY b.place
		LIMIT 1) AS band
FROM rekap_store.score s
JOIN rekap_store.scorecard k USING (scorecard_id)
WHERE s.sort = 'component' AND s.component = k.root AND EXISTS (SELECT FROM rekap_store.score_band b WHERE b.scorecard_id = s.scorecard_id);
COMMENT ON VIEW rekap.evaluation IS 'Evaluations with a predicate or level of their own, as AKIP, SPBE and SPIP: score and band';
COMMENT ON COLUMN rekap.evaluation.unit_code IS 'The unit evaluated';
COMMENT ON COLUMN rekap.evaluation.year IS 'The year evaluated';
COMMENT ON COLUMN rekap.evaluation.ruleset IS 'The scorecard, e.g. akip-2021';
COMMENT ON COLUMN rekap.evaluation.code IS 'AKIP, SPBE, SPIP, …';
COMMENT ON COLUMN rekap.evaluation.score IS 'The score; rekap.scorecard has its components; null: nothing is answered';
COMMENT ON COLUMN rekap.evaluation.max_score IS 'The score that can be reached';
COMMENT ON COLUMN rekap.evaluation.band IS 'The predicate or level that the score falls into';

SELECT rekap_store.basis_changed();
