-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- deploy/demo: a year's complaint indicators per unit, parents before those below them. psql variable: year.
WITH RECURSIVE tree AS (
	SELECT unit_code, name, 0 AS depth, ARRAY[kind IS DISTINCT FROM 'region', true] AS top, ARRAY[unit_code] AS path
	FROM rekap.unit WHERE parent_code IS NULL
	UNION ALL
	SELECT u.unit_code, u.name, t.depth + 1, t.top, t.path || u.unit_code
	FROM rekap.unit u JOIN tree t ON u.parent_code = t.unit_code
), shown AS (
	SELECT unit_code, indicator,
		CASE WHEN state = 'suppressed' THEN 'supp.' WHEN state = 'no_denominator' THEN '-'
			WHEN denominator IS NULL THEN trim_scale(value)::text ELSE round(value, 2)::text END AS value
	FROM rekap.indicator_value WHERE grain = 'year' AND period = :'year'
), wide AS (
	SELECT unit_code,
		max(value) FILTER (WHERE indicator = 'complaint.received') AS received,
		max(value) FILTER (WHERE indicator = 'complaint.resolved') AS resolved,
		max(value) FILTER (WHERE indicator = 'complaint.resolution_on_time_pct') AS on_time,
		max(value) FILTER (WHERE indicator = 'complaint.resolution_days') AS days,
		max(value) FILTER (WHERE indicator = 'complaint.open') AS open,
		max(value) FILTER (WHERE indicator = 'complaint.overdue') AS overdue,
		max(value) FILTER (WHERE indicator = 'complaint.rating') AS rating
	FROM shown GROUP BY unit_code
)
SELECT repeat('  ', depth) || coalesce(name, unit_code) AS unit,
	lpad(received, 8) AS received, lpad(resolved, 8) AS resolved, lpad(on_time, 9) AS "on time %", lpad(days, 9) AS "mean days",
	lpad(open, 5) AS open, lpad(overdue, 7) AS overdue, lpad(rating, 6) AS rating
FROM tree LEFT JOIN wide USING (unit_code)
ORDER BY top, path;
