-- SPDX-FileCopyrightText: The rekapd authors
-- SPDX-License-Identifier: MIT
--
-- What a rejected record held stands in rekap.reject_body and nowhere else.

-- The planner's statistics would keep samples of it, also when it was purged.
ALTER TABLE rekap.reject_body
	ALTER COLUMN key SET STATISTICS 0,
	ALTER COLUMN value SET STATISTICS 0,
	ALTER COLUMN headers SET STATISTICS 0;

-- A server that logs statements logs their parameters, bodies among them, unless the session may forbid it; rekapd check tells where it may not. The grant belongs to
-- the cluster, exists from PostgreSQL 15 on, and is a superuser's to give.
DO $$
BEGIN
	RESET ROLE;
	EXECUTE 'GRANT SET ON PARAMETER log_parameter_max_length TO rekap_writer';
EXCEPTION WHEN OTHERS THEN
	NULL;
END $$;
SET LOCAL ROLE rekap_owner;

COMMENT ON COLUMN rekap.reject_body.value IS 'The record''s value; null: with its key and headers the record was larger than 64 MB, and none of them is kept';
