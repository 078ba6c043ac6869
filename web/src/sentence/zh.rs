//! The sentences in Simplified Chinese.

use lockstep_sim::narrate::Key;

/// The Chinese text of a sentence, with the arguments of the English one.
#[rustfmt::skip]
pub(super) fn text(key: Key) -> &'static str {
    match key {
        // Connections.
        Key::ConnectArrives => "{0} 请求与 {1} 建立连接。",
        Key::AcceptArrives => "{0} 接受了连接，{1} 已连上。",
        Key::RefusalArrives => "{0} 上没有进程在监听，{1} 的连接被拒绝。",
        Key::CloseArrives => "{1} 得知 {0} 关闭了连接。",
        Key::ResetArrives => "{1} 得知 {0} 已经断开。",
        Key::DialFails => "{0} 连不上它的主节点。",
        // The handshake.
        Key::PingArrives => "{0} 询问 {1}：你在吗？",
        Key::AuthArrives => "{0} 向 {1} 出示密码。",
        Key::PortArrives => "{0} 告诉 {1} 自己监听的端口：{2}。",
        Key::AddressArrives => "{0} 告诉 {1} 自己对外的地址：{2}。",
        Key::CapaArrives => "{0} 告诉 {1} 自己支持的能力：{2}。",
        Key::PsyncFreshArrives => "{0} 没有复制历史，向 {1} 请求全部数据。",
        Key::PsyncArrives => "{0} 请求 {1} 沿复制历史 {2} 从第 {3} 个字节继续。",
        Key::SyncArrives => "{0} 用旧命令 SYNC 向 {1} 请求完整副本。",
        Key::HandshakeArrives => "{0} 发给 {1}：{2}",
        Key::PongArrives => "{0} 答复 {1}：我在。",
        Key::OkArrives => "{0} 答复 {1}：OK。",
        Key::FullResyncArrives => "{0} 答复 {1}：进行全量同步，快照属于复制历史 {2}，截至偏移量 {3}。",
        Key::ContinueArrives => "{0} 答复 {1}：从中断处继续（增量同步）。",
        Key::ReplyArrives => "{0} 答复 {1}：{2}",
        Key::ErrorArrives => "{0} 向 {1} 返回错误：{2}",
        // The transfer.
        Key::RdbLengthArrives => "{0} 通知 {1}：接下来是 {2} 字节的 RDB。",
        Key::RdbMarkArrives => "{0} 通知 {1}：接下来是长度未知的 RDB，以标记结束。",
        Key::RdbArrives => "{1} 收到 {0} 的 RDB 数据 {2} 字节。",
        Key::KeepaliveArrives => "{0} 告诉 {1} 自己还在：一个换行符，不计入复制流。",
        // The stream.
        Key::StreamArrives => "{1} 收到 {0} 的 {2}：复制流第 {3} 到 {4} 字节。",
        Key::StreamApplied => "{1} 执行了来自 {0} 的 {2}，偏移量到达 {3}。",
        Key::StreamPingArrives => "{1} 收到 {0} 的 PING，占复制流 {2} 字节，偏移量到达 {3}。",
        Key::AckArrives => "{0} 向 {1} 报告：到第 {2} 字节为止都已收到。",
        Key::PartArrives => "{1} 收到 {0} 的 {2} 字节，这条消息还有后续。",
        // Clients.
        Key::RequestArrives => "客户端向 {0} 发送：{1}",
        Key::WriteArrives => "客户端向 {0} 发送：{1}。改动写入复制流，共 {2} 字节，{0} 的偏移量到达 {3}。",
        Key::ResponseArrives => "{0} 答复客户端：{1}",
        Key::ClientSends => "客户端向 {0} 发出下一条命令：{1}",
        Key::ClientRests => "客户端连不上它的节点。",
        // Timers and files.
        Key::PingFed => "{0} 向复制流追加一个 PING，让从节点知道它还在，偏移量到达 {1}。",
        Key::AckSent => "又过了一秒：{0} 报告到第 {1} 字节为止都已收到。",
        Key::DialSent => "{0} 尝试连接主节点 {1}。",
        Key::DialTried => "{0} 尝试连接它的主节点。",
        Key::KeyEvicted => "内存已满（{2} 字节，maxmemory 为 {3}）：{0} 淘汰键 {1}。",
        Key::KeyExpired => "键 {1} 已到期，{0} 将其删除。",
        Key::TimerFired => "{0} 的定时器触发。",
        Key::FileSaved => "{0} 已把 {1} 写入磁盘。",
        Key::FileAnswered => "{0} 的磁盘返回了结果。",
        Key::FileFailed => "{0} 的文件操作失败：{1}。",
        Key::Woke => "{0} 休眠结束，继续运行。",
        // Interventions.
        Key::Typed => "你在 {0} 的控制台输入：{1}",
        Key::TypedRaw => "你在与 {0} 的裸连接上输入：{1}",
        Key::Interrupted => "你按下 Ctrl-C：到 {0} 的连接关闭，正在等待的命令随之作废。",
        Key::LinkCut => "你切断了 {0} 与 {1} 之间的链路，两端立即察觉。",
        Key::LinkStalled => "你悄悄切断了 {0} 与 {1} 之间的链路：字节滞留途中，双方都不知情。",
        Key::LinkRestored => "你恢复了 {0} 与 {1} 之间的链路。",
        Key::LinkChanged => "你调整了 {0} 与 {1} 之间的链路：延迟 {2} 毫秒，每秒 {3} 字节。",
        Key::LinkChangedUnlimited => "你调整了 {0} 与 {1} 之间的链路：延迟 {2} 毫秒，带宽不限。",
        Key::NodeStopped => "你让 {0} 正常关闭。",
        Key::NodeCrashed => "你强制终止了 {0}。",
        Key::NodeStarted => "你启动了 {0}。",
        Key::NodePaused => "你冻结了 {0}。",
        Key::NodeResumed => "你让 {0} 继续运行。",
        Key::ReplicaAdded => "你为 {0} 增加了一个从节点。",
        Key::TrafficOn => "一个客户端开始写入 {0}，每 {1} 毫秒一次。",
        Key::TrafficOff => "{0} 的客户端停止写入。",
        // Decisions.
        Key::DecidedContinue => "{0} 决定：增量同步。{1} 需要第 {2} 字节，复制积压缓冲区最早保留到第 {3} 字节：补发 {4} 字节即可。",
        Key::DecidedContinueNothing => "{0} 决定：增量同步。{1} 需要的第 {2} 字节正是接下来要产生的，无需补发。",
        Key::DecidedContinueById2 => "{0} 决定：增量同步。{1} 提到的是 {0} 此前跟随的复制历史（{5}），且在双方共有的范围内：它需要第 {2} 字节，复制积压缓冲区始于 {3}，补发 {4} 字节。",
        Key::DecidedFullSync => "{0} 决定：全量同步，因为 {1} 使用旧的 SYNC。",
        Key::DecidedFullFresh => "{0} 决定：全量同步，因为 {1} 没有复制历史。",
        Key::DecidedFullId => "{0} 决定：全量同步。{1} 跟随的复制历史 {2} 不是 {0} 的（{3}）。",
        Key::DecidedFullSecond => "{0} 决定：全量同步。{1} 沿旧的复制历史 {2} 走得太远，超出 {0} 所共有的部分 {3} 字节。",
        Key::DecidedFullNoBacklog => "{0} 决定：全量同步，因为它没有复制积压缓冲区。",
        Key::DecidedFullBefore => "{0} 决定：全量同步。{1} 需要第 {2} 字节，但复制积压缓冲区从第 {3} 字节开始：{4} 字节已被覆盖。缓冲区若有 {5} 字节就足够了。",
        Key::DecidedFullNeverHeld => "{0} 决定：全量同步。{1} 需要第 {2} 字节，但复制积压缓冲区从第 {3} 字节开始，缺少 {4} 字节。它到第 {5} 字节才创建，再大也不够。",
        Key::DecidedFullAfter => "{0} 决定：全量同步。{1} 需要第 {2} 字节，比 {0} 已产生的最后一个字节还多出 {3} 字节。",
        // Inside nodes.
        Key::PsyncSent => "{0} 已持有复制历史 {1} 到第 {3} 字节的全部内容，因此请求从第 {2} 字节继续。",
        Key::PsyncFreshSent => "{0} 没有可以继续的复制历史，请求完整副本：{1}。",
        Key::ReplStateChanged => "{0} 到主节点的链路：由“{1}”变为“{2}”（{3}）。",
        Key::ReplicaAppeared => "{0} 多了一个从节点，状态 {1}（{2}）。",
        Key::ReplicaStateChanged => "在 {0} 看来，从节点由 {1} 变为 {2}（{3}）。",
        Key::ReplicaGone => "{0} 少了一个从节点（{1}）。",
        Key::SnapshotToDisk => "{0} 开始保存 {1} 个键。",
        Key::SnapshotToReplicas => "{0} 开始为从节点生成 {1} 个键的快照，对应偏移量 {2}。",
        Key::SnapshotDone => "{0} 的快照完成，共 {1} 字节。",
        Key::SnapshotFailed => "{0} 放弃了快照。",
        Key::Loaded => "{0} 已用主节点的数据集替换自己的：{1} 个键。",
        Key::BacklogCreated => "{0} 创建了 {1} 字节的复制积压缓冲区，第一个字节的偏移量将是 {2}。",
        Key::BacklogFreed => "{0} 连续 {1} 秒没有从节点，释放了复制积压缓冲区。",
        Key::ReplIdShifted => "{0} 开始新的复制历史 {1}，并记住旧的 {2}：它到第 {3} 字节之前为止。",
        Key::BecameReplica => "{0} 现在是 {1} 的从节点。",
        Key::BecameMaster => "{0} 现在是主节点。",
        Key::MasterCached => "{0} 记住了进度：复制历史 {1}，下一个字节 {2}。",
        Key::MasterDiscarded => "{0} 丢弃了记住的进度（{1}）。",
        Key::Continued => "{0} 沿复制历史 {1} 从第 {2} 字节继续。",
        Key::ContinuedNewId => "{0} 从第 {2} 字节继续，复制 ID 换成 {1}。",
        Key::WaitsForKeys => "{0} 让一个客户端等待 {1} 中有元素。",
        Key::WaitsForAcks => "{0} 让一个客户端等待 {1} 个从节点确认偏移量 {2}。",
        Key::WaitsForPause => "{0} 暂缓一条命令：客户端已被暂停。",
        Key::WaitOver => "{0} 答复了一个等待中的客户端（{1}）。",
        Key::ClosedByPeer => "{0} 失去了一个连接。",
        Key::ClosedTimeout => "{0} 太久没有收到数据，关闭了连接。",
        Key::ClosedOutputLimit => "{0} 关闭了一个积压输出过多的连接。",
        Key::ClosedProtocol => "{0} 关闭了一个不遵守协议的连接：{1}。",
        Key::ClosedAsked => "{0} 关闭了一个连接。",
        Key::ClosedHistory => "{0} 关闭了一个复制历史已不再一致的连接。",
    }
}

/// A reason of the core in Chinese; one that is not known here stays as it is.
pub(super) fn reason(text: &str) -> &str {
    match text {
        "a full resynchronisation begins" => "开始全量同步",
        "a snapshot follows" => "接下来是快照",
        "asked for a full resynchronisation" => "请求了全量同步",
        "configured" => "按配置",
        "enough replicas acknowledged" => "已有足够的从节点确认",
        "its time is over" => "等待超时",
        "served" => "等到了元素",
        "the pause is over" => "暂停结束",
        "the role changed" => "角色改变",
        "the save ended" => "保存结束",
        "the server stays" => "服务器没有退出",
        "dialling" => "正在连接",
        "given up" => "已放弃",
        "snapshot sent" => "快照已发送",
        "the connection was refused" => "连接被拒绝",
        "the link broke" => "链路断开",
        "the last full resynchronisation was not completed" => "上一次全量同步没有完成",
        "the last link ended with a protocol error, after which no offset can be trusted" => {
            "上一条链路因协议错误中断，之后的偏移量都不可信"
        }
        "the last link was made with SYNC, which gives no replication id to go on with" => {
            "上一次同步用的是 SYNC，没有可以继续的复制 ID"
        }
        "before Redis 4.0 a history is known by its master's run id, which another master does not have" => {
            "Redis 4.0 之前，复制历史以主节点的运行 ID 标识，别的主节点没有这个 ID"
        }
        "Redis 2.6 knows only SYNC, which is always full" => "Redis 2.6 只有 SYNC，总是全量同步",
        "the master's dataset was refused" => "拒绝了主节点的数据集",
        "the RDB file loaded at start has no replication id (repl-id)" => {
            "启动时载入的 RDB 文件没有复制 ID（repl-id）"
        }
        "this node has just started, and has loaded no replication id from an RDB file" => {
            "该节点刚刚启动，没有从 RDB 文件载入复制 ID"
        }
        "the master replied" => "主节点已答复",
        "the master's reply cannot be understood" => "无法理解主节点的答复",
        "the master knows no PSYNC" => "主节点不支持 PSYNC",
        "the snapshot is complete" => "快照已完成",
        "the snapshot is loaded" => "快照已载入",
        "the snapshot started" => "快照已开始",
        "this node is a master now" => "该节点现在是主节点",
        "timed out" => "超时",
        "connected; PING sent" => "已连接，已发送 PING",
        "AUTH and REPLCONF sent" => "已发送 AUTH 与 REPLCONF",
        "PSYNC sent" => "已发送 PSYNC",
        other => other,
    }
}
