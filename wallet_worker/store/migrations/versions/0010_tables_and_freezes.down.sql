-- What is frozen in part is not frozen any more; everything stays so. Tables that were paused or being closed go on.
DROP VIEW player_standing;
DELETE FROM house_freeze WHERE scope <> 'everything';
ALTER TABLE house_freeze DROP COLUMN scope, DROP COLUMN number, DROP COLUMN told;
ALTER TABLE house_freeze ADD COLUMN is_only_row boolean PRIMARY KEY DEFAULT true CHECK (is_only_row);
CREATE VIEW player_standing AS
SELECT id,
       frozen_at IS NOT NULL OR EXISTS (SELECT FROM house_freeze WHERE house_freeze.frozen_at IS NOT NULL) AS is_frozen,
       coalesce(self_excluded_until > now(), false) AS is_self_excluded
FROM player;
GRANT SELECT ON player_standing TO holdem_wallet;

-- Names were unique among all tables, the closed ones too: those take their number into the name where it is another's.
UPDATE game_table SET name = left(name, 40) || ' (' || id || ')'
WHERE closed_at IS NOT NULL
  AND EXISTS (SELECT FROM game_table AS other
              WHERE other.shard = game_table.shard AND other.name = game_table.name AND other.id <> game_table.id);
DROP INDEX game_table_name_key;
ALTER TABLE game_table ADD CONSTRAINT game_table_name_key UNIQUE (shard, name);
DROP INDEX game_table_unopened;
ALTER TABLE game_table
    DROP COLUMN paused_at, DROP COLUMN closing_at, DROP COLUMN is_extra, DROP COLUMN switch_no, DROP COLUMN unopened_since;
