REVOKE SELECT ON tables FROM holdem_router;
DROP VIEW tables;
CREATE VIEW tables AS
SELECT id, room_id, shard, name, stake, seat_count, created_at, closed_at, halted_at, last_hand_no,
       invitation IS NOT NULL AS is_private
FROM game_table;
GRANT SELECT ON tables TO holdem_wallet;

GRANT UPDATE (frozen_at) ON player TO holdem_wallet;
DROP FUNCTION freeze_player(bigint, boolean);
DROP INDEX admin_action_action, admin_action_done, player_nickname_order, player_email_order;
REVOKE SELECT, INSERT ON admin_action FROM holdem_router;
