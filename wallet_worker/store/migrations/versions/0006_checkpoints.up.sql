-- What a sound verification found, in one snapshot: where each chain ended, what each account held, and which was
-- the last hand of each table. The seal is an HMAC over all of it, under the key of the chains.
CREATE TABLE checkpoint (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_at timestamptz NOT NULL,
    since   timestamptz NOT NULL,
    seal    bytea NOT NULL,
    CHECK (since < made_at)
);
COMMENT ON COLUMN checkpoint.since IS 'Nothing that the checkpoint does not cover was booked before';

CREATE TABLE checkpoint_head (
    checkpoint_id bigint NOT NULL REFERENCES checkpoint ON DELETE CASCADE,
    shard         integer NOT NULL,
    batch         bigint NOT NULL,
    mac           bytea,
    PRIMARY KEY (checkpoint_id, shard)
);

CREATE TABLE checkpoint_account (
    checkpoint_id bigint NOT NULL REFERENCES checkpoint ON DELETE CASCADE,
    account_id    bigint NOT NULL,
    version       bigint NOT NULL,
    balance       bigint NOT NULL,
    PRIMARY KEY (checkpoint_id, account_id)
);

CREATE TABLE checkpoint_table (
    checkpoint_id bigint NOT NULL REFERENCES checkpoint ON DELETE CASCADE,
    table_id      bigint NOT NULL,
    hand_no       bigint NOT NULL,
    hand_id       uuid,
    PRIMARY KEY (checkpoint_id, table_id)
);

-- The worker's role can add checkpoints, and neither change nor remove one. Their owner may remove old ones.
GRANT SELECT, INSERT ON checkpoint, checkpoint_head, checkpoint_account, checkpoint_table TO holdem_wallet;
