-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- From the roll-up to figures (semantics §5, §7, §8): rekap.indicator and rekap.indicator_value.
--
-- Rulesets are jsonb and units a tree: both are laid out flat, in the tables below, by rekap_store.basis_changed() whenever they change. The figures themselves
-- are nowhere stored: the view adds the roll-up up for one indicator and period after the other, so that whatever a query asks about indicator, grain or period
-- reaches the roll-up's index.

-- Both columns of the index never change: updates of the roll-up stay HOT.
CREATE INDEX measure_month_by_month ON rekap_store.measure_month (month, series_id);

CREATE FUNCTION rekap_store.sum_of_days(days numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT sum(day) FROM unnest(days) AS day);
COMMENT ON FUNCTION rekap_store.sum_of_days(numeric[]) IS 'Sum of some days of the roll-up; null: they hold nothing';

-- In hundredths and whole numbers: numeric division rounds by itself at some digit, and rounding twice may end on the wrong side of a half.
CREATE FUNCTION rekap_store.ratio(numerator numeric, denominator numeric) RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN sign(numerator) * sign(denominator) * div(200 * abs(numerator) + abs(denominator), 2 * abs(denominator)) * 0.01;
COMMENT ON FUNCTION rekap_store.ratio(numeric, numeric) IS 'The exact quotient, rounded half away from zero to two decimals';

CREATE TABLE rekap_store.unit_place (
	unit_id integer PRIMARY KEY,
	unit_code text COLLATE "C" NOT NULL UNIQUE,
	upper_id integer
);
COMMENT ON TABLE rekap_store.unit_place IS 'The tree of units: the register''s, below the region';
COMMENT ON COLUMN rekap_store.unit_place.unit_id IS 'The unit; 0: the region';
COMMENT ON COLUMN rekap_store.unit_place.unit_code IS 'Its code';
COMMENT ON COLUMN rekap_store.unit_place.upper_id IS 'The unit above, or the region; null: nothing is above the region';

CREATE TABLE rekap_store.unit_above (
	unit_id integer NOT NULL,
	above_id integer NOT NULL,
	distance integer NOT NULL,
	PRIMARY KEY (unit_id, above_id)
);
COMMENT ON TABLE rekap_store.unit_above IS 'Each unit with itself and all that is above it, up to the region';
COMMENT ON COLUMN rekap_store.unit_above.unit_id IS 'The unit';
COMMENT ON COLUMN rekap_store.unit_above.above_id IS 'Itself, or a unit above';
COMMENT ON COLUMN rekap_store.unit_above.distance IS 'Steps between the two; 0: itself';

CREATE TABLE rekap_store.indicator_rule (
	rule_id integer PRIMARY KEY,
	ruleset text NOT NULL REFERENCES rekap_store.ruleset,
	valid_from date NOT NULL,
	valid_to date NOT NULL,
	indicator text NOT NULL,
	title_id text NOT NULL,
	title_en text NOT NULL,
	numerator text NOT NULL,
	denominator text,
	scale numeric NOT NULL,
	direction text NOT NULL,
	basis text,
	"over" text NOT NULL,
	reduction boolean NOT NULL,
	suppress boolean NOT NULL,
	based boolean NOT NULL,
	banded boolean NOT NULL,
	grains text[] NOT NULL,
	UNIQUE (indicator, ruleset)
);
COMMENT ON TABLE rekap_store.indicator_rule IS 'The indicators of all rulesets in use';
COMMENT ON COLUMN rekap_store.indicator_rule.rule_id IS 'Number of the row';
COMMENT ON COLUMN rekap_store.indicator_rule.ruleset IS 'The ruleset it is from';
COMMENT ON COLUMN rekap_store.indicator_rule.valid_from IS 'First day of the ruleset; periods are judged by their last day';
COMMENT ON COLUMN rekap_store.indicator_rule.valid_to IS 'Last day of the ruleset; infinity: until further notice';
COMMENT ON COLUMN rekap_store.indicator_rule.indicator IS 'Code of the indicator';
COMMENT ON COLUMN rekap_store.indicator_rule.title_id IS 'Title in Indonesian';
COMMENT ON COLUMN rekap_store.indicator_rule.title_en IS 'Title in English';
COMMENT ON COLUMN rekap_store.indicator_rule.numerator IS 'Measure of the numerator, as measure{key=value}';
COMMENT ON COLUMN rekap_store.indicator_rule.denominator IS 'Measure of the denominator; null: a count';
COMMENT ON COLUMN rekap_store.indicator_rule.scale IS 'Factor of the ratio';
COMMENT ON COLUMN rekap_store.indicator_rule.direction IS 'higher or lower: which is better; none: neither';
COMMENT ON COLUMN rekap_store.indicator_rule.basis IS 'The regulation behind it';
COMMENT ON COLUMN rekap_store.indicator_rule."over" IS 'Which days count: period, due, stock, ytd, exact or nested';
COMMENT ON COLUMN rekap_store.indicator_rule.reduction IS 'Compares with the period before: (before - now) / before';
COMMENT ON COLUMN rekap_store.indicator_rule.suppress IS 'Whether figures on few cases are suppressed';
COMMENT ON COLUMN rekap_store.indicator_rule.based IS 'Whether a measure of its own tells the number of cases; else denominator, or numerator';
COMMENT ON COLUMN rekap_store.indicator_rule.banded IS 'Whether the value falls into bands';
COMMENT ON COLUMN rekap_store.indicator_rule.grains IS 'The grains it exists for';

CREATE TABLE rekap_store.rule_part (
	rule_id integer NOT NULL,
	grain text NOT NULL,
	part text NOT NULL,
	measure text COLLATE "C" NOT NULL,
	dimension text COLLATE "C" NOT NULL,
	PRIMARY KEY (rule_id, grain, part, measure, dimension)
);
COMMENT ON TABLE rekap_store.rule_part IS 'What an indicator adds up at each of its grains';
COMMENT ON COLUMN rekap_store.rule_part.rule_id IS 'The indicator';
COMMENT ON COLUMN rekap_store.rule_part.grain IS 'The grain';
COMMENT ON COLUMN rekap_store.rule_part.part IS 'numerator, denominator, base (the number of cases) or presence (whether there is a row)';
COMMENT ON COLUMN rekap_store.rule_part.measure IS 'The measure';
COMMENT ON COLUMN rekap_store.rule_part.dimension IS 'Its dimension; empty: none';

CREATE TABLE rekap_store.rule_band (
	rule_id integer NOT NULL,
	place integer NOT NULL,
	band text NOT NULL,
	minimum numeric,
	inclusive boolean NOT NULL,
	PRIMARY KEY (rule_id, place)
);
COMMENT ON TABLE rekap_store.rule_band IS 'The bands of an indicator, best first: the first whose minimum is met';
COMMENT ON COLUMN rekap_store.rule_band.rule_id IS 'The indicator';
COMMENT ON COLUMN rekap_store.rule_band.place IS 'Order; 1 is the best';
COMMENT ON COLUMN rekap_store.rule_band.band IS 'Name of the band';
COMMENT ON COLUMN rekap_store.rule_band.minimum IS 'Lower bound of the rounded value; null: none';
COMMENT ON COLUMN rekap_store.rule_band.inclusive IS 'Whether the bound itself belongs to the band';

-- Which series an indicator adds up at a grain: "exact" and "nested" name none, since the grain is their dimension. A reduction's denominator is its numerator
-- in the period before.
CREATE VIEW rekap_store.ruleset_part AS
WITH indicator AS (
	SELECT r.ruleset, i ->> 'code' AS indicator, g AS grain, i ->> 'over' AS "over",
		i ->> 'numerator' AS numerator, CASE WHEN i ->> 'kind' = 'reduction' THEN i ->> 'numerator' ELSE i ->> 'denominator' END AS denominator,
		i ->> 'base' AS base, i ->> 'presence' AS presence
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
COMMENT ON VIEW rekap_store.ruleset_part IS 'rekap_store.rule_part as the rulesets say it';
COMMENT ON COLUMN rekap_store.ruleset_part.ruleset IS 'The ruleset';
COMMENT ON COLUMN rekap_store.ruleset_part.indicator IS 'Code of the indicator';
COMMENT ON COLUMN rekap_store.ruleset_part.grain IS 'The grain';
COMMENT ON COLUMN rekap_store.ruleset_part.part IS 'numerator, denominator, base or presence';
COMMENT ON COLUMN rekap_store.ruleset_part.measure IS 'The measure';
COMMENT ON COLUMN rekap_store.ruleset_part.dimension IS 'Its dimension; empty: none';

-- Called by the writer, in the transaction in which it changed units or rulesets. Replacing a few hundred rows costs less than comparing them.
CREATE FUNCTION rekap_store.basis_changed() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT pg_has_role(session_user, 'rekap_writer', 'MEMBER') AND NOT pg_has_role(session_user, 'rekap_owner', 'MEMBER') THEN
		RAISE insufficient_privilege USING MESSAGE = 'only members of rekap_writer may call basis_changed';
	END IF;
	PERFORM FROM rekap_store.basis FOR UPDATE;

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

	DELETE FROM rekap_store.indicator_rule;
	INSERT INTO rekap_store.indicator_rule
	SELECT row_number() OVER (ORDER BY i ->> 'code', r.valid_from), r.ruleset, r.valid_from, coalesce(r.valid_to, 'infinity'),
		i ->> 'code', i ->> 'title_id', i ->> 'title_en', i ->> 'numerator', i ->> 'denominator', (i ->> 'scale')::numeric, i ->> 'direction', i ->> 'basis',
		i ->> 'over', i ->> 'kind' IS NOT DISTINCT FROM 'reduction', coalesce((i ->> 'suppress')::boolean, false), i ->> 'base' IS NOT NULL,
		i ->> 'bands' IS NOT NULL, ARRAY(SELECT jsonb_array_elements_text(i -> 'grains'))
	FROM rekap_store.ruleset r
	CROSS JOIN jsonb_array_elements(r.body -> 'indicators') AS i
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
	CROSS JOIN jsonb_array_elements(r.body -> 'bands' -> (x ->> 'bands')) WITH ORDINALITY AS b (band, place)
	WHERE x ->> 'code' = i.indicator;

	ANALYZE rekap_store.basis, rekap_store.unit_place, rekap_store.unit_above, rekap_store.indicator_rule, rekap_store.rule_part, rekap_store.rule_band;
END $$;
COMMENT ON FUNCTION rekap_store.basis_changed() IS 'Lays units and rulesets out flat; the writer calls it whenever it changed them';

-- The months from the first that holds anything to the last, or to that of the as-of day: stocks have figures in empty months too. The roll-up's months are
-- found by jumping from one to the next in the index.
CREATE VIEW rekap_store.month_present AS
WITH RECURSIVE present AS (
	(SELECT month FROM rekap_store.measure_month ORDER BY month LIMIT 1)
	UNION ALL
	SELECT (SELECT m.month FROM rekap_store.measure_month m WHERE m.month > p.month ORDER BY m.month LIMIT 1)
	FROM present p
	WHERE p.month IS NOT NULL
), today AS (
	SELECT coalesce(as_of, (now() AT TIME ZONE zone)::date) AS as_of
	FROM rekap_store.basis
)
SELECT s.month::date AS month, (s.month + interval '1 month')::date - 1 AS month_end, p.month IS NOT NULL AS filled
FROM generate_series((SELECT min(month) FROM present)::timestamp,
	greatest((SELECT max(month) FROM present), (SELECT as_of FROM today)), interval '1 month') AS s (month)
LEFT JOIN present p ON p.month = s.month::date;
COMMENT ON VIEW rekap_store.month_present IS 'The months that figures are about';
COMMENT ON COLUMN rekap_store.month_present.month IS 'First day';
COMMENT ON COLUMN rekap_store.month_present.month_end IS 'Last day';
COMMENT ON COLUMN rekap_store.month_present.filled IS 'Whether the roll-up holds anything of the month';

CREATE VIEW rekap_store.period_present AS
SELECT 'day' AS grain, to_char(d.day, 'YYYY-MM-DD') AS period, d.day::date AS period_start, d.day::date AS period_end, d.day::date - 1 AS before_start, m.filled
FROM rekap_store.month_present m
CROSS JOIN generate_series(m.month::timestamp, m.month_end, interval '1 day') AS d (day)
UNION ALL
SELECT 'week', to_char(w.week, 'IYYY"-W"IW'), w.week::date, w.week::date + 6, w.week::date - 7, bool_or(m.filled)
FROM rekap_store.month_present m
CROSS JOIN generate_series(date_trunc('week', m.month::timestamp), m.month_end, interval '7 days') AS w (week)
GROUP BY w.week
UNION ALL
SELECT 'month', to_char(m.month::timestamp, 'YYYY-MM'), m.month, m.month_end, (m.month - interval '1 month')::date, m.filled
FROM rekap_store.month_present m
UNION ALL
SELECT 'quarter', to_char(q.first, 'YYYY"-Q"Q'), q.first::date,
	(q.first + interval '3 months')::date - 1, (q.first - interval '3 months')::date, bool_or(m.filled)
FROM rekap_store.month_present m
CROSS JOIN LATERAL (SELECT date_trunc('quarter', m.month::timestamp)) AS q (first)
GROUP BY q.first
UNION ALL
SELECT 'semester', to_char(s.first, 'YYYY"-S"') || CASE WHEN extract(month FROM s.first) < 7 THEN 1 ELSE 2 END, s.first::date,
	(s.first + interval '6 months')::date - 1, (s.first - interval '6 months')::date, bool_or(m.filled)
FROM rekap_store.month_present m
CROSS JOIN LATERAL (
	SELECT date_trunc('year', m.month::timestamp) + CASE WHEN extract(month FROM m.month) < 7 THEN interval '0' ELSE interval '6 months' END
) AS s (first)
GROUP BY s.first
UNION ALL
SELECT 'year', to_char(y.first, 'YYYY'), y.first::date, (y.first + interval '1 year')::date - 1, (y.first - interval '1 year')::date, bool_or(m.filled)
FROM rekap_store.month_present m
CROSS JOIN LATERAL (SELECT date_trunc('year', m.month::timestamp)) AS y (first)
GROUP BY y.first;
COMMENT ON VIEW rekap_store.period_present IS 'The periods that figures are about, at each grain';
COMMENT ON COLUMN rekap_store.period_present.grain IS 'day, week (ISO), month, quarter, semester or year';
COMMENT ON COLUMN rekap_store.period_present.period IS 'Name of the period';
COMMENT ON COLUMN rekap_store.period_present.period_start IS 'First day';
COMMENT ON COLUMN rekap_store.period_present.period_end IS 'Last day';
COMMENT ON COLUMN rekap_store.period_present.before_start IS 'First day of the period before';
COMMENT ON COLUMN rekap_store.period_present.filled IS 'Whether the roll-up holds anything of its months';

CREATE VIEW rekap.indicator AS
SELECT indicator, title_id, title_en, numerator, denominator, scale, direction, basis, ruleset
FROM rekap_store.indicator_rule;
COMMENT ON VIEW rekap.indicator IS 'What each indicator means: a row for each ruleset that defines it';
COMMENT ON COLUMN rekap.indicator.indicator IS 'Code of the indicator';
COMMENT ON COLUMN rekap.indicator.title_id IS 'Title in Indonesian';
COMMENT ON COLUMN rekap.indicator.title_en IS 'Title in English';
COMMENT ON COLUMN rekap.indicator.numerator IS 'Measure of the numerator, as measure{key=value}';
COMMENT ON COLUMN rekap.indicator.denominator IS 'Measure of the denominator; null: a count';
COMMENT ON COLUMN rekap.indicator.scale IS 'Factor of the ratio: value = numerator / denominator * scale';
COMMENT ON COLUMN rekap.indicator.direction IS 'higher or lower: which is better; none: neither';
COMMENT ON COLUMN rekap.indicator.basis IS 'The regulation behind it';
COMMENT ON COLUMN rekap.indicator.ruleset IS 'The ruleset it is from';

-- One indicator and period after the other:
--   part    the series to add up, each over its days (semantics §5)
--   own     each unit's own sums
--   figure  those of the unit and all below it: the rows there are
--   judged  who is below the threshold, and among the children of one upper unit: how many are, and which published one has the smallest base
--   link    that one, where suppressing it can be called for: one of its siblings is suppressed (then if the upper one is published), or none is (then if the
--           upper one is a complement itself). So a link is a complement if, going up from link to link, an odd number of them has a suppressed sibling.
CREATE VIEW rekap.indicator_value AS
SELECT p.unit_code, r.indicator, t.grain, t.period, t.period_start, t.period_end,
	CASE WHEN NOT f.hidden THEN f.numerator END AS numerator,
	CASE WHEN NOT f.hidden THEN f.denominator END AS denominator,
	CASE WHEN NOT f.hidden THEN v.value END AS value,
	CASE WHEN f.hidden THEN 'suppressed' WHEN f.denominator = 0 THEN 'no_denominator' ELSE 'value' END AS state,
	CASE WHEN NOT f.hidden AND r.banded AND v.value IS NOT NULL THEN (
		SELECT b.band
		FROM rekap_store.rule_band b
		WHERE b.rule_id = r.rule_id AND (b.minimum IS NULL OR v.value > b.minimum OR b.inclusive AND v.value = b.minimum)
		ORDER BY b.place
		LIMIT 1)
	END AS band,
	r.ruleset
FROM (
	SELECT suppression_threshold AS threshold, coalesce(as_of, (now() AT TIME ZONE zone)::date) AS as_of,
		ARRAY(SELECT m.month FROM rekap_store.month_present m WHERE m.filled ORDER BY m.month) AS months,
		ARRAY(SELECT m.month_end FROM rekap_store.month_present m WHERE m.filled ORDER BY m.month) AS month_ends
	FROM rekap_store.basis
	LIMIT 1
) b
CROSS JOIN rekap_store.indicator_rule r
JOIN rekap_store.period_present t ON t.grain = ANY (r.grains) AND t.period_end BETWEEN r.valid_from AND r.valid_to
	AND (t.filled OR r."over" = 'stock') AND (t.period_start <= b.as_of OR r."over" <> 'stock')
CROSS JOIN LATERAL (
	WITH part AS (
		SELECT p.part, s.series_id,
			CASE
			WHEN r."over" = 'stock' THEN date '0001-01-01'
			WHEN r."over" = 'ytd' AND p.part <> 'presence' THEN -- an ISO week belongs to the year of its Thursday
				date_trunc('year', (CASE t.grain WHEN 'week' THEN t.period_start + 3 ELSE t.period_start END)::timestamp)::date
			WHEN r.reduction AND p.part = 'denominator' THEN t.before_start
			ELSE t.period_start END AS first,
			CASE
			WHEN r."over" = 'stock' THEN least(t.period_end, b.as_of)
			WHEN r."over" = 'due' THEN least(t.period_end, b.as_of - 1)
			WHEN r.reduction AND p.part = 'denominator' THEN t.period_start - 1
			ELSE t.period_end END AS last
		FROM rekap_store.rule_part p
		JOIN rekap_store.series s USING (measure, dimension)
		WHERE p.rule_id = r.rule_id AND p.grain = t.grain
	), own AS (
		SELECT d.unit_id,
			sum(d.value) FILTER (WHERE a.part = 'numerator') AS numerator,
			sum(d.value) FILTER (WHERE a.part = 'denominator') AS denominator,
			sum(d.value) FILTER (WHERE a.part = 'base') AS base,
			sum(d.value) FILTER (WHERE a.part = 'presence') AS presence
		FROM part a
		JOIN unnest(b.months, b.month_ends) AS n (month, month_end) ON n.month <= a.last AND n.month_end >= a.first
		CROSS JOIN LATERAL (
			SELECT m.unit_id, CASE
				WHEN n.month >= a.first AND n.month_end <= a.last THEN m.total
				WHEN a.first = a.last THEN x.days[a.first - n.month + 1]
				ELSE rekap_store.sum_of_days(x.days[greatest(a.first - n.month + 1, 1):least(a.last - n.month + 1, 31)]) END AS value
			FROM rekap_store.measure_month m
			CROSS JOIN LATERAL (SELECT ARRAY[m.d1, m.d2, m.d3, m.d4, m.d5, m.d6, m.d7, m.d8, m.d9, m.d10, m.d11, m.d12, m.d13, m.d14, m.d15, m.d16,
				m.d17, m.d18, m.d19, m.d20, m.d21, m.d22, m.d23, m.d24, m.d25, m.d26, m.d27, m.d28, m.d29, m.d30, m.d31]) AS x (days)
			WHERE m.month = n.month AND m.series_id = a.series_id
			OFFSET 0 -- month by month through the index, whatever the planner thinks of it
		) d
		GROUP BY d.unit_id
	), summed AS (
		SELECT u.above_id AS unit_id, coalesce(sum(o.numerator), 0) AS numerator,
			CASE WHEN r.denominator IS NOT NULL OR r.reduction THEN coalesce(sum(o.denominator), 0) END AS denominator,
			CASE WHEN r.based THEN coalesce(sum(o.base), 0) END AS base, coalesce(sum(o.presence), 0) AS presence
		FROM own o
		JOIN rekap_store.unit_above u USING (unit_id)
		GROUP BY u.above_id
	), figure AS (
		SELECT unit_id, CASE WHEN r.reduction THEN greatest(denominator - numerator, 0) ELSE numerator END AS numerator, denominator,
			coalesce(base, denominator, numerator) AS base
		FROM summed
		WHERE presence <> 0 OR NOT (r."over" = 'ytd' OR r.reduction) AND (numerator <> 0 OR denominator <> 0)
	), judged AS (
		SELECT f.unit_id, p.upper_id, f.base < b.threshold AS small,
			count(*) FILTER (WHERE f.base < b.threshold) OVER (PARTITION BY p.upper_id) AS small_siblings,
			row_number() OVER (PARTITION BY p.upper_id ORDER BY f.base < b.threshold, f.base, p.unit_code) = 1 AS smallest
		FROM figure f
		JOIN rekap_store.unit_place p USING (unit_id)
		WHERE r.suppress AND b.threshold > 0 AND f.base > 0
	), link AS (
		SELECT j.unit_id, j.small_siblings = 1 AS turns
		FROM judged j
		WHERE j.smallest AND NOT j.small AND j.small_siblings <= 1
			AND EXISTS (SELECT FROM figure f WHERE f.unit_id = j.upper_id AND NOT (f.base > 0 AND f.base < b.threshold))
	), complement AS (
		SELECT c.unit_id
		FROM (
			SELECT l.unit_id, k.turns, bool_and(k.unit_id IS NOT NULL) OVER (PARTITION BY l.unit_id ORDER BY a.distance) AS linked
			FROM link l
			JOIN rekap_store.unit_above a USING (unit_id)
			LEFT JOIN link k ON k.unit_id = a.above_id
		) c
		WHERE c.linked
		GROUP BY c.unit_id
		HAVING count(*) FILTER (WHERE c.turns) % 2 = 1
	)
	SELECT f.unit_id, f.numerator, f.denominator,
		r.suppress AND b.threshold > 0 AND (f.base > 0 AND f.base < b.threshold OR f.unit_id IN (SELECT c.unit_id FROM complement c)) AS hidden
	FROM figure f
) f
JOIN rekap_store.unit_place p USING (unit_id)
CROSS JOIN LATERAL (
	SELECT CASE WHEN f.denominator IS NULL THEN f.numerator WHEN f.denominator <> 0 THEN rekap_store.ratio(f.numerator * r.scale, f.denominator) END
) AS v (value);
COMMENT ON VIEW rekap.indicator_value IS 'The figures: each indicator for each unit with all units below it, at each grain; no row is no data';
COMMENT ON COLUMN rekap.indicator_value.unit_code IS 'The unit, with all units below it; region: the total';
COMMENT ON COLUMN rekap.indicator_value.indicator IS 'Code of the indicator: rekap.indicator tells what it means';
COMMENT ON COLUMN rekap.indicator_value.grain IS 'day, week (ISO), month, quarter, semester or year';
COMMENT ON COLUMN rekap.indicator_value.period IS '2024-03-26, 2024-W13, 2024-03, 2024-Q1, 2024-S1 or 2024';
COMMENT ON COLUMN rekap.indicator_value.period_start IS 'First day of the period';
COMMENT ON COLUMN rekap.indicator_value.period_end IS 'Last day of the period';
COMMENT ON COLUMN rekap.indicator_value.numerator IS 'Sum of the numerator''s measure, unscaled; null: suppressed';
COMMENT ON COLUMN rekap.indicator_value.denominator IS 'Sum of the denominator''s measure; null: a count, or suppressed';
COMMENT ON COLUMN rekap.indicator_value.value IS 'numerator / denominator * scale, rounded half away from zero to two decimals; of a count the numerator';
COMMENT ON COLUMN rekap.indicator_value.state IS 'value; no_denominator: a ratio of nothing; suppressed: on too few cases, or needed to hide such a figure';
COMMENT ON COLUMN rekap.indicator_value.band IS 'The band that the value falls into; null: the indicator has none';
COMMENT ON COLUMN rekap.indicator_value.ruleset IS 'The ruleset it was computed with: the one valid on the last day of the period';
