DROP FUNCTION find_session(bytea);
CREATE FUNCTION find_session(hash bytea)
RETURNS TABLE (user_id bigint, nickname text, remaining_ms bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp ROWS 1 AS $$
    SELECT session.user_id, player.nickname,
           (extract(epoch FROM session.expires_at - clock_timestamp()) * 1000)::bigint
    FROM session JOIN player ON player.id = session.user_id
    WHERE session.token_hash = hash AND session.ended_at IS NULL AND session.expires_at > clock_timestamp()
    FOR SHARE OF session
$$;
REVOKE ALL ON FUNCTION find_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_session(bytea) TO holdem_router, holdem_wallet;

DROP INDEX session_id_key;
ALTER TABLE session
    DROP COLUMN id, DROP COLUMN address, DROP COLUMN user_agent,
    DROP COLUMN has_second_factor, DROP COLUMN stepped_up_until;
DROP TABLE recovery_code;
DROP TABLE second_factor;
DROP TABLE password_reset;
DROP TABLE registration;
DROP TRIGGER nickname_key ON player;
DROP FUNCTION write_nickname_key();
DROP INDEX player_nickname_look_key;
ALTER TABLE player DROP COLUMN nickname_key, DROP COLUMN second_factor_at;
DROP FUNCTION nickname_key(text);
