-- Who reads streams now: each start of a wallet worker has a name of its own, and writes a heartbeat.
CREATE TABLE ledger_worker (
    name      text PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    shards    integer[] NOT NULL,
    heartbeat timestamptz NOT NULL
);
GRANT SELECT, INSERT, DELETE ON ledger_worker TO holdem_wallet;
GRANT UPDATE (shards, heartbeat) ON ledger_worker TO holdem_wallet;

-- How a dead letter came to its end, by whom and why; or why it failed again. A letter that somebody has marked
-- by hand before counts as voided by hand.
ALTER TABLE dead_letter
    ADD COLUMN resolution      text CHECK (resolution IN ('retried', 'voided')),
    ADD COLUMN resolved_by     text CHECK (length(resolved_by) BETWEEN 1 AND 64),
    ADD COLUMN resolved_reason text CHECK (length(resolved_reason) BETWEEN 1 AND 128),
    ADD COLUMN resolved_key    text CONSTRAINT dead_letter_key UNIQUE CHECK (length(resolved_key) BETWEEN 1 AND 128),
    ADD COLUMN outcome         jsonb,
    ADD COLUMN failed_at       timestamptz,
    ADD COLUMN failure         text CHECK (length(failure) <= 1000);
UPDATE dead_letter
SET resolution = 'voided', resolved_by = 'by hand', resolved_reason = 'before letters had a resolution', outcome = '{}'
WHERE resolved_at IS NOT NULL;
ALTER TABLE dead_letter
    ADD CONSTRAINT dead_letter_resolved CHECK (
        (resolved_at IS NULL) = (resolution IS NULL)
        AND (resolved_at IS NULL) = (resolved_by IS NULL)
        AND (resolved_at IS NULL) = (resolved_reason IS NULL)
        AND (resolved_at IS NULL) = (outcome IS NULL)
    ),
    ADD CONSTRAINT dead_letter_failed CHECK ((failed_at IS NULL) = (failure IS NULL));
CREATE INDEX dead_letter_unresolved ON dead_letter (table_id) WHERE resolved_at IS NULL;
GRANT UPDATE (resolution, resolved_by, resolved_reason, resolved_key, outcome, failed_at, failure)
    ON dead_letter TO holdem_wallet;

-- A halted table whose letters are all resolved; it is halted until its owner opens it anew, by a command.
ALTER TABLE game_table
    ADD COLUMN released_at timestamptz,
    ADD CONSTRAINT game_table_released CHECK (released_at IS NULL OR halted_at IS NOT NULL);
UPDATE game_table SET released_at = now()
WHERE halted_at IS NOT NULL AND EXISTS (SELECT FROM dead_letter WHERE table_id = game_table.id)
  AND NOT EXISTS (SELECT FROM dead_letter WHERE table_id = game_table.id AND resolved_at IS NULL);
GRANT UPDATE (released_at) ON game_table TO holdem_wallet;

-- Outcomes of commands live 35 days: who sends a command again has given it up long before (7 days). The
-- application's role may delete them in no other way than this, and cannot reach a younger one.
CREATE FUNCTION forget_commands(at_most integer) RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH old AS (
        SELECT id FROM public.command WHERE received_at < now() - interval '35 days'
        ORDER BY received_at LIMIT at_most FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM public.command USING old WHERE command.id = old.id RETURNING 1
    )
    SELECT count(*)::integer FROM gone
$$;
REVOKE ALL ON FUNCTION forget_commands(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_commands(integer) TO holdem_wallet;
