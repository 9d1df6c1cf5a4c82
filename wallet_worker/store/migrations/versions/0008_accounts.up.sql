-- What a nickname is unique by: as it is composed, in small letters, and without what an eye confuses (0 and o; 1,
-- i and l; _ and -). Nicknames have no other letters that look alike: Latin ones, digits and Korean syllables.
CREATE FUNCTION nickname_key(nickname text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT translate(lower(normalize(nickname, NFKC)), 'oil_', '011-')
$$;

ALTER TABLE player ADD COLUMN nickname_key text;
-- Who has had a name that another's looks like keeps it; nobody else gets a third one.
UPDATE player SET nickname_key = found.look || CASE WHEN found.number > 1 THEN '#' || player.id ELSE '' END
FROM (
    SELECT id, nickname_key(nickname) AS look,
           row_number() OVER (PARTITION BY nickname_key(nickname) ORDER BY id) AS number
    FROM player
) AS found
WHERE found.id = player.id;
ALTER TABLE player ALTER COLUMN nickname_key SET NOT NULL;
CREATE UNIQUE INDEX player_nickname_look_key ON player (nickname_key);

CREATE FUNCTION write_nickname_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.nickname_key := public.nickname_key(NEW.nickname);
    RETURN NEW;
END
$$;
CREATE TRIGGER nickname_key BEFORE INSERT OR UPDATE OF nickname ON player
    FOR EACH ROW EXECUTE FUNCTION write_nickname_key();

-- Who wants an account and has not shown yet that the mails of its address come to them. Each registration stands by
-- itself: a confirmed one becomes the player that it describes, whatever others have written under that address.
-- One of an address that has an account is kept too, so that it costs the same; its token was told to nobody.
CREATE TABLE registration (
    token_hash    bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    nickname      text NOT NULL CHECK (length(nickname) BETWEEN 1 AND 64),
    email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 320),
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz NOT NULL
);
CREATE INDEX registration_email ON registration (lower(email), created_at DESC);
CREATE INDEX registration_expires ON registration (expires_at);
GRANT SELECT, DELETE ON registration TO holdem_router;
GRANT INSERT (token_hash, nickname, email, password_hash, expires_at) ON registration TO holdem_router;

-- Who may set a new password; of a token only the SHA-256 is kept, and one that was used is gone.
CREATE TABLE password_reset (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id    bigint NOT NULL REFERENCES player ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX password_reset_user ON password_reset (user_id, created_at DESC);
CREATE INDEX password_reset_expires ON password_reset (expires_at);
GRANT SELECT, DELETE ON password_reset TO holdem_router;
GRANT INSERT (token_hash, user_id, expires_at) ON password_reset TO holdem_router;

-- A second factor: its secret, sealed by a key that the database does not have, and the last step of time whose code
-- was taken, so that none is taken twice. It counts from `player.second_factor_at` on: who opens a session locks that
-- row, and with it knows whether password and second factor are still those that were shown.
ALTER TABLE player ADD COLUMN second_factor_at timestamptz;
GRANT UPDATE (second_factor_at) ON player TO holdem_router;
CREATE TABLE second_factor (
    user_id       bigint PRIMARY KEY REFERENCES player ON DELETE CASCADE,
    sealed_secret bytea NOT NULL CHECK (length(sealed_secret) BETWEEN 29 AND 256),
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_step     bigint NOT NULL DEFAULT 0 CHECK (last_step >= 0)
);
GRANT SELECT, DELETE ON second_factor TO holdem_router;
GRANT INSERT (user_id, sealed_secret) ON second_factor TO holdem_router;
GRANT UPDATE (sealed_secret, created_at, last_step) ON second_factor TO holdem_router;

-- Codes for who has lost the device; one that was used is gone.
CREATE TABLE recovery_code (
    user_id   bigint NOT NULL REFERENCES second_factor ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (user_id, code_hash)
);
GRANT SELECT, INSERT, DELETE ON recovery_code TO holdem_router;

-- What a player is shown of a session, and what it may: until when it has stepped up.
ALTER TABLE session
    ADD COLUMN id                uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN address           text NOT NULL DEFAULT '' CHECK (length(address) <= 64),
    ADD COLUMN user_agent        text NOT NULL DEFAULT '' CHECK (length(user_agent) <= 200),
    ADD COLUMN has_second_factor boolean NOT NULL DEFAULT false,
    ADD COLUMN stepped_up_until  timestamptz;
CREATE UNIQUE INDEX session_id_key ON session (id);
GRANT INSERT (address, user_agent, has_second_factor) ON session TO holdem_router;
GRANT UPDATE (has_second_factor, stepped_up_until) ON session TO holdem_router;

DROP FUNCTION find_session(bytea);
CREATE FUNCTION find_session(hash bytea)
RETURNS TABLE (
    user_id bigint, nickname text, remaining_ms bigint, session_id uuid, has_second_factor boolean,
    stepped_up_until_ms bigint
)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp ROWS 1 AS $$
    SELECT session.user_id, player.nickname,
           (extract(epoch FROM session.expires_at - clock_timestamp()) * 1000)::bigint,
           session.id, session.has_second_factor,
           coalesce((extract(epoch FROM session.stepped_up_until) * 1000)::bigint, 0)
    FROM session JOIN player ON player.id = session.user_id
    WHERE session.token_hash = hash AND session.ended_at IS NULL AND session.expires_at > clock_timestamp()
    FOR SHARE OF session
$$;
REVOKE ALL ON FUNCTION find_session(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_session(bytea) TO holdem_router, holdem_wallet;
