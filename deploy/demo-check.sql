-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- deploy/demo: prints every difference between the figures and those the sample counted itself (CSV files in the current folder). psql variables: year, records.
CREATE TEMP TABLE measures (unit_code text, measure text, dimension text, value numeric);
CREATE TEMP TABLE indicators (unit_code text, indicator text, numerator numeric, denominator numeric);
CREATE TEMP TABLE scorecards (unit_code text, component text, score numeric);
CREATE TEMP TABLE rejects (reason text, records bigint);
\copy measures FROM 'measures.csv' (FORMAT csv, HEADER)
\copy indicators FROM 'indicators.csv' (FORMAT csv, HEADER)
\copy scorecards FROM 'scorecards.csv' (FORMAT csv, HEADER)
\copy rejects FROM 'rejects.csv' (FORMAT csv, HEADER)

SELECT 'measure', unit_code, measure, dimension, 'expected', coalesce(e.value, 0), 'got', coalesce(g.value, 0)
FROM measures e
FULL JOIN (
	SELECT unit_code, measure, dimension, sum(value) AS value FROM rekap.measure_day
	WHERE (measure, dimension) IN (SELECT measure, dimension FROM measures) AND to_char(day, 'YYYY') = :'year'
	GROUP BY unit_code, measure, dimension
) g USING (unit_code, measure, dimension)
WHERE coalesce(e.value, 0) <> coalesce(g.value, 0);

-- A suppressed figure is small, or hides one that is; it is not there at all. A count has no denominator.
SELECT 'indicator', unit_code, indicator, 'expected', e.numerator, e.denominator, 'got', g.state, g.numerator, g.denominator
FROM indicators e
FULL JOIN (
	SELECT unit_code, indicator, numerator, denominator, state FROM rekap.indicator_value
	WHERE grain = 'year' AND period = :'year' AND indicator IN (SELECT indicator FROM indicators)
) g USING (unit_code, indicator)
WHERE CASE WHEN g.state = 'suppressed' THEN g.numerator IS NOT NULL OR g.denominator IS NOT NULL OR coalesce(e.denominator, e.numerator, 0) = 0
	ELSE coalesce(e.numerator, 0) <> coalesce(g.numerator, 0) OR coalesce(e.denominator, 0) <> coalesce(g.denominator, 0) END;

SELECT 'scorecard', unit_code, component, 'expected', e.score, 'got', g.score
FROM scorecards e
FULL JOIN (SELECT unit_code, component, score FROM rekap.scorecard WHERE year = :year) g USING (unit_code, component)
WHERE e.unit_code IS NULL OR g.unit_code IS NULL OR e.score IS DISTINCT FROM g.score;

SELECT 'rejects', reason, 'expected', coalesce(e.records, 0), 'got', coalesce(g.records, 0)
FROM (SELECT reason, sum(records) AS records FROM rejects GROUP BY reason) e
FULL JOIN (SELECT reason, count(*) AS records FROM rekap.reject GROUP BY reason) g USING (reason)
WHERE coalesce(e.records, 0) <> coalesce(g.records, 0);

SELECT 'records', 'expected', :records, 'got', sum(next_offset) FROM rekap.ingest_offset HAVING sum(next_offset) IS DISTINCT FROM :records;
