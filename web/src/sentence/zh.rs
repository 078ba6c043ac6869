//! The sentences in Simplified Chinese.

use lockstep_sim::narrate::{IN_OPENING, Key, pick};
use lockstep_sim::recording::Rule;

/// The Chinese text of a rule of the protocol, with the arguments of the English one.
#[rustfmt::skip]
pub(super) fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::UnaskedReply => "此处没有待答的请求，却收到了答复：{1}",
        Rule::WrongReply => "答复应为 {0}，收到的却是 {1}",
        Rule::FullResyncForm => "全量同步的答复应为 +FULLRESYNC、40 个字符的 ID 和一个偏移量，收到的却是 {1}",
        Rule::ContinueUnknown => "此处只能沿 {0} 继续，收到的却是 {1}",
        Rule::AskedBeyond => "该从节点收到的复制流止于第 {0} 字节之前，却请求从第 {1} 字节继续",
        Rule::RdbLength => "RDB 声明为 {0} 字节，却在第 {1} 字节处结束",
        Rule::RdbUnended => "RDB 声明为 {0} 字节，但到此并未结束：末尾的字节是 {1}，不是结束标记和校验和",
        Rule::StreamForm => "此处应为复制流中的命令，收到的却是 {1}",
        Rule::AckBeyond => "复制流只发送到第 {0} 字节，从节点却确认到了 {1}",
        Rule::AckBack => "从节点此前已确认到 {0}，现在却确认 {1}",
        Rule::ReplicaTalks => "复制流开始之后，从节点只会发送 REPLCONF ACK，收到的却是 {1}",
        Rule::NoProtocol => "这不是 RESP：{1}",
    }
}

/// The Chinese text of a sentence, with the arguments of the English one.
pub(super) fn text(key: Key) -> &'static str {
    match AT_ONCE[key as usize] {
        "" => later(key),
        text => text,
    }
}

/// Apart, so that what it refers to need not be there before it is called.
#[inline(never)]
fn later(key: Key) -> &'static str {
    LATER[key as usize]
}

static AT_ONCE: [&str; Key::ALL.len()] = pick(TEXTS, &IN_OPENING, true);
static LATER: [&str; Key::ALL.len()] = pick(TEXTS, &IN_OPENING, false);

const TEXTS: [&str; Key::ALL.len()] = {
    let mut texts = [""; Key::ALL.len()];
    let mut at = 0;
    while at < texts.len() {
        texts[at] = chinese(Key::ALL[at]);
        at += 1;
    }
    texts
};

#[rustfmt::skip]
const fn chinese(key: Key) -> &'static str {
    match key {
        // Connections.
        Key::ConnectArrives => "{0} 请求与 {1} 建立连接。",
        Key::AcceptArrives => "{0} 接受了连接，{1} 已连上。",
        Key::RefusalArrives => "{0} 上没有进程在监听，{1} 的连接被拒绝。",
        Key::CloseArrives => "{1} 得知 {0} 关闭了连接。",
        Key::ResetArrives => "{1} 得知 {0} 已经断开。",
        Key::UnclaimedArrives => "{0} 的 {2} 到达 {1}，但 {1} 不认识这个连接，于是回以重置。",
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
        Key::RecordedInside => "{0} 内部发生了一件事。",
        Key::RecordedSent => "{0} 发给 {1}：{2}",
        Key::RecordedAct => "有人介入：{0}",
        Key::RecordedEnded => "{0} 的进程已结束。",
        Key::RecordedLeftOut => "这里缺少 {0} 个事件：它们没有被记录下来。",
        Key::RecordedGap => "这里缺少 {0} 发给 {1} 的 {2} 个字节：抓包中没有它们。",
        Key::RecordedCutShort => "这里缺少 {0} 发给 {1} 的 {2} 个字节：抓包只保留了数据包的开头。",
        Key::RecordedUnderWay => "{0} 与 {1} 正在通信：这条连接在记录开始之前就已建立。",
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
        Key::LinkHeld => "你让 {0} 与 {1} 之间的链路停滞：字节停在原处。",
        Key::OneWayCut => "你悄悄切断了从 {0} 到 {1} 的方向：{1} 再也收不到 {0} 的消息，{0} 仍能收到 {1} 的。",
        Key::OneWayRestored => "你恢复了从 {0} 到 {1} 的方向。",
        Key::ConnectionsReset => "你切断了 {0} 与 {1} 之间的所有连接，链路本身仍然正常。",
        Key::JitterSet => "你让 {0} 与 {1} 之间的链路产生抖动：每次随机增加至多 {2} 毫秒。",
        Key::JitterOff => "{0} 与 {1} 之间的链路不再抖动。",
        Key::SegmentsRandom => "从现在起，{0} 与 {1} 之间的链路把字节切成随机大小的报文段。",
        Key::SegmentsFull => "从现在起，{0} 与 {1} 之间的链路使用完整大小的报文段。",
        Key::MessageHeld => "你扣留了从 {0} 发往 {1} 途中的 {2}，排在它后面的也要等待。",
        Key::MessageReleased => "你放行了从 {0} 发往 {1} 的 {2}。",
        Key::MessageReset => "你在 {2} 的第 {3} 字节处切断连接（从 {0} 到 {1} 途中）：其后的字节不再到达。",
        Key::NodeStopped => "你让 {0} 正常关闭。",
        Key::NodeCrashed => "你强制终止了 {0}。",
        Key::NodePowerLost => "{0} 的主机断电：没有人得到通知，未落盘的写入丢失。",
        Key::ConnectionsRefused => "从现在起，{0} 拒绝新的连接。",
        Key::ConnectionsAccepted => "{0} 重新接受新的连接。",
        Key::ClockFast => "从现在起，{0} 的时钟偏快百万分之 {1}。",
        Key::ClockSlow => "从现在起，{0} 的时钟偏慢百万分之 {1}。",
        Key::ClockRight => "{0} 的时钟恢复正常速度。",
        Key::ClockForward => "你把 {0} 的系统时间拨快了 {1} 毫秒。",
        Key::ClockBack => "你把 {0} 的系统时间拨慢了 {1} 毫秒。",
        Key::DiskChanged => "你调整了 {0} 的磁盘：每次操作 {1} 毫秒，每秒 {2} 字节。",
        Key::DiskChangedUnlimited => "你调整了 {0} 的磁盘：每次操作 {1} 毫秒，带宽不限。",
        Key::DiskFull => "{0} 的磁盘已满：设备上没有剩余空间。",
        Key::DiskFails => "{0} 的磁盘发生故障：输入/输出错误。",
        Key::DiskMended => "{0} 的磁盘恢复正常。",
        Key::NodeStarted => "你启动了 {0}。",
        Key::NodePaused => "你冻结了 {0}。",
        Key::NodeResumed => "你让 {0} 继续运行。",
        Key::ReplicaAdded => "你为 {0} 增加了一个从节点。",
        Key::TrafficOn => "一个客户端开始写入 {0}，每 {1} 毫秒一次。",
        Key::TrafficOff => "{0} 的客户端停止写入。",
        Key::Healed => "你消除了所有故障：链路、磁盘和时钟恢复到最初的样子。",
        Key::NodeAdded => "你增加了一个节点：{0}。",
        Key::ClientAdded => "你为 {0} 又打开了一个控制台：客户端 {1}。",
        Key::ClientTyped => "你在客户端 {0} 的控制台输入：{1}",
        Key::ClientClosed => "客户端 {0} 关闭了连接。",
        Key::WriterAdded => "客户端 {1} 开始写入 {0}，每 {2} 微秒一次：{3}",
        Key::WriterRests => "客户端 {0} 停止写入。",
        Key::WriterPace => "从现在起，客户端 {0} 每 {1} 微秒写入一次。",
        // Interventions that change nothing.
        Key::NoNode => "什么也没有发生：没有 {0} 这个节点。",
        Key::NoLink => "什么也没有发生：{0} 与 {1} 之间没有链路。",
        Key::NoClient => "什么也没有发生：没有能这样做的客户端 {0}。",
        Key::NoMessage => "什么也没有发生：途中没有消息 {0}。",
        Key::NodeRuns => "什么也没有发生：{0} 正在运行。",
        Key::NodeIsDown => "什么也没有发生：{0} 没有运行。",
        Key::NodesMax => "什么也没有发生：已有 {0} 个节点，不能再多。",
        Key::ClientsMax => "什么也没有发生：已有 {0} 个客户端，不能再多。",
        Key::PortTaken => "什么也没有发生：端口 {0} 已被另一个节点占用。",
        Key::BadConfig => "什么也没有发生，因为配置在 {0} 处有误：{1}",
        Key::TextTooLong => "什么也没有发生：文本超过 {0} 字节。",
        Key::AlreadySo => "什么也没有发生：本来就是这样。",
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
        Key::ClosedOutputLimit => "{0} 关闭了一个连接：等待发送的数据超过了 client-output-buffer-limit。",
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
