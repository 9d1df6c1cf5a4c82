DROP INDEX transfer_cash_out;
ALTER TABLE game_table DROP COLUMN invitation;
