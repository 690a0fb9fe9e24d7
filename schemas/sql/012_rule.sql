-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- What rulesets say of indicators, to the letter (semantics §7, §8): bands are those that are valid on the period's last day, from whichever file; the number of cases
-- behind a stock is its numerator; and an indicator that does not say whether it is suppressed is, if its measure counts people or what they did.
-- The parts of basis_changed() stand alone from here on; 030 puts them together with that of scorecards.

CREATE OR REPLACE VIEW rekap_store.ruleset_part AS
WITH indicator AS (
	SELECT r.ruleset, i ->> 'code' AS indicator, g AS grain, i ->> 'over' AS "over",
		i ->> 'numerator' AS numerator, CASE WHEN i ->> 'kind' = 'reduction' THEN i ->> 'numerator' ELSE i ->> 'denominator' END AS denominator,
		coalesce(i ->> 'base', CASE WHEN i ->> 'over' = 'stock' THEN i ->> 'numerator' END) AS base, i ->> 'presence' AS presence
	FROM rekap_store.ruleset r
	CROSS JOIN jsonb_array_elements(r.body -> 'indicators') AS i
	CROSS JOIN jsonb_array_elements_text(i -> 'grains') AS g
), grain (grain, place) AS (VALUES ('day', 1), ('week', 2), ('month', 3), ('quarter', 4), ('semester', 5), ('year', 6))
SELECT i.ruleset, i.indicator, i.grain, p.part, split_part(p.reference, '{', 1) AS measure,
	CASE WHEN i."over" IN ('exact', 'nested') THEN 'grain=' || d.grain ELSE rtrim(split_part(p.reference, '{', 2), '}') END AS dimension
FROM indicator i
JOIN grain g USING (grain)
JOIN grain d ON d.grain = i.grain OR i."over" = 'nested' AND d.place < g.place
CROSS JOIN LATERAL (VALUES ('numerator', i.numerator), ('denominator', i.denominator), ('base', i.base), ('presence', i.presence)) AS p (part, reference)
WHERE p.reference IS NOT NULL;

-- An indicator has a row for each span of days in which the same bands judge it.
ALTER TABLE rekap_store.indicator_rule DROP CONSTRAINT indicator_rule_indicator_ruleset_key;
COMMENT ON COLUMN rekap_store.indicator_rule.valid_from IS 'First day of the ruleset, or of other bands within it; periods are judged by their last day';
COMMENT ON COLUMN rekap_store.indicator_rule.valid_to IS 'Last day of that; infinity: until further notice';

CREATE OR REPLACE VIEW rekap.indicator AS
SELECT DISTINCT indicator, title_id, title_en, numerator, denominator, scale, direction, basis, ruleset
FROM rekap_store.indicator_rule;

CREATE FUNCTION rekap_store.units_changed() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM rekap_store.unit_place;
	INSERT INTO rekap_store.unit_place (unit_id, unit_code, upper_id)
	SELECT 0, 'region', NULL
	UNION ALL
	SELECT u.unit_id, u.unit_code, coalesce(p.unit_id, 0)
	FROM rekap_store.unit u
	LEFT JOIN rekap_store.unit p ON p.unit_code = u.parent_code;

	DELETE FROM rekap_store.unit_above;
	WITH RECURSIVE above AS (
		SELECT unit_id, unit_id AS above_id, 0 AS distance
		FROM rekap_store.unit_place
		UNION ALL
		SELECT a.unit_id, p.upper_id, a.distance + 1
		FROM above a
		JOIN rekap_store.unit_place p ON p.unit_id = a.above_id
		WHERE p.upper_id IS NOT NULL
	)
	INSERT INTO rekap_store.unit_above (unit_id, above_id, distance)
	SELECT unit_id, above_id, distance
	FROM above;

	ANALYZE rekap_store.unit_place, rekap_store.unit_above;
END $$;
COMMENT ON FUNCTION rekap_store.units_changed() IS 'Lays the tree of units out flat';

CREATE FUNCTION rekap_store.indicators_changed() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	DELETE FROM rekap_store.indicator_rule;
	INSERT INTO rekap_store.indicator_rule (rule_id, ruleset, valid_from, valid_to, indicator, title_id, title_en, numerator, denominator, scale, direction, basis, "over",
		reduction, suppress, based, banded, grains)
	SELECT row_number() OVER (ORDER BY i ->> 'code', s.first), r.ruleset, s.first, s.last, i ->> 'code', i ->> 'title_id', i ->> 'title_en', i ->> 'numerator',
		i ->> 'denominator', (i ->> 'scale')::numeric, i ->> 'direction', i ->> 'basis', i ->> 'over', i ->> 'kind' IS NOT DISTINCT FROM 'reduction',
		coalesce((i ->> 'suppress')::boolean,
			split_part(i ->> 'numerator', '.', 1) IN ('complaint', 'survey', 'service', 'gratification', 'whistleblow', 'discipline')),
		i ->> 'base' IS NOT NULL OR i ->> 'over' = 'stock', i ->> 'bands' IS NOT NULL, ARRAY(SELECT jsonb_array_elements_text(i -> 'grains'))
	FROM rekap_store.ruleset r
	CROSS JOIN jsonb_array_elements(r.body -> 'indicators') AS i
	CROSS JOIN LATERAL (
		SELECT d.first, lead(d.first - 1, 1, coalesce(r.valid_to, 'infinity')) OVER (ORDER BY d.first) AS last
		FROM (
			SELECT r.valid_from AS first
			UNION
			SELECT d.first
			FROM rekap_store.ruleset b
			CROSS JOIN LATERAL (VALUES (b.valid_from), (b.valid_to + 1)) AS d (first)
			WHERE b.body -> 'bands' ? (i ->> 'bands') AND d.first BETWEEN r.valid_from AND coalesce(r.valid_to, 'infinity')
		) d
	) s
	WHERE r.valid_from <= coalesce(r.valid_to, 'infinity');

	DELETE FROM rekap_store.rule_part;
	INSERT INTO rekap_store.rule_part (rule_id, grain, part, measure, dimension)
	SELECT i.rule_id, p.grain, p.part, p.measure, p.dimension
	FROM rekap_store.ruleset_part p
	JOIN rekap_store.indicator_rule i USING (ruleset, indicator);

	DELETE FROM rekap_store.rule_band;
	INSERT INTO rekap_store.rule_band (rule_id, place, band, minimum, inclusive)
	SELECT i.rule_id, b.place, b.band ->> 'band', (b.band ->> 'min')::numeric, coalesce((b.band ->> 'inclusive')::boolean, true)
	FROM rekap_store.indicator_rule i
	JOIN rekap_store.ruleset r USING (ruleset)
	CROSS JOIN jsonb_array_elements(r.body -> 'indicators') AS x
	JOIN rekap_store.ruleset f ON i.valid_from BETWEEN f.valid_from AND coalesce(f.valid_to, 'infinity')
	CROSS JOIN jsonb_array_elements(f.body -> 'bands' -> (x ->> 'bands')) WITH ORDINALITY AS b (band, place)
	WHERE x ->> 'code' = i.indicator;

	ANALYZE rekap_store.indicator_rule, rekap_store.rule_part, rekap_store.rule_band;
END $$;
COMMENT ON FUNCTION rekap_store.indicators_changed() IS 'Lays the indicators of rulesets out flat';
