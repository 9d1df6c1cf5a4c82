-- The roles stay: other databases of the same server may use them.
DROP TABLE keyed_request, dead_letter, command, batch, entry, transfer, hand_result, hand, account, game_table,
    shard, player;
DROP FUNCTION check_transfers_sum_to_zero();
DROP TYPE account_kind, transfer_kind;
