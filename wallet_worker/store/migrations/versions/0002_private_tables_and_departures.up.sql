-- The invitation code of a private table; NULL: public. It is written once, with the row: the application's role
-- may read and insert rows of this table, and update other columns only.
ALTER TABLE game_table
    ADD COLUMN invitation text CONSTRAINT game_table_invitation CHECK (length(invitation) BETWEEN 1 AND 64);

-- Who has left a shard's tables within the last hour (rule 35). Cash-outs are few among the transfers of hands,
-- so the index stays small where the table grows by millions of rows. Building it stops bookings for its time.
CREATE INDEX transfer_cash_out ON transfer (shard, booked_at) WHERE kind = 'cash_out';
