DROP VIEW blocked_player;
DROP TABLE block;
DROP TABLE block_change;
DROP FUNCTION count_block_change();
