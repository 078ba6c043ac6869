//! The replication stream: one buffer of blocks that the backlog and all replicas share.
