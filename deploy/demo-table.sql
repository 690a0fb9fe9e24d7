-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- deploy/demo: a year's key indicators per unit, parents before those below them. psql variable: year.
WITH RECURSIVE tree AS (
	SELECT unit_code, name, 0 AS depth, ARRAY[kind IS DISTINCT FROM 'region', true] AS top, ARRAY[unit_code] AS path
	FROM rekap.unit WHERE parent_code IS NULL
	UNION ALL
	SELECT u.unit_code, u.name, t.depth + 1, t.top, t.path || u.unit_code
	FROM rekap.unit u JOIN tree t ON u.parent_code = t.unit_code
), shown AS (
	SELECT unit_code, indicator,
		CASE WHEN state = 'suppressed' THEN 'supp.' WHEN state = 'no_denominator' THEN '-'
			WHEN denominator IS NULL THEN trim_scale(value)::text ELSE round(value, 2)::text END
			|| CASE WHEN indicator = 'survey.ikm' THEN coalesce(' ' || band, '') ELSE '' END AS value
	FROM rekap.indicator_value WHERE grain = 'year' AND period = :'year'
), wide AS (
	SELECT unit_code, jsonb_object_agg(indicator, value) AS v FROM shown GROUP BY unit_code
)
SELECT repeat(' ', depth) || regexp_replace(coalesce(name, unit_code), '^Contoh ', '') AS "unit (names are samples)",
	lpad(v ->> 'complaint.received', 6) AS compl,
	lpad(v ->> 'complaint.resolution_on_time_pct', 6) AS "timely",
	lpad(v ->> 'survey.ikm', 7) AS "IKM",
	lpad(v ->> 'survey.spak', 6) AS "SPAK",
	lpad(v ->> 'survey.spkp', 6) AS "SPKP",
	lpad(v ->> 'service.on_time_pct', 6) AS "serv.",
	lpad(v ->> 'performance.achievement_pct', 6) AS "perf.",
	lpad(v ->> 'budget.absorption_pct', 6) AS budget,
	lpad(v ->> 'integrity.lhkpn_pct', 6) AS "LHKPN",
	lpad(v ->> 'integrity.pact_pct', 6) AS pact,
	lpad(v ->> 'integrity.finding_done_pct', 6) AS audit,
	lpad(v ->> 'integrity.gratification_on_time_pct', 6) AS gratif,
	lpad(v ->> 'integrity.whistleblow_followed_pct', 6) AS "WBS"
FROM tree LEFT JOIN wide USING (unit_code)
ORDER BY top, path;
