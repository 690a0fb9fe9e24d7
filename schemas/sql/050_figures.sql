-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- Figures in milliseconds, after ten years as after one: rekap.indicator_value anew, with the same columns and the same values.
--
-- A stock is a sum from the first day on. So a series that a stock is made of has a second one, of its years: for each unit and year a row of the roll-up whose
-- month is January and whose total is that of the year, added to in the same statement as its months. A stock is then the years before, and this year's months.
--
-- A question about one unit reads that unit. Whether its figure is a complement (semantics §8) depends on its siblings: they are looked at one by one, until one is found
-- that would be suppressed before it. A question about all units reads months as they lie, series by series.

CREATE INDEX measure_month_by_series ON rekap_store.measure_month (series_id, month);
-- For the first and the last month only.
CREATE INDEX measure_month_ends ON rekap_store.measure_month (month);
DROP INDEX rekap_store.measure_month_by_month;

ALTER TABLE rekap_store.series ADD COLUMN years_id integer;
COMMENT ON COLUMN rekap_store.series.years_id IS 'The series of its years, where a stock is made of it; null: none';
COMMENT ON COLUMN rekap_store.series.dimension IS 'Empty, or key=value; of years: years, or years:key=value';
COMMENT ON COLUMN rekap_store.measure_month.month IS 'First day of the month; in a series of years, of the year';
COMMENT ON COLUMN rekap_store.measure_month.total IS 'Sum of all days of the month; in a series of years, which has no days, of the year';

ALTER TABLE rekap_store.unit_place ADD COLUMN leaf boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN rekap_store.unit_place.leaf IS 'Whether no unit is below';

ALTER TABLE rekap_store.unit_above
	ADD COLUMN above_code text COLLATE "C",
	ADD COLUMN upper_id integer,
	ADD COLUMN leaf boolean;
CREATE INDEX unit_above_by_code ON rekap_store.unit_above (above_code, unit_id);
COMMENT ON COLUMN rekap_store.unit_above.above_code IS 'Of above_id: its code';
COMMENT ON COLUMN rekap_store.unit_above.upper_id IS 'Of above_id: the unit above it';
COMMENT ON COLUMN rekap_store.unit_above.leaf IS 'Of above_id: whether no unit is below';

CREATE TABLE rekap_store.rule_series (
	rule_id integer NOT NULL,
	grain text NOT NULL,
	series_id integer NOT NULL,
	span text NOT NULL,
	numerator boolean NOT NULL,
	denominator boolean NOT NULL,
	base boolean NOT NULL,
	presence boolean NOT NULL,
	judged boolean NOT NULL,
	alone boolean NOT NULL,
	PRIMARY KEY (rule_id, grain, series_id, span)
);
COMMENT ON TABLE rekap_store.rule_series IS 'rekap_store.rule_part by series: each is read once, whatever it is good for';
COMMENT ON COLUMN rekap_store.rule_series.rule_id IS 'The indicator';
COMMENT ON COLUMN rekap_store.rule_series.grain IS 'The grain';
COMMENT ON COLUMN rekap_store.rule_series.series_id IS 'The series';
COMMENT ON COLUMN rekap_store.rule_series.span
	IS 'Its days: over (those that the indicator''s over tells), period (the period''s), before (the period before''s), years (a stock''s years before its last)';
COMMENT ON COLUMN rekap_store.rule_series.numerator IS 'Whether it belongs to the numerator';
COMMENT ON COLUMN rekap_store.rule_series.denominator IS 'Whether it belongs to the denominator';
COMMENT ON COLUMN rekap_store.rule_series.base IS 'Whether it tells the number of cases';
COMMENT ON COLUMN rekap_store.rule_series.presence IS 'Whether it tells that there is a row';
COMMENT ON COLUMN rekap_store.rule_series.judged
	IS 'Whether it is needed to know who has how many cases: base is, and where cases alone do not make a row, the others too';
COMMENT ON COLUMN rekap_store.rule_series.alone IS 'Whether it is base, and nothing else is needed';

-- As numbers of series: those that no event has named yet are made here.
CREATE FUNCTION rekap_store.series_changed() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	made bigint;
BEGIN
	INSERT INTO rekap_store.series (measure, dimension)
	SELECT DISTINCT measure, dimension FROM rekap_store.rule_part
	EXCEPT
	SELECT measure, dimension FROM rekap_store.series
	ORDER BY 1, 2;

	WITH stock AS (
		SELECT DISTINCT p.measure, p.dimension, concat_ws(':', 'years', nullif(p.dimension, '')) COLLATE "C" AS years
		FROM rekap_store.rule_part p
		JOIN rekap_store.indicator_rule r USING (rule_id)
		JOIN rekap_store.series s USING (measure, dimension)
		WHERE r."over" = 'stock' AND s.years_id IS NULL
	), fresh AS (
		INSERT INTO rekap_store.series (measure, dimension)
		SELECT measure, years FROM stock ORDER BY 1, 2
		RETURNING series_id, measure, dimension
	)
	UPDATE rekap_store.series s SET years_id = f.series_id
	FROM stock x
	JOIN fresh f ON f.measure = x.measure AND f.dimension = x.years
	WHERE s.measure = x.measure AND s.dimension = x.dimension;
	GET DIAGNOSTICS made = ROW_COUNT;
	IF made > 0 THEN
		PERFORM rekap_store.heal_years();
	END IF;

	DELETE FROM rekap_store.rule_series;
	INSERT INTO rekap_store.rule_series (rule_id, grain, series_id, span, numerator, denominator, base, presence, judged, alone)
	SELECT rule_id, grain, series_id, span, numerator, denominator, base, presence, base OR NOT sufficient, base AND sufficient AND n = 1 AND "over" <> 'stock'
	FROM (
		SELECT q.*, count(*) FILTER (WHERE base) OVER w AS n,
			NOT only_present AND (bool_and(base = numerator) OVER w OR bool_and(base = denominator) OVER w) AS sufficient
		FROM (
			SELECT p.rule_id, p.grain, s.series_id, x.span, r."over", r."over" = 'ytd' OR r.reduction AS only_present, bool_or(p.part = 'numerator') AS numerator,
				bool_or(p.part = 'denominator') AS denominator, bool_or(p.part = 'presence') AS presence,
				bool_or(p.part = CASE WHEN r.based THEN 'base' WHEN r.denominator IS NOT NULL OR r.reduction THEN 'denominator' ELSE 'numerator' END) AS base
			FROM rekap_store.rule_part p
			JOIN rekap_store.indicator_rule r USING (rule_id)
			JOIN rekap_store.series s USING (measure, dimension)
			CROSS JOIN LATERAL (
				SELECT CASE WHEN r.reduction AND p.part = 'denominator' THEN 'before' WHEN r."over" = 'ytd' AND p.part = 'presence' THEN 'period' ELSE 'over' END
			) AS x (span)
			GROUP BY p.rule_id, p.grain, s.series_id, x.span, r."over", r.reduction
		) q
		WINDOW w AS (PARTITION BY rule_id, grain)
	) q;
	INSERT INTO rekap_store.rule_series (rule_id, grain, series_id, span, numerator, denominator, base, presence, judged, alone)
	SELECT q.rule_id, q.grain, s.years_id, 'years', q.numerator, q.denominator, q.base, q.presence, q.judged, false
	FROM rekap_store.rule_series q
	JOIN rekap_store.indicator_rule r USING (rule_id)
	JOIN rekap_store.series s USING (series_id)
	WHERE r."over" = 'stock';

	ANALYZE rekap_store.series, rekap_store.rule_series;
END $$;
COMMENT ON FUNCTION rekap_store.series_changed() IS 'Lays the series of indicators out flat, and makes those that are missing';

-- Nobody else may write meanwhile: whoever calls it holds the lock of figures, or is the only writer.
CREATE FUNCTION rekap_store.heal_years() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
	DELETE FROM rekap_store.measure_month y
	USING rekap_store.series s
	WHERE y.series_id = s.years_id AND NOT EXISTS (
		SELECT FROM rekap_store.measure_month m
		WHERE m.series_id = s.series_id AND m.unit_id = y.unit_id AND m.month BETWEEN y.month AND (y.month + interval '11 months')::date);
	INSERT INTO rekap_store.measure_month AS y (series_id, unit_id, month, total)
	SELECT s.years_id, m.unit_id, date_trunc('year', m.month::timestamp)::date, sum(m.total)
	FROM rekap_store.series s
	JOIN rekap_store.measure_month m USING (series_id)
	WHERE s.years_id IS NOT NULL
	GROUP BY 1, 2, 3
	ORDER BY 1, 2, 3
	ON CONFLICT (series_id, unit_id, month) DO UPDATE SET total = excluded.total WHERE y.total <> excluded.total;
$$;
COMMENT ON FUNCTION rekap_store.heal_years() IS 'Makes the series of years the sums of their months again';

CREATE OR REPLACE FUNCTION rekap_store.basis_changed() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF NOT pg_has_role(session_user, 'rekap_writer', 'MEMBER') AND NOT pg_has_role(session_user, 'rekap_owner', 'MEMBER') THEN
		RAISE insufficient_privilege USING MESSAGE = 'only members of rekap_writer may call basis_changed';
	END IF;
	PERFORM FROM rekap_store.basis FOR UPDATE;
	PERFORM rekap_store.units_changed();
	UPDATE rekap_store.unit_place SET leaf = false WHERE unit_id IN (SELECT upper_id FROM rekap_store.unit_place);
	UPDATE rekap_store.unit_above a SET above_code = p.unit_code, upper_id = p.upper_id, leaf = p.leaf FROM rekap_store.unit_place p WHERE p.unit_id = a.above_id;
	PERFORM rekap_store.indicators_changed();
	PERFORM rekap_store.series_changed();
	PERFORM rekap_store.scorecards_changed();
	ANALYZE rekap_store.basis, rekap_store.unit_place, rekap_store.unit_above;
END $$;

-- Months between the first and the last that hold anything, or that of the as-of day: stocks have figures in empty months too.
CREATE VIEW rekap_store.figure_basis AS
SELECT b.suppression_threshold::numeric AS threshold, t.as_of, m.first, greatest(m.last, date_trunc('month', t.as_of::timestamp)::date) AS last
FROM rekap_store.basis b
CROSS JOIN LATERAL (SELECT coalesce(b.as_of, (now() AT TIME ZONE b.zone)::date) AS as_of) t
CROSS JOIN (SELECT min(month) AS first, max(month) AS last FROM rekap_store.measure_month) m
LIMIT 1;
COMMENT ON VIEW rekap_store.figure_basis IS 'What all figures depend on, in one row';
COMMENT ON COLUMN rekap_store.figure_basis.threshold IS 'Figures on fewer cases are suppressed; 0: none';
COMMENT ON COLUMN rekap_store.figure_basis.as_of IS 'The as-of day';
COMMENT ON COLUMN rekap_store.figure_basis.first IS 'The first month with figures; null: there are none';
COMMENT ON COLUMN rekap_store.figure_basis.last IS 'The last one';

-- Its settings keep it from being inlined: the planner would take a thousand periods of each grain for granted.
CREATE FUNCTION rekap_store.periods(of_grain text, first_month date, last_month date)
	RETURNS TABLE (grain text, period text, period_start date, period_end date, before_start date)
	LANGUAGE sql STABLE PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp AS $$
	SELECT g.grain, to_char(s.first, g.name) || CASE WHEN g.grain <> 'semester' THEN '' WHEN extract(month FROM s.first) < 7 THEN '1' ELSE '2' END,
		s.first::date, (s.first + g.step)::date - 1, (s.first - g.step)::date
	FROM (VALUES
		('day', 'YYYY-MM-DD', interval '1 day', first_month::timestamp),
		('week', 'IYYY"-W"IW', interval '7 days', date_trunc('week', first_month::timestamp)),
		('month', 'YYYY-MM', interval '1 month', first_month::timestamp),
		('quarter', 'YYYY"-Q"Q', interval '3 months', date_trunc('quarter', first_month::timestamp)),
		('semester', 'YYYY"-S"', interval '6 months',
			date_trunc('year', first_month::timestamp) + CASE WHEN extract(month FROM first_month) < 7 THEN interval '0' ELSE interval '6 months' END),
		('year', 'YYYY', interval '1 year', date_trunc('year', first_month::timestamp))) AS g (grain, name, step, first)
	CROSS JOIN generate_series(g.first, last_month + interval '1 month' - interval '1 day', g.step) AS s (first)
	WHERE g.grain = of_grain
$$;
COMMENT ON FUNCTION rekap_store.periods(text, date, date) IS 'The periods of a grain that share a day with the months from first to last';

CREATE VIEW rekap_store.figure_period AS
SELECT g.grain, p.grain AS made_grain, p.period, p.period_start, p.period_end, p.before_start
FROM rekap_store.figure_basis b
CROSS JOIN (VALUES ('day'), ('week'), ('month'), ('quarter'), ('semester'), ('year')) AS g (grain)
CROSS JOIN LATERAL rekap_store.periods(g.grain, b.first, b.last) AS p;
COMMENT ON VIEW rekap_store.figure_period IS 'The periods that figures are about, at each grain';
COMMENT ON COLUMN rekap_store.figure_period.grain IS 'day, week (ISO), month, quarter, semester or year';
COMMENT ON COLUMN rekap_store.figure_period.made_grain IS 'The same, of periods that were made: who joins it does so after that, and not once for each row of his own';
COMMENT ON COLUMN rekap_store.figure_period.period IS 'Name of the period';
COMMENT ON COLUMN rekap_store.figure_period.period_start IS 'First day';
COMMENT ON COLUMN rekap_store.figure_period.period_end IS 'Last day';
COMMENT ON COLUMN rekap_store.figure_period.before_start IS 'First day of the period before';

-- Inlined where it is used: it may hold no subquery.
CREATE FUNCTION rekap_store.total_within(month date, total numeric, days numeric[], first date, last date, last_whole date) RETURNS numeric
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
	WHEN month BETWEEN first AND last_whole THEN total
	WHEN first = last THEN days[first - month + 1]
	ELSE rekap_store.sum_of_days(days[greatest(first - month + 1, 1):least(last - month + 1, 31)]) END;
COMMENT ON FUNCTION rekap_store.total_within(date, numeric, numeric[], date, date, date)
	IS 'What a row of the roll-up holds of the days from first to last; last_whole is the last month that ends within them. Null: nothing';

CREATE VIEW rekap_store.measure_days AS
SELECT m.series_id, m.unit_id, m.month, m.total, ARRAY[m.d1, m.d2, m.d3, m.d4, m.d5, m.d6, m.d7, m.d8, m.d9, m.d10, m.d11, m.d12, m.d13, m.d14, m.d15, m.d16,
	m.d17, m.d18, m.d19, m.d20, m.d21, m.d22, m.d23, m.d24, m.d25, m.d26, m.d27, m.d28, m.d29, m.d30, m.d31] AS days
FROM rekap_store.measure_month m;
COMMENT ON VIEW rekap_store.measure_days IS 'The roll-up, with the days of each month as an array';
COMMENT ON COLUMN rekap_store.measure_days.series_id IS 'Measure and dimension';
COMMENT ON COLUMN rekap_store.measure_days.unit_id IS 'The unit itself, without those below';
COMMENT ON COLUMN rekap_store.measure_days.month IS 'First day of the month; in a series of years, of the year';
COMMENT ON COLUMN rekap_store.measure_days.total IS 'Sum of all days';
COMMENT ON COLUMN rekap_store.measure_days.days IS 'Value of each day; null: 0';

-- One indicator and period after the other:
--   w          the days that the indicator's "over" tells (semantics §5); same_month: they lie in one month
--   part       the series to add up, each over its days
--   f          the figures of the units asked for, each with all units below it: the rows there are
--   candidate  the number of cases of any unit, read only as far as somebody asks: leaves by themselves, a row each where one row tells; then all others at once
--   brood      of the children of one upper unit, how many are below the threshold, where that is one or none, and the smallest number that is not
--   link       the published child with that number, where suppressing it can be called for: one of its siblings is suppressed (then if the upper one is
--              published), or none is (then if the upper one is a complement itself)
--   chain      so links are complements in turn, from above: one that has a suppressed sibling unless its upper unit is a complement, any other if it is
-- A unit with a published sibling before it is no complement: mostly the first candidates tell, and the rest is not looked at.
CREATE OR REPLACE VIEW rekap.indicator_value AS
SELECT f.unit_code, r.indicator, t.grain, t.period, t.period_start, t.period_end,
	CASE WHEN NOT f.hidden THEN n.numerator END AS numerator,
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
FROM rekap_store.figure_basis b
CROSS JOIN rekap_store.indicator_rule r
JOIN rekap_store.figure_period t ON t.made_grain = ANY (r.grains) AND t.period_end BETWEEN r.valid_from AND r.valid_to
	AND (t.period_start <= b.as_of OR r."over" <> 'stock')
CROSS JOIN LATERAL (
	SELECT d.first, d.last, date_trunc('month', d.first::timestamp) = date_trunc('month', d.last::timestamp) AS same_month
	FROM (
		SELECT CASE r."over"
			WHEN 'stock' THEN date_trunc('year', least(t.period_end, b.as_of)::timestamp)::date
			WHEN 'ytd' THEN -- an ISO week belongs to the year of its Thursday
				date_trunc('year', (CASE t.grain WHEN 'week' THEN t.period_start + 3 ELSE t.period_start END)::timestamp)::date
			ELSE t.period_start END AS first,
			CASE r."over"
			WHEN 'stock' THEN least(t.period_end, b.as_of)
			WHEN 'due' THEN least(t.period_end, b.as_of - 1)
			ELSE t.period_end END AS last
	) d
	OFFSET 0 -- once
) w
CROSS JOIN LATERAL (
	WITH part AS (
		SELECT s.series_id, d.first, d.last, date_trunc('month', d.first::timestamp)::date AS first_month,
			(date_trunc('month', (d.last + 1)::timestamp) - interval '1 month')::date AS last_whole,
			s.numerator, s.denominator, s.base, s.presence, s.judged, s.alone AND w.same_month AS at_once
		FROM rekap_store.rule_series s
		CROSS JOIN LATERAL (
			SELECT CASE s.span WHEN 'over' THEN w.first WHEN 'period' THEN t.period_start WHEN 'before' THEN t.before_start WHEN 'years' THEN date '0001-01-01' END,
				CASE s.span WHEN 'over' THEN w.last WHEN 'period' THEN t.period_end WHEN 'before' THEN t.period_start - 1 WHEN 'years' THEN w.first - 1 END
		) AS d (first, last)
		WHERE s.rule_id = r.rule_id AND s.grain = t.grain
	), candidate AS (
		SELECT p.unit_id, p.unit_code, p.upper_id, rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole) AS base
		FROM part a
		JOIN rekap_store.measure_days m ON m.series_id = a.series_id AND m.month = a.first_month
		JOIN rekap_store.unit_place p ON p.unit_id = m.unit_id AND p.leaf
		WHERE a.at_once
		UNION ALL
		SELECT p.unit_id, p.unit_code, p.upper_id, s.base
		FROM rekap_store.unit_place p
		CROSS JOIN LATERAL (
			SELECT coalesce(sum(rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole)) FILTER (WHERE a.numerator), 0) AS numerator,
				coalesce(sum(rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole)) FILTER (WHERE a.denominator), 0) AS denominator,
				coalesce(sum(rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole)) FILTER (WHERE a.base), 0) AS base,
				coalesce(sum(rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole)) FILTER (WHERE a.presence), 0) AS presence
			FROM part a
			JOIN rekap_store.measure_days m ON m.series_id = a.series_id AND m.unit_id = p.unit_id AND m.month BETWEEN a.first_month AND a.last
			WHERE a.judged
		) s
		WHERE p.leaf AND NOT EXISTS (SELECT FROM part WHERE at_once)
			AND (s.presence <> 0 OR NOT (r."over" = 'ytd' OR r.reduction) AND (s.numerator <> 0 OR s.denominator <> 0))
		UNION ALL
		SELECT s.unit_id, s.unit_code, s.upper_id, s.base
		FROM (
			SELECT u.above_id AS unit_id, u.above_code AS unit_code, u.upper_id, coalesce(sum(a.value) FILTER (WHERE a.numerator), 0) AS numerator,
				coalesce(sum(a.value) FILTER (WHERE a.denominator), 0) AS denominator,
				coalesce(sum(a.value) FILTER (WHERE a.base), 0) AS base,
				coalesce(sum(a.value) FILTER (WHERE a.presence), 0) AS presence
			FROM (
				SELECT m.unit_id, a.numerator, a.denominator, a.base, a.presence,
					rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole) AS value
				FROM part a
				JOIN rekap_store.measure_days m ON m.series_id = a.series_id AND m.month BETWEEN a.first_month AND a.last
				OFFSET 0 -- month by month through the index, whatever the planner thinks of it
			) a
			JOIN rekap_store.unit_above u ON u.unit_id = a.unit_id AND NOT u.leaf
			GROUP BY u.above_id, u.above_code, u.upper_id
		) s
		WHERE s.presence <> 0 OR NOT (r."over" = 'ytd' OR r.reduction) AND (s.numerator <> 0 OR s.denominator <> 0)
	)
	SELECT s.unit_code, s.numerator, CASE WHEN r.denominator IS NOT NULL OR r.reduction THEN s.denominator END AS denominator,
		r.suppress AND b.threshold > 0 AND s.base > 0 AND (s.base < b.threshold OR s.upper_id IS NOT NULL
			AND NOT EXISTS (
				SELECT FROM candidate c
				WHERE c.upper_id = s.upper_id AND c.base >= b.threshold AND (c.base < s.base OR c.base = s.base AND c.unit_code < s.unit_code))
			AND s.unit_code = ANY ((
				WITH RECURSIVE brood AS (
					SELECT upper_id, count(*) FILTER (WHERE base < b.threshold) AS small, min(base) FILTER (WHERE base >= b.threshold) AS least
					FROM candidate
					WHERE base > 0
					GROUP BY upper_id
					HAVING count(*) FILTER (WHERE base < b.threshold) <= 1
				), link AS (
					SELECT DISTINCT ON (o.upper_id) o.upper_id, c.unit_id, c.unit_code, o.small = 1 AS turns
					FROM brood o
					JOIN candidate c ON c.upper_id = o.upper_id AND c.base = o.least
					WHERE EXISTS (SELECT FROM brood WHERE small = 1)
						AND EXISTS (SELECT FROM candidate u WHERE u.unit_id = o.upper_id AND (u.base <= 0 OR u.base >= b.threshold))
					ORDER BY o.upper_id, c.unit_code
				), chain AS (
					SELECT l.unit_id, l.unit_code, l.turns AS complement
					FROM link l
					WHERE NOT EXISTS (SELECT FROM link u WHERE u.unit_id = l.upper_id)
					UNION ALL
					SELECT l.unit_id, l.unit_code, l.turns <> c.complement
					FROM chain c
					JOIN link l ON l.upper_id = c.unit_id
				)
				SELECT ARRAY(SELECT unit_code FROM chain WHERE complement))::text[])) AS hidden
	FROM (
		SELECT u.above_code AS unit_code, u.upper_id, coalesce(sum(rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole)) FILTER (WHERE a.numerator), 0) AS numerator,
			coalesce(sum(rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole)) FILTER (WHERE a.denominator), 0) AS denominator,
			coalesce(sum(rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole)) FILTER (WHERE a.base), 0) AS base,
			coalesce(sum(rekap_store.total_within(m.month, m.total, m.days, a.first, a.last, a.last_whole)) FILTER (WHERE a.presence), 0) AS presence
		FROM rekap_store.unit_above u
		CROSS JOIN part a
		JOIN rekap_store.measure_days m ON m.series_id = a.series_id AND m.unit_id = u.unit_id AND m.month BETWEEN a.first_month AND a.last
		GROUP BY u.above_code, u.upper_id
	) s
	WHERE s.presence <> 0 OR NOT (r."over" = 'ytd' OR r.reduction) AND (s.numerator <> 0 OR s.denominator <> 0)
) f
CROSS JOIN LATERAL (SELECT CASE WHEN r.reduction THEN greatest(f.denominator - f.numerator, 0) ELSE f.numerator END) AS n (numerator)
CROSS JOIN LATERAL (
	SELECT CASE WHEN f.denominator IS NULL THEN n.numerator WHEN f.denominator <> 0 THEN rekap_store.ratio(n.numerator * r.scale, f.denominator) END
) AS v (value);
DROP VIEW rekap_store.period_present;
DROP VIEW rekap_store.month_present;

-- Plans of figures are long and their costs guessed high: to compile one takes a hundred times as long as to run it. The setting is the database owner's to make;
-- where this login may not, it stays as it is.
DO $$
BEGIN
	RESET ROLE;
	EXECUTE format('ALTER DATABASE %I SET jit = off', current_database());
EXCEPTION WHEN OTHERS THEN
	NULL;
END $$;
SET LOCAL ROLE rekap_owner;

CREATE OR REPLACE FUNCTION rekap_rebuild.swap_measures() RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
	c record;
	n bigint;
	total bigint;
	key constant text := 's.series_id = t.series_id AND s.unit_id = t.unit_id AND s.month = t.month';
	months constant text := 't.series_id NOT IN (SELECT years_id FROM rekap_store.series WHERE years_id IS NOT NULL)';
BEGIN
	SELECT string_agg(d, ', ') AS columns, string_agg('s.' || d, ', ') AS fresh, string_agg(format('coalesce(t.%s, 0)', d), ', ') AS live_day,
		string_agg(format('coalesce(s.%s, 0)', d), ', ') AS fresh_day, string_agg('0::numeric', ', ') AS nothing
	INTO c
	FROM (SELECT 'd' || i AS d FROM generate_series(1, 31) AS i UNION ALL SELECT 'total') AS q;
	EXECUTE format('DELETE FROM rekap_store.measure_month t WHERE ROW(%s) <> ROW(%s) AND %s AND NOT EXISTS (SELECT FROM rekap_rebuild.measure_month s WHERE %s)',
		c.live_day, c.nothing, months, key);
	GET DIAGNOSTICS total = ROW_COUNT;
	EXECUTE format('UPDATE rekap_store.measure_month t SET (%s) = ROW(%s) FROM rekap_rebuild.measure_month s WHERE %s AND %s AND ROW(%s) <> ROW(%s)',
		c.columns, c.fresh, key, months, c.live_day, c.fresh_day);
	GET DIAGNOSTICS n = ROW_COUNT;
	total := total + n;
	EXECUTE format('INSERT INTO rekap_store.measure_month (series_id, unit_id, month, %s) SELECT series_id, unit_id, month, %s FROM rekap_rebuild.measure_month s '
		'WHERE ROW(%s) <> ROW(%s) AND %s AND NOT EXISTS (SELECT FROM rekap_store.measure_month t WHERE %s)', c.columns, c.fresh, c.fresh_day, c.nothing,
		replace(months, 't.', 's.'), key);
	GET DIAGNOSTICS n = ROW_COUNT;
	PERFORM rekap_store.heal_years();
	RETURN total + n;
END $$;

SELECT rekap_store.basis_changed();
