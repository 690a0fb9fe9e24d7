-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- deploy/demo: a unit's scorecard by area, its predicates, and what it still lacks for them. psql variables: year, unit.
SELECT repeat('  ', c.depth) || c.title AS "by area", s.component, lpad(s.score::text, 6) AS score, lpad(round(s.max_score, 2)::text, 6) AS max, lpad(s.percent::text, 7) AS percent
FROM (VALUES
	(1, 0, 'ZI', 'Zona Integritas'),
	(2, 1, 'ZI.A', 'enablers'),
	(3, 2, 'ZI.A.MP', 'change management'),
	(4, 2, 'ZI.A.TT', 'governance'),
	(5, 2, 'ZI.A.SDM', 'human resources'),
	(6, 2, 'ZI.A.AK', 'accountability'),
	(7, 2, 'ZI.A.PW', 'supervision'),
	(8, 2, 'ZI.A.PP', 'public-service quality'),
	(9, 1, 'ZI.B', 'results'),
	(10, 2, 'ZI.B.1', 'clean and accountable'),
	(11, 2, 'ZI.B.2', 'excellent service')
) AS c (place, depth, component, title)
JOIN rekap.scorecard s USING (component)
WHERE s.unit_code = :'unit' AND s.year = :year
ORDER BY c.place;

SELECT predicate, CASE WHEN meets_score THEN 'yes' ELSE 'no' END AS "meets score", CASE WHEN meets_conditions THEN 'yes' ELSE 'no' END AS "meets conditions",
	array_to_string(failing_gates, ', ') AS "gates that fail"
FROM rekap.predicate WHERE unit_code = :'unit' AND year = :year
ORDER BY predicate DESC; -- WBK comes before WBBM

SELECT predicate, rule, lpad(round(required, 2)::text, 8) AS required, lpad(actual::text, 8) AS actual, lpad(missing::text, 8) AS missing
FROM rekap.predicate_gap WHERE unit_code = :'unit' AND year = :year
ORDER BY predicate DESC, rule;
