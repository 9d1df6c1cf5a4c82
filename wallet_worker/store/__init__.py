"""SQL: one file per transaction or step of one."""
