//! The table of texts: a name, English, Simplified Chinese. `{0}` to `{9}` stand for arguments.
//!
//! Chinese terms are those of the articles on Redis replication: 主从复制, 全量同步, 增量同步,
//! 复制积压缓冲区, 主节点, 从节点, 偏移量, 复制 ID.

use super::{Lang, placeholders};

macro_rules! catalogue {
    ($($key:ident = $en:literal, $zh:literal;)*) => {
        /// The name of a text.
        #[allow(clippy::enum_variant_names)] // `DissectKey` is about a key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Key {
            $($key,)*
        }

        impl Key {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$key),*];
        }

        const EN: &[&str] = &[$($en),*];
        const ZH: &[&str] = &[$($zh),*];

        // A translation that lost or invented an argument does not compile.
        $(const _: () = assert!(
            placeholders($en) == placeholders($zh),
            concat!("placeholders differ: ", stringify!($key)),
        );)*
    };
}

/// The text of a key in a language.
pub(crate) fn text(lang: Lang, key: Key) -> &'static str {
    match lang {
        Lang::En => EN[key as usize],
        Lang::Zh => ZH[key as usize],
    }
}

catalogue! {
    // Amounts.
    OneByte = "{0} byte", "{0} 字节";
    Bytes = "{0} bytes", "{0} 字节";
    OneKey = "{0} key", "{0} 个键";
    Keys = "{0} keys", "{0} 个键";

    // The inspector of bytes: RESP.
    DissectCutOff = "goes on in a later message", "其余部分在后续消息中";
    DissectMore = "the rest, not taken apart", "其余内容，未逐项解析";
    DissectKeepalive = "keep-alive", "保活换行";
    DissectKeepaliveNote = "“I am still here.” It is not part of the stream and moves no offset.",
        "表示“我还在”。它不属于复制流，不影响偏移量。";
    DissectInline = "inline command", "内联命令";
    DissectInlineNote = "Words on a line, as one types them in telnet.", "像在 telnet 里那样按行输入的命令。";
    DissectLineEnd = "end of line (CR LF)", "行结束符（CR LF）";
    DissectArray = "array of {0}", "含 {0} 个元素的数组";
    DissectArrayHead = "an array of {0} elements begins", "数组开始，共 {0} 个元素";
    DissectBulkHead = "{0} bytes follow", "后面有 {0} 字节";
    DissectBulkMark = "a length begins", "长度开始";
    DissectCommand = "command", "命令";
    DissectArgument = "argument {0}", "参数 {0}";
    DissectFirstArgument = "first argument", "第一个参数";
    DissectKey = "key", "键";
    DissectValue = "value", "值";
    DissectDatabase = "database number", "数据库编号";
    DissectSecret = "user or password", "用户名或密码";
    DissectOption = "option", "选项";
    DissectPort = "port the replica listens on", "从节点监听的端口";
    DissectCapa = "capability", "能力";
    DissectReplid = "replication ID", "复制 ID";
    DissectNoHistory = "no replication ID", "没有复制 ID";
    DissectNoOffset = "no offset", "没有偏移量";
    DissectPsyncOffset = "next byte it needs", "需要的下一个字节";
    DissectAckOffset = "offset applied so far", "已执行到的偏移量";
    DissectNoHistoryNote = "It has followed nobody yet, so only a full resynchronisation can help.",
        "它还没有跟随过任何主节点，只能进行全量同步。";
    DissectReplidNote = "The history it has followed until now.", "它到目前为止跟随的复制历史。";
    DissectPsyncOffsetNote = "Its own offset plus one: it holds every byte before this one.",
        "即自己的偏移量加一：在此之前的每个字节它都已持有。";
    DissectPingNote = "Are you there? In the stream it is a heartbeat, and its bytes count.",
        "“在吗？”在复制流里它是心跳，其字节计入偏移量。";
    DissectPsyncNote = "Asks to go on where it stopped. The master answers with a full or a partial resynchronisation.",
        "请求从中断处继续。主节点会答复全量同步或增量同步。";
    DissectSyncNote = "The old way to ask: the answer is always a full resynchronisation.",
        "旧的请求方式：答复总是全量同步。";
    DissectReplconfNote = "The replica tells its master about itself.", "从节点向主节点说明自己的情况。";
    DissectSelectNote = "The commands that follow are for this database.", "后面的命令针对这个数据库。";
    DissectMultiNote = "A transaction begins: it is applied as a whole at EXEC.", "事务开始：到 EXEC 时整体执行。";
    DissectAckNote = "Sent every second; the master never answers it.", "每秒发送一次，主节点从不回复。";
    DissectGetackNote = "Asks the replica to report its offset at once.", "要求从节点立即报告偏移量。";
    DissectPortNote = "Shown by INFO and used by Sentinel to find it.", "会显示在 INFO 中，Sentinel 据此找到它。";
    DissectCapaNote = "What the replica understands.", "从节点支持的能力。";
    DissectCapaEofNote = "It can take an RDB whose length is not known beforehand.", "能接收事先不知道长度的 RDB。";
    DissectCapaPsync2Note = "It understands +CONTINUE with a new replication ID.", "能理解带新复制 ID 的 +CONTINUE。";
    DissectAckOffsetNote = "The master's offset minus this is how far the replica is behind.",
        "主节点的偏移量减去它，就是从节点落后的字节数。";
    DissectStatus = "status", "状态";
    DissectStatusMark = "a status follows", "后面是状态";
    DissectError = "error", "错误";
    DissectErrorMark = "an error follows", "后面是错误";
    DissectInteger = "integer", "整数";
    DissectIntegerMark = "an integer follows", "后面是整数";
    DissectDouble = "double", "浮点数";
    DissectBoolean = "boolean", "布尔值";
    DissectBigNumber = "big number", "大整数";
    DissectNull = "null", "空值";
    DissectNullBulk = "length -1: no value", "长度为 -1：没有值";
    DissectTypeMark = "type of the value", "值的类型";
    DissectString = "string", "字符串";
    DissectSet = "set of {0}", "含 {0} 个元素的集合";
    DissectPush = "push of {0}", "含 {0} 个元素的推送";
    DissectMap = "map of {0}", "含 {0} 个条目的映射";
    DissectSpace = "space", "空格";
    DissectFullresync = "full resynchronisation", "全量同步";
    DissectFullresyncNote = "The replica throws its data away and loads a snapshot.",
        "从节点将丢弃自己的数据，载入一份快照。";
    DissectSnapshotOffset = "offset of the snapshot", "快照对应的偏移量";
    DissectSnapshotOffsetNote = "The first byte of the stream after the snapshot has this offset plus one.",
        "快照之后复制流的第一个字节，偏移量是它加一。";
    DissectContinue = "partial resynchronisation", "增量同步";
    DissectContinueNote = "The missing bytes follow from the backlog; no snapshot is needed.",
        "缺少的字节将从复制积压缓冲区补发，不需要快照。";
    DissectContinueReplid = "replication ID from now on", "今后的复制 ID";

    // The inspector of bytes: transfer and RDB.
    DissectLenHeader = "length of the RDB", "RDB 的长度";
    DissectLenHeaderNote = "Like a bulk string, but no CR LF comes after the data.", "形如批量字符串，但数据之后没有 CR LF。";
    DissectEofHeader = "transfer without a length", "不带长度的传输";
    DissectEofHeaderNote = "Diskless: the master does not know the length yet. The RDB ends where this mark comes again.",
        "无盘复制：主节点此时还不知道长度。再次出现该标记时 RDB 结束。";
    DissectEofMark = "mark of the end", "结束标记";
    DissectEofMarkNote = "The same 40 random bytes as in the header.", "与头部相同的 40 个随机字节。";
    DissectMagic = "magic", "魔数";
    DissectVersion = "version of the format", "格式版本";
    DissectMagicVersion = "RDB, version {0}", "RDB，版本 {0}";
    DissectOpcode = "opcode", "操作码";
    DissectType = "type {0}", "类型 {0}";
    DissectLength = "length", "长度";
    DissectAux = "about the file", "辅助字段";
    DissectAuxNamed = "about the file: {0}", "辅助字段：{0}";
    DissectAuxName = "name of the field", "字段名";
    DissectAuxValue = "value of the field", "字段值";
    DissectAuxVer = "Version of the server that wrote it.", "写入该文件的服务器版本。";
    DissectAuxBits = "Word size of that machine.", "写入机器的字长。";
    DissectAuxCtime = "When it was written, in seconds since 1970.", "写入时间（自 1970 年起的秒数）。";
    DissectAuxMem = "Memory in use when it was written.", "写入时占用的内存。";
    DissectAuxAof = "Whether it is the base of an append-only file.", "是否为 AOF 的基础部分。";
    DissectAuxStreamDb = "Database the stream was last in.", "复制流最后所在的数据库。";
    DissectAuxReplId = "The history this snapshot belongs to.", "该快照所属的复制历史。";
    DissectAuxReplOffset = "Everything up to this offset is inside.", "该偏移量之前的内容都已包含在内。";
    DissectSelectDb = "database that follows", "后面的数据库";
    DissectResizeDb = "sizes of the tables", "哈希表大小";
    DissectResizeDbNote = "Keys, and keys with an expiry: so that the tables can be made at once.",
        "键的数量和带过期时间的键的数量，便于一次分配好哈希表。";
    DissectKeysInDb = "number of keys", "键的数量";
    DissectExpiresInDb = "keys with an expiry", "带过期时间的键数";
    DissectExpiryMs = "expires at (ms)", "过期时间（毫秒）";
    DissectExpirySeconds = "expires at (s)", "过期时间（秒）";
    DissectExpiryNote = "Absolute time, for the key that follows.", "绝对时间，属于下一个键。";
    DissectFreq = "access frequency", "访问频率";
    DissectIdle = "idle time", "空闲时间";
    DissectEof = "end of the data", "数据结束";
    DissectChecksum = "checksum", "校验和";
    DissectChecksumNote = "CRC64 of everything from the magic to here.", "从魔数到此处全部内容的 CRC64。";
    DissectChecksumOff = "Zero: not checked.", "为零：不校验。";
    DissectElements = "number of elements", "元素数量";
    DissectElement = "element", "元素";
    DissectContainer = "kind of node", "节点类型";
    DissectScore = "score", "分值";
    DissectStringLen = "a string of {0} bytes", "长度为 {0} 字节的字符串";
    DissectStringInt = "a string kept as an integer of {0} bytes", "以 {0} 字节整数保存的字符串";
    DissectLzf = "a compressed string (LZF)", "压缩的字符串（LZF）";
    DissectLzfPacked = "compressed length", "压缩后长度";
    DissectLzfPlain = "length when expanded", "解压后长度";
    TypeString = "string", "字符串";
    TypeList = "list", "列表";
    TypeSet = "set", "集合";
    TypeZset = "sorted set", "有序集合";
    TypeHash = "hash", "哈希";
    TypeHashPacked = "hash, packed", "哈希（紧凑编码）";
    TypeListPacked = "list, packed", "列表（紧凑编码）";
    TypeIntset = "set of integers, packed", "整数集合（紧凑编码）";
    TypeZsetPacked = "sorted set, packed", "有序集合（紧凑编码）";
    TypeSetPacked = "set, packed", "集合（紧凑编码）";
    TypeQuicklist = "list of packed nodes", "列表（快速列表）";

    // The frame of the page.
    Title = "Lockstep: Redis replication, one step at a time", "Lockstep：一步一步看 Redis 主从复制";
    Tagline = "Redis replication, one step at a time", "一步一步看 Redis 主从复制";
    Restart = "Start over", "重新开始";
    ThemeDark = "Dark colours", "深色";
    ThemeLight = "Light colours", "浅色";
    Help = "Help", "帮助";
    Close = "Close", "关闭";
    PanesLabel = "Parts of the page", "页面的各部分";
    PaneGuide = "Guide", "引导";
    PaneLower = "Time, consoles", "时空图与控制台";
    PaneSide = "Inspector", "检查器";
    StageLabel = "Stage", "舞台";
    ToolsLabel = "What can be done with {0}", "可对 {0} 进行的操作";
    TransportLabel = "Move in time", "时间控制";
    TabSpaceTime = "Space-time", "时空图";
    TabEvents = "Events", "事件";
    TabState = "State", "状态";
    TabBytes = "Bytes", "字节";
    TabWhy = "Why", "缘由";
    TabLog = "Log", "日志";

    // The transport bar.
    Step = "Step", "单步";
    Back = "Back one step", "后退一步";
    BackFar = "Back one transition", "后退到上一次状态变化";
    ForwardFar = "Forward one transition", "前进到下一次状态变化";
    Play = "Play", "播放";
    Pause = "Pause", "暂停";
    StepBy = "step by", "步长";
    GrainEvent = "event", "事件";
    GrainSegment = "segment", "报文段";
    GrainDelivery = "delivery", "消息到达";
    GrainTransition = "transition", "状态变化";
    Speed = "Speed", "速度";
    SliderLabel = "Place in the history", "在历史中的位置";
    SliderValue = "step {0} of {1}: {2}", "第 {0} 步，共 {1} 步：{2}";
    StepNumber = "Step {0}", "第 {0} 步";
    MarkCut = "link cut", "链路切断";
    MarkStop = "node stopped", "节点停止";
    MarkRestore = "link restored", "链路恢复";
    MarkStart = "node started", "节点启动";
    MarkPartial = "partial resynchronisation", "增量同步";
    MarkFull = "full resynchronisation", "全量同步";
    MarkShift = "new replication ID", "新的复制 ID";
    TellStart = "The beginning: the processes have just started.", "一切的开始：各进程刚刚启动。";

    // The stage.
    RoleMaster = "master", "主节点";
    RoleReplica = "replica", "从节点";
    StateOnline = "online", "在线";
    StateTransfer = "full sync", "全量同步中";
    StateNoLink = "no link", "无连接";
    StateConnecting = "connecting", "连接中";
    StateHandshake = "handshake", "握手中";
    StatePsync = "awaits reply", "等待答复";
    StateDown = "down", "已停止";
    StateFrozen = "frozen", "已冻结";
    Offset = "offset", "偏移量";
    Behind = "{0} behind", "落后 {0}";
    InStep = "in step", "已同步";
    NoBacklog = "no backlog", "无复制积压缓冲区";
    BacklogTitle = "The backlog to scale: what it holds, and the next byte each replica needs",
        "按比例绘制的复制积压缓冲区：保留的内容，以及各从节点需要的下一个字节";
    From = "from {0}", "始于 {0}";
    LinkName = "Link between {0} and {1}", "{0} 与 {1} 之间的链路";
    LinkCut = "cut: both ends know", "已切断：两端都知道";
    LinkStalled = "stalled: bytes stay where they are", "停滞：字节停在原处";
    LinkSilent = "cut silently: bytes wait", "悄悄切断：字节滞留途中";
    AltNode = "{0}: {1}, history {2}, offset {3}. ", "{0}：{1}，复制历史 {2}，偏移量 {3}。";
    AltMessage = "On its way: {0}, from {1} to {2}. ", "途中：{0}，从 {1} 到 {2}。";
    LaneText = "Messages between the nodes over time. The last steps:", "节点之间的消息随时间的变化。最近几步：";
    DoStart = "Start", "启动";
    DoStop = "Stop", "停止";
    DoKill = "Kill", "强制终止";
    DoFreeze = "Freeze", "冻结";
    DoThaw = "Let it go on", "恢复运行";
    DoAdd = "Replica", "从节点";
    Console = "Console", "控制台";
    DoCutLink = "Cut", "切断";
    DoCutSilent = "Cut silently", "悄悄切断";
    DoRestoreLink = "Restore", "恢复";

    // Consoles.
    ConsoleLabel = "redis-cli of {0}", "{0} 的 redis-cli";
    ConsoleEmpty = "Try: INFO replication", "试试：INFO replication";
    ConsoleWaits = "The command waits: its answer comes later.", "命令正在等待，稍后才有答复。";

    // The inspector.
    DownText = "The process is not running. What it held in memory is gone; its disk remains.",
        "进程未运行。内存中的内容已经丢失，磁盘上的还在。";
    FrozenText = "The process is frozen: it reads nothing and answers nothing, but its connections stay.",
        "进程已冻结：不读取也不答复，但连接仍然保持。";
    LadderTitle = "Its way to the master {0}", "与主节点 {0} 的握手进度";
    ReplicasTitle = "Its replicas", "它的从节点";
    LagBytes = "behind", "落后";
    FilesTitle = "On its disk", "磁盘文件";
    LinkState = "state", "状态";
    LinkWorks = "works", "正常";
    Latency = "latency", "延迟";
    Bandwidth = "bandwidth", "带宽";
    Unlimited = "without limit", "不限";
    LinkUses = "replication", "复制";
    LinkText = "A link carries bytes as TCP does: it never loses, doubles or reorders those of a live connection.",
        "链路像 TCP 一样传送字节：连接存活期间不会丢失、重复或乱序。";
    ReplNone = "no replica", "不是从节点";
    ReplConnect = "must connect", "等待连接";
    ReplConnecting = "connecting", "正在连接";
    ReplPing = "PING sent", "已发送 PING";
    ReplHandshake = "introduces itself", "自我介绍";
    ReplAuth = "AUTH", "AUTH 认证";
    ReplPort = "REPLCONF listening-port", "REPLCONF listening-port";
    ReplIp = "REPLCONF ip-address", "REPLCONF ip-address";
    ReplCapa = "REPLCONF capa", "REPLCONF capa";
    ReplSendPsync = "about to send PSYNC", "即将发送 PSYNC";
    ReplPsync = "PSYNC sent", "已发送 PSYNC";
    ReplTransfer = "receives the RDB", "接收 RDB";
    ReplConnected = "follows the stream", "跟随复制流";
    BytesNone = "No message in this step. Choose one on the stage.", "这一步没有消息。请在舞台上选择一条。";
    BytesPick = "Messages", "消息";
    BytesStream = "bytes {0} to {1} of the replication stream", "复制流的第 {0} 到 {1} 字节";
    BytesMore = "Show more ({0} bytes are left)", "显示更多（还有 {0} 字节）";
    HexLabel = "Bytes in hex and as text", "十六进制与文本形式的字节";
    KindConnect = "connection attempt", "连接请求";
    KindAccept = "connection accepted", "连接已接受";
    KindRefuse = "connection refused", "连接被拒绝";
    KindFin = "end of the connection", "连接关闭";
    KindReset = "reset", "连接重置";
    KindHandshake = "handshake", "握手";
    KindReply = "reply", "答复";
    KindError = "error", "错误";
    KindRdbHeader = "header of the RDB", "RDB 头部";
    KindRdb = "part of the RDB", "RDB 片段";
    KindStream = "replication stream", "复制流";
    KindPing = "heartbeat, part of the stream", "心跳（属于复制流）";
    KindAck = "acknowledgement", "确认";
    KindKeepalive = "keep-alive, outside the stream", "保活（不属于复制流）";
    KindRequest = "a client's command", "客户端命令";
    KindResponse = "answer to a client", "对客户端的答复";
    LogPick = "Choose a node to see its log.", "选择一个节点查看日志。";
    LogTitle = "Log of {0}", "{0} 的日志";
    LogEmpty = "Nothing logged yet.", "还没有日志。";
    Yes = "holds", "成立";
    No = "fails", "不成立";
    NotAsked = "not asked", "不再检查";
    WhyNone = "No master has decided about a resynchronisation yet.", "还没有主节点对同步请求作出决定。";
    WhyAhead = "What {0} will decide", "{0} 将如何决定";
    WhyAheadText = "The request of {0} is on its way. If it arrived now:", "{0} 的请求还在途中。如果现在到达：";
    WhyDecided = "What {0} decided", "{0} 的决定";
    WhyHistory = "the replica has a history and names its next byte", "从节点有复制历史，并说明所需的下一个字节";
    WhyOwnId = "its ID is my replication ID", "其 ID 等于我的复制 ID";
    WhyOwnId2 = "its ID is my earlier one, and {0} ≤ {1}", "其 ID 等于我之前的复制 ID，且 {0} ≤ {1}";
    WhyBacklog = "I have a backlog (bytes held)", "我有复制积压缓冲区（已保留字节）";
    WhyFirst = "{0} ≥ first byte of the backlog", "{0} ≥ 缓冲区的第一个字节";
    WhyLast = "{0} ≤ last byte + 1", "{0} ≤ 最后一个字节 + 1";
    VerdictPartial = "Partial.", "增量同步。";
    VerdictFull = "Full.", "全量同步。";
    VerdictNothing = "The replica has everything; the stream just goes on.", "从节点什么都不缺，复制流直接继续。";
    VerdictBytes = "{0} bytes of the backlog from byte {1} on are all it needs.", "从第 {1} 字节起补发缓冲区中的 {0} 字节即可。";
    VerdictSync = "The replica speaks SYNC, which knows no other answer.", "从节点使用 SYNC，它只有这一种答复。";
    VerdictNoHistory = "The replica has no history to go on with.", "从节点没有可以继续的复制历史。";
    VerdictMismatch = "The replica followed another history.", "从节点跟随的是另一段复制历史。";
    VerdictSecond = "It followed the earlier history {0} bytes too far.", "它沿之前的复制历史多走了 {0} 字节。";
    VerdictNoBacklog = "There is no backlog to continue from.", "没有复制积压缓冲区可供继续。";
    VerdictBefore = "{0} of the bytes it needs have left the backlog.", "它需要的字节中有 {0} 个已不在缓冲区里。";
    VerdictAfter = "It asks for a byte {0} beyond the last one there is.", "它要的字节比现有的最后一个还多出 {0}。";
    VerdictWasFreed = "That history was its own until repl-backlog-ttl ran out without a replica: backlog and ID were given up.", "那曾是它自己的复制历史，但 repl-backlog-ttl 期满仍没有从节点：缓冲区与复制 ID 都已放弃。";
    VerdictWasCreated = "That ID was its own until the first replica came: a new history began with the backlog.", "那曾是它自己的复制 ID，直到第一个从节点到来：创建缓冲区时开始了新的复制历史。";
    VerdictTwoBehind = "That history is two behind; only one earlier history is remembered.", "那段复制历史已是两代之前，而节点只记住上一代。";
    VerdictWasReplaced = "That history was its own until a full resynchronisation replaced it.", "那曾是它自己的复制历史，后来被一次全量同步取代。";
    VerdictBeforePsync2 = "That was the ID of its former master; before Redis 4.0 a promoted replica does not keep it.", "那是它以前主节点的 ID；Redis 4.0 之前，提升后的从节点不会保留它。";
    OtherwiseNever = "No repl-backlog-size would have changed that.", "无论 repl-backlog-size 多大，结果都一样。";
    WhyAsked = "Why it asked for everything: {0}.", "它请求全部数据的原因：{0}。";
    OtherwiseFull = "It would be full if the backlog held fewer than {0} bytes.", "如果缓冲区保留的字节少于 {0}，就会是全量同步。";
    OtherwisePartial = "A repl-backlog-size of {0} would have been enough.", "repl-backlog-size 若为 {0} 就足够了。";

    // Help.
    HelpTitle = "How to use this page", "如何使用本页";
    HelpText = "Three Redis nodes run in this page, over simulated links. They are the code of the real server. Nothing moves until you step; everything can be taken back.",
        "本页运行着三个 Redis 节点，它们之间是模拟的链路，代码与真正的服务器相同。你不单步，就什么都不动；每一步都可以退回。";
    HelpPlay = "play or pause", "播放或暂停";
    HelpStep = "one step back, one step forward", "后退一步、前进一步";
    HelpTransition = "to the previous or next transition", "到上一次或下一次状态变化";
    HelpNode = "choose a node", "选择节点";
    HelpHelp = "this help", "显示本帮助";
    HelpClose = "close", "关闭";
    LegendTitle = "Messages", "消息";
    ShapeHandshake = "handshake", "握手";
    ShapeRdb = "RDB", "RDB";
    ShapeStream = "replication stream", "复制流";
    ShapeAck = "acknowledgement", "确认";
    ShapeError = "error, refusal, reset", "错误、拒绝、重置";
    ShapeClient = "client", "客户端";
    ShapeControl = "connection", "连接";

    // The guide.
    GuideLabel = "Guide", "引导";
    GuideTitle = "Things to try", "动手试试";
    GuideHonest = "The nodes are the code of the real server; only the network is simulated.",
        "节点运行的就是真正服务器的代码，只有网络是模拟的。";
    GoalsTitle = "Goals", "目标";
    GoalDone = " (reached)", "（已达成）";
    GoalOpen = " (not yet)", "（未达成）";
    TryCut = "The cut", "链路中断";
    TryCutText1 = "The link to 6382 was down for three seconds. Meanwhile the master went on accepting writes, and kept the last bytes of its stream in the backlog.",
        "到 6382 的链路断了三秒。这期间主节点继续接受写入，并把复制流最近的字节保留在复制积压缓冲区里。";
    TryCutText2 = "6382 remembers two things: which history it followed, and the next byte it needs. Its PSYNC, now on its way, says exactly that.",
        "6382 记得两件事：自己跟随的复制历史，以及需要的下一个字节。正在途中的 PSYNC 说的就是这两件事。";
    TryCutText3 = "What will the master answer? Look under Why, then press Step.", "主节点会怎样答复？先看“缘由”，再按“单步”。";
    TryHandshake = "From the first byte", "从第一个字节开始";
    TryHandshakeText1 = "Three processes have just started; two are configured as replicas. Step through their handshake: PING, who they are, what they understand, and PSYNC without a history.",
        "三个进程刚刚启动，其中两个配置为从节点。逐步观察握手过程：PING、自报端口与能力，最后是没有复制历史的 PSYNC。";
    TryHandshakeText2 = "The answer is a full resynchronisation: a snapshot as an RDB, then the stream. Look at its bytes: nothing comes between the two.",
        "答复是全量同步：先是 RDB 快照，然后是复制流。看看字节：两者之间没有任何分隔。";
    TryWrite = "A write travels", "一次写入的旅程";
    TryWriteText1 = "Write to the master and watch the command reach both replicas as part of one stream. The client has its answer before they have it: replication is asynchronous.",
        "向主节点写入，观察命令随同一条复制流到达两个从节点。客户端先得到答复，从节点后收到：复制是异步的。";
    TryWriteText2 = "Each replica reports its offset every second. Only then does the master know.", "从节点每秒报告一次偏移量，主节点这时才知道进度。";
    TryBacklog = "A backlog too small", "复制积压缓冲区太小";
    TryBacklogText1 = "Cut the link to 6382, then write more than the 16 KB of the backlog. The byte that 6382 needs next falls out of it.",
        "切断到 6382 的链路，再写入超过 16 KB 缓冲区的数据。6382 需要的下一个字节就被覆盖了。";
    TryBacklogText2 = "Restore the link and step: the answer changes. Under Why you see by how many bytes, and which size would have been enough.",
        "恢复链路后单步前进：答复变了。在“缘由”里可以看到差了多少字节，以及多大的缓冲区才够用。";
    TryFailover = "Failover by hand", "手动故障转移";
    TryFailoverText1 = "Kill the master, make 6381 the new one, and let 6382 follow it.", "强制终止主节点，把 6381 提升为新的主节点，再让 6382 跟随它。";
    TryFailoverText2 = "6381 begins a new history but remembers the old one as its second ID. Because 6382 followed the old one, no full copy is needed.",
        "6381 开始新的复制历史，但把旧的记作第二个复制 ID。6382 跟随的正是旧历史，所以不需要全量同步。";
    LinkLatency = "Latency", "延迟";
    LinkJitter = "Jitter, up to", "抖动，最多";
    LinkOneWay = "nothing from {0} reaches {1}, ", "{0} 的数据到不了 {1}，";
    DoCutOneWay = "Lose what {0} sends to {1}", "丢弃 {0} 发给 {1} 的数据";
    DoStall = "Stall", "停滞";
    DoHold = "Hold", "扣住";
    DoRelease = "Let go", "放行";
    DoBreakAt = "Reset at byte {0}", "在第 {0} 字节处重置";
    LinkBandwidth = "Bandwidth", "带宽";
    LinkUnlimited = "unlimited", "不限";
    DoReset = "Reset connections", "重置连接";
    DoRestart = "Restart", "重启";
    DoTidy = "Tidy up", "复位布局";
    WriterLabel = "Writes", "写入";
    WriterNone = "none", "无";
    WriterRate = "{0}/s", "{0} 条/秒";
    WorldTitle = "New world", "新建环境";
    WorldReplicas = "Replicas", "从节点数";
    WorldFewer = "fewer replicas", "减少从节点";
    WorldMore = "more replicas", "增加从节点";
    WorldStar = "Star", "星形";
    WorldChain = "Chain", "链式";
    WorldTree = "Tree", "树形";
    TryEras = "One fault, five Redises", "同一故障，五个时代";
    TryErasText1 = "Nodes here can replicate like older Redises. 2.6 knows only SYNC. 2.8 brought PSYNC and the backlog. 4.0 gave a history an ID that survives a promotion.",
        "这里的节点可以按旧版 Redis 的方式复制：2.6 只有 SYNC；2.8 带来 PSYNC 与复制积压缓冲区；4.0 的复制 ID 在提升之后仍然有效。";
    TryErasText2 = "So the same fault ends differently. Choose a row to step through its ending; the bar is what the master sent.",
        "所以同一故障的结局不同。选择一行，逐步观看它的结局；横条表示主节点发送的数据量。";
    FaultCut = "Link down for 3 s", "链路中断 3 秒";
    FaultPromotion = "6381 promoted", "提升 6381";
    EndFull = "full", "全量";
    EndPartial = "partial", "增量";
    EndCost = "{0} bytes, {1} ms", "{0} 字节，{1} 毫秒";
    EraLabel = "Replicate like Redis", "复制方式按 Redis";
    EraName = "replicates like Redis {0}", "按 Redis {0} 的方式复制";
    GoalDecided = "the master decides", "主节点作出决定";
    DoSet = "6380: SET name chaoge", "6380：SET name chaoge";
    DoGet = "6381: GET name", "6381：GET name";
    DoCut = "Cut the link to 6382", "切断到 6382 的链路";
    DoFlood = "6380: write 20 000 bytes", "6380：写入 20 000 字节";
    DoRestore = "Restore the link", "恢复链路";
    DoCrash = "Kill 6380", "强制终止 6380";
    DoPromote = "6381: REPLICAOF NO ONE", "6381：REPLICAOF NO ONE";
    DoFollow = "6382: REPLICAOF 127.0.0.1 6381", "6382：REPLICAOF 127.0.0.1 6381";
    GoalPartial = "the master decides: partial", "主节点决定：增量同步";
    GoalConnected = "every replica follows its master", "每个从节点都跟上了主节点";
    GoalEqual = "all stand at the same offset", "所有节点的偏移量一致";
    GoalFull = "the master decides: full", "主节点决定：全量同步";
    GoalLoaded = "a replica has loaded the RDB", "从节点载入了 RDB";
    GoalWrote = "a write has changed something", "一次写入产生了改动";
    GoalAcked = "the master knows that both have it", "主节点知道两个从节点都已收到";
    GoalCutOff = "6382 is cut off", "6382 失去连接";
    GoalFallenOut = "its next byte has left the backlog", "它需要的下一个字节已被覆盖";
    GoalFullBacklog = "the master decides: full, for lack of backlog", "主节点因缓冲区不足决定：全量同步";
    GoalPromoted = "6381 is a master", "6381 成为主节点";
    GoalFollows = "6382 follows 6381", "6382 跟随 6381";
    GoalSecondId = "by a partial resynchronisation, thanks to the second ID", "凭第二个复制 ID 完成增量同步";
}
