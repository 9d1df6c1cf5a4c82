DROP FUNCTION forget_commands(integer);
ALTER TABLE game_table DROP COLUMN released_at;
DROP INDEX dead_letter_unresolved;
ALTER TABLE dead_letter
    DROP COLUMN resolution, DROP COLUMN resolved_by, DROP COLUMN resolved_reason, DROP COLUMN resolved_key,
    DROP COLUMN outcome, DROP COLUMN failed_at, DROP COLUMN failure;
DROP TABLE ledger_worker;
