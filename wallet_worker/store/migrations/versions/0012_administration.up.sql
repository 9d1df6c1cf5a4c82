-- Orders are recorded by the router, too, and asked for by who gave them, by what they are, and by when.
-- When one was given the database says, and nobody else: so not all columns.
GRANT SELECT ON admin_action TO holdem_router;
GRANT INSERT (admin, action, subject, reason, key, body_hash, answer) ON admin_action TO holdem_router;
CREATE INDEX admin_action_action ON admin_action (action, id DESC);
CREATE INDEX admin_action_done ON admin_action (done_at);

-- Players by the beginning of their name or address, in the order of their letters' code points: so a beginning is a
-- range, whatever the database's language.
CREATE INDEX player_nickname_order ON player ((lower(nickname) COLLATE "C"));
CREATE INDEX player_email_order ON player ((lower(email) COLLATE "C"));

-- The one way to freeze a player, for both who may. The house's row comes first, as for all money that moves by HTTP:
-- it is before the freeze or after it. What is so already stays so; false where there is no such player.
CREATE FUNCTION freeze_player(player_id bigint, is_frozen boolean) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM public.shard WHERE id = -1 FOR UPDATE;
    UPDATE public.player
    SET frozen_at = CASE WHEN freeze_player.is_frozen THEN coalesce(frozen_at, now()) END
    WHERE id = player_id;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION freeze_player(bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION freeze_player(bigint, boolean) TO holdem_router, holdem_wallet;
REVOKE UPDATE (frozen_at) ON player FROM holdem_wallet;

-- What the router may know of tables: all but the codes of private ones.
CREATE OR REPLACE VIEW tables AS
SELECT id, room_id, shard, name, stake, seat_count, created_at, closed_at, halted_at, last_hand_no,
       invitation IS NOT NULL AS is_private, paused_at, closing_at, is_extra
FROM game_table;
GRANT SELECT ON tables TO holdem_router;
