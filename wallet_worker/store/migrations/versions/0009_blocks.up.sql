-- Who is kept out: a player or a network, until a time or for good. A block is never changed but by taking it
-- away, and then it stays to be read. Several may stand against the same at once; each is taken away by itself.
CREATE TABLE block (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id        bigint REFERENCES player (id),
    network        cidr,
    reason         text NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    blocked_by     text NOT NULL CHECK (length(blocked_by) BETWEEN 1 AND 64),
    blocked_at     timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz,
    removed_at     timestamptz,
    removed_by     text CHECK (length(removed_by) BETWEEN 1 AND 64),
    removed_reason text CHECK (length(removed_reason) BETWEEN 1 AND 200),
    CONSTRAINT block_of_one CHECK ((user_id IS NULL) <> (network IS NULL)),
    CONSTRAINT block_ends_later CHECK (expires_at > blocked_at),
    CONSTRAINT block_removed CHECK (
        (removed_at IS NULL) = (removed_by IS NULL) AND (removed_at IS NULL) = (removed_reason IS NULL)
    )
);
CREATE INDEX block_not_removed ON block (id) WHERE removed_at IS NULL;
CREATE INDEX block_user ON block (user_id) WHERE removed_at IS NULL;

-- Each process asks every second whether anything has changed, and reads the blocks only then.
CREATE TABLE block_change (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    number bigint NOT NULL
);
INSERT INTO block_change (number) VALUES (0);

CREATE FUNCTION count_block_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE public.block_change SET number = number + 1;
    RETURN NULL;
END
$$;
CREATE TRIGGER block_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON block
    FOR EACH STATEMENT EXECUTE FUNCTION count_block_change();

-- Players who are kept out now, for the ledger and whoever ends seats.
CREATE VIEW blocked_player AS
    SELECT user_id, max(coalesce(expires_at, 'infinity')) AS until
    FROM block
    WHERE user_id IS NOT NULL AND removed_at IS NULL AND (expires_at IS NULL OR expires_at > now())
    GROUP BY user_id;

GRANT SELECT ON block, block_change TO holdem_router, holdem_wallet;
GRANT INSERT (user_id, network, reason, blocked_by, expires_at) ON block TO holdem_router;
GRANT UPDATE (removed_at, removed_by, removed_reason) ON block TO holdem_router;
GRANT SELECT ON blocked_player TO holdem_router, holdem_wallet;
