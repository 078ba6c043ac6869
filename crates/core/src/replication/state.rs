//! The states of both ends of a replication link.

/// The replica's view of its link to the master (`repl_state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReplState {
    /// Not a replica.
    #[default]
    None,
    /// Must connect.
    Connect,
    /// The connection is being established.
    Connecting,
    /// `PING` sent.
    ReceivePingReply,
    /// About to send AUTH and the REPLCONFs.
    SendHandshake,
    /// Waits for the reply to `AUTH`.
    ReceiveAuthReply,
    /// Waits for the reply to `REPLCONF listening-port`.
    ReceivePortReply,
    /// Waits for the reply to `REPLCONF ip-address`.
    ReceiveIpReply,
    /// Waits for the reply to `REPLCONF capa`.
    ReceiveCapaReply,
    /// About to send `PSYNC`.
    SendPsync,
    /// Waits for the reply to `PSYNC`.
    ReceivePsyncReply,
    /// Receives the master's RDB.
    Transfer,
    /// Receives the stream.
    Connected,
}

impl ReplState {
    /// All, in the order in which a link goes through them.
    pub const ALL: [Self; 13] = [
        Self::None,
        Self::Connect,
        Self::Connecting,
        Self::ReceivePingReply,
        Self::SendHandshake,
        Self::ReceiveAuthReply,
        Self::ReceivePortReply,
        Self::ReceiveIpReply,
        Self::ReceiveCapaReply,
        Self::SendPsync,
        Self::ReceivePsyncReply,
        Self::Transfer,
        Self::Connected,
    ];

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Connect => "Connect",
            Self::Connecting => "Connecting",
            Self::ReceivePingReply => "ReceivePingReply",
            Self::SendHandshake => "SendHandshake",
            Self::ReceiveAuthReply => "ReceiveAuthReply",
            Self::ReceivePortReply => "ReceivePortReply",
            Self::ReceiveIpReply => "ReceiveIpReply",
            Self::ReceiveCapaReply => "ReceiveCapaReply",
            Self::SendPsync => "SendPsync",
            Self::ReceivePsyncReply => "ReceivePsyncReply",
            Self::Transfer => "Transfer",
            Self::Connected => "Connected",
        }
    }
}

/// The master's view of a replica (`replstate`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplicaState {
    /// Waits for a snapshot to start (`wait_bgsave`).
    WaitBgsaveStart,
    /// Waits for the snapshot's file to be complete (`wait_bgsave`).
    WaitBgsaveEnd,
    /// The snapshot is being sent (`send_bulk`).
    SendBulk,
    /// Receives the stream (`online`).
    Online,
}

impl ReplicaState {
    /// All, in the order in which a replica goes through them.
    pub const ALL: [Self; 4] =
        [Self::WaitBgsaveStart, Self::WaitBgsaveEnd, Self::SendBulk, Self::Online];

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::WaitBgsaveStart => "WaitBgsaveStart",
            Self::WaitBgsaveEnd => "WaitBgsaveEnd",
            Self::SendBulk => "SendBulk",
            Self::Online => "Online",
        }
    }

    /// The name in `INFO replication`.
    pub fn info_name(self) -> &'static str {
        match self {
            Self::WaitBgsaveStart | Self::WaitBgsaveEnd => "wait_bgsave",
            Self::SendBulk => "send_bulk",
            Self::Online => "online",
        }
    }
}
