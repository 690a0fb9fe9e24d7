-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- deploy/demo: the units that were assessed, best first. psql variable: year.
SELECT regexp_replace(coalesce(u.name, s.unit_code), '^Contoh ', '') AS "unit (names are samples)", lpad(s.score::text, 6) AS score, p.predicate,
	CASE WHEN p.meets_score THEN 'yes' ELSE 'no' END AS "meets score", CASE WHEN p.meets_conditions THEN 'yes' ELSE 'no' END AS "meets conditions"
FROM rekap.scorecard s
JOIN rekap.predicate p USING (unit_code, year, ruleset)
LEFT JOIN rekap.unit u USING (unit_code)
WHERE s.year = :year AND s.component = 'ZI'
ORDER BY s.score DESC NULLS LAST, unit_code, p.predicate DESC; -- WBK comes before WBBM
