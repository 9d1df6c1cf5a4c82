DROP TABLE checkpoint_table, checkpoint_account, checkpoint_head, checkpoint;
