-- A table that an administrator has paused deals no hand; one that is being closed deals none any more, pays everybody
-- out, and is closed then. An extra one was opened because seats were wanted. Who owns the shard is told of a table
-- that was made here until it has opened it (`unopened_since`).
ALTER TABLE game_table
    ADD COLUMN paused_at      timestamptz,
    ADD COLUMN closing_at     timestamptz,
    ADD COLUMN is_extra       boolean NOT NULL DEFAULT false,
    ADD COLUMN switch_no      bigint NOT NULL DEFAULT 0,
    ADD COLUMN unopened_since timestamptz,
    ADD CONSTRAINT game_table_runs CHECK (paused_at IS NULL OR closing_at IS NULL);
GRANT UPDATE (paused_at, closing_at, switch_no, unopened_since) ON game_table TO holdem_wallet;
CREATE INDEX game_table_unopened ON game_table (id) WHERE released_at IS NOT NULL OR unopened_since IS NOT NULL;

-- Two open tables of a shard never have one name; a closed one leaves its name to the next.
ALTER TABLE game_table DROP CONSTRAINT game_table_name_key;
CREATE UNIQUE INDEX game_table_name_key ON game_table (shard, name) WHERE closed_at IS NULL;

-- One row for each thing that can be frozen alone, and one for everything; what is frozen now stays so. The number
-- grows with each change; `told` is what players are told of it.
ALTER TABLE house_freeze ADD COLUMN scope text NOT NULL DEFAULT 'everything'
    CHECK (scope IN ('play', 'withdrawals', 'everything'));
ALTER TABLE house_freeze ALTER COLUMN scope DROP DEFAULT;
ALTER TABLE house_freeze DROP COLUMN is_only_row;
ALTER TABLE house_freeze
    ADD PRIMARY KEY (scope),
    ADD COLUMN number bigint NOT NULL DEFAULT 0,
    ADD COLUMN told   text NOT NULL DEFAULT '' CHECK (length(told) <= 200);
INSERT INTO house_freeze (scope) VALUES ('play'), ('withdrawals');
GRANT UPDATE (number, told) ON house_freeze TO holdem_wallet;

-- `is_frozen` is the player's own standing from here on; what is frozen for all stands beside it.
CREATE OR REPLACE VIEW player_standing AS
SELECT id,
       frozen_at IS NOT NULL AS is_frozen,
       coalesce(self_excluded_until > now(), false) AS is_self_excluded,
       EXISTS (SELECT FROM house_freeze AS house WHERE house.frozen_at IS NOT NULL
               AND house.scope IN ('play', 'everything')) AS is_play_frozen,
       EXISTS (SELECT FROM house_freeze AS house WHERE house.frozen_at IS NOT NULL
               AND house.scope IN ('withdrawals', 'everything')) AS are_withdrawals_frozen
FROM player;
