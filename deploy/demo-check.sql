-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- deploy/demo: prints every difference between the figures and those the sample counted itself (CSV files in the current folder). psql variables: year, records.
CREATE TEMP TABLE measures (unit_code text, measure text, value numeric);
CREATE TEMP TABLE indicators (unit_code text, indicator text, numerator numeric);
CREATE TEMP TABLE rejects (reason text, records bigint);
\copy measures FROM 'measures.csv' (FORMAT csv, HEADER)
\copy indicators FROM 'indicators.csv' (FORMAT csv, HEADER)
\copy rejects FROM 'rejects.csv' (FORMAT csv, HEADER)

SELECT 'measure', unit_code, measure, 'expected', coalesce(e.value, 0), 'got', coalesce(g.value, 0)
FROM measures e
FULL JOIN (
	SELECT unit_code, measure, sum(value) AS value FROM rekap.measure_day
	WHERE dimension = '' AND measure IN (SELECT measure FROM measures) AND to_char(day, 'YYYY') = :'year'
	GROUP BY unit_code, measure
) g USING (unit_code, measure)
WHERE coalesce(e.value, 0) <> coalesce(g.value, 0);

-- A suppressed figure is small, or hides one that is; it is not there at all.
SELECT 'indicator', unit_code, indicator, 'expected', coalesce(e.numerator, 0), 'got', g.state, coalesce(g.numerator, 0)
FROM indicators e
FULL JOIN (
	SELECT unit_code, indicator, numerator, state FROM rekap.indicator_value
	WHERE grain = 'year' AND period = :'year' AND indicator IN (SELECT indicator FROM indicators)
) g USING (unit_code, indicator)
WHERE CASE WHEN g.state = 'suppressed' THEN g.numerator IS NOT NULL OR coalesce(e.numerator, 0) = 0
	ELSE coalesce(e.numerator, 0) <> coalesce(g.numerator, 0) END;

SELECT 'rejects', reason, 'expected', coalesce(e.records, 0), 'got', coalesce(g.records, 0)
FROM (SELECT reason, sum(records) AS records FROM rejects GROUP BY reason) e
FULL JOIN (SELECT reason, count(*) AS records FROM rekap.reject GROUP BY reason) g USING (reason)
WHERE coalesce(e.records, 0) <> coalesce(g.records, 0);

SELECT 'records', 'expected', :records, 'got', sum(next_offset) FROM rekap.ingest_offset HAVING sum(next_offset) IS DISTINCT FROM :records;
