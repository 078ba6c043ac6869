//! Texts of the inspector's other tabs, and of the consoles.

macro_rules! inspect_texts {
    ($($rest:tt)*) => { own_texts! { $($rest)*

    // Where bytes of the stream come from.
    OriginTitle = "Where these bytes come from", "这些字节从何而来";
    OriginOffset = "offset in the stream", "在复制流中的偏移量";
    OriginTyped = "typed by the client", "客户端输入";
    OriginCommand = "command carried out", "执行的命令";
    OriginFed = "{0} fed them because of", "{0} 写入复制流的原因";
    OriginBacklog = "in the backlog of {0}", "在 {0} 的复制积压缓冲区中";
    OriginHeld = "byte {0} of {1}; falls off after {2} more", "第 {0} 个字节，共 {1} 个；再写入 {2} 字节后被覆盖";
    OriginGone = "no longer", "已不在其中";
    OriginNotYet = "not yet", "尚未收到";
    OriginAcked = "acknowledged", "已确认";
    OriginSent = "sent, not acknowledged", "已发送，未确认";
    OriginUnsent = "not sent", "未发送";
    FedCommand = "a client's write", "客户端的写命令";
    FedSelect = "the next command is for another database", "下一条命令属于另一个数据库";
    FedPing = "its heartbeat, every repl-ping-replica-period", "心跳（repl-ping-replica-period）";
    FedExpire = "a key's time had come", "键已过期";
    FedEvict = "memory was full", "内存已满，淘汰了键";
    FedGetAck = "WAIT: it asks for acknowledgements at once", "WAIT：要求立即确认";
    FedTransaction = "a transaction's frame", "事务的边界";
    FedProxied = "its master's bytes, passed on", "原样转发主节点的字节";

    // The state machines, and keys.
    MachineReplica = "The replica's way to its master. Now: {0}.", "从节点连接主节点的过程。当前：{0}。";
    MachineTurn = "In this step, from “{0}” to “{1}”: {2}.", "本步从“{0}”到“{1}”：{2}。";
    MachineMaster = "Its replicas, as it sees them.", "它所看到的从节点状态。";
    MachineLost = "from anywhere: link lost", "任何状态下链路断开";
    MachineWaitsStart = "waits for BGSAVE", "等待 BGSAVE";
    MachineWaitsEnd = "BGSAVE runs", "BGSAVE 进行中";
    MachineDiskless = "diskless", "无盘";
    KeyspaceTitle = "Keyspace: {0}", "键空间：{0}";
    KeysMore = "and {0} more", "另有 {0} 个";
    KeyGone = "gone", "已删除";
    KeyExpires = "expires in {0} s", "{0} 秒后过期";
    KeyExpired = "expired, not deleted yet", "已过期，尚未删除";

    // Consoles.
    TelnetLabel = "Raw connection to {0}", "与 {0} 的裸连接";
    TelnetEmpty = "Each line is sent as it is typed, with CR LF; the answer is shown byte for byte. Try: PING, then PSYNC ? -1",
        "每行原样发送并加上 CR LF，答复逐字节显示。试试：PING，然后 PSYNC ? -1";
    TelnetRdb = "part of the RDB, {0}", "RDB 片段，{0}";
    ConsoleMode = "Kind of console", "控制台类型";
    ConsoleInterrupt = "Ends the client and what it waits for; a new one takes its place",
        "结束客户端及其等待的命令，并换上一个新的";

    // The log's filter.
    LogLevels = "Levels shown", "显示的级别";
    LogAll = "all", "全部";
    LogNotice = "* notice", "* 通知";
    LogWarning = "# warning", "# 警告";
    LogSearch = "Search the log", "搜索日志";
    LogNoMatch = "No line matches.", "没有匹配的日志。";

    } };
}
