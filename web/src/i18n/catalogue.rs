//! The table of texts: a name, English, Simplified Chinese. `{0}` to `{9}` stand for arguments.
//!
//! Chinese terms are those of the articles on Redis replication: 主从复制, 全量同步, 增量同步,
//! 复制积压缓冲区, 主节点, 从节点, 偏移量, 复制 ID.

#[macro_use]
mod dissect;
#[macro_use]
mod host;
#[macro_use]
mod inspect;
#[macro_use]
mod lesson;
#[macro_use]
mod live;
mod opening;
#[macro_use]
mod own;
#[macro_use]
mod recording;
#[macro_use]
mod share;

use lockstep_sim::narrate::pick;

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

        const EN: [&str; COUNT] = [$($en),*];
        const ZH: [&str; COUNT] = [$($zh),*];
        const COUNT: usize = [$(Key::$key),*].len();

        // A translation that lost or invented an argument does not compile.
        $(const _: () = assert!(
            placeholders($en) == placeholders($zh),
            concat!("placeholders differ: ", stringify!($key)),
        );)*
    };
}

/// By language: the texts that the page opens with, and all others.
static AT_ONCE: [[&str; COUNT]; 2] = [pick(EN, &IN_OPENING, true), pick(ZH, &IN_OPENING, true)];
static LATER: [[&str; COUNT]; 2] = [pick(EN, &IN_OPENING, false), pick(ZH, &IN_OPENING, false)];

const IN_OPENING: [bool; COUNT] = {
    let mut mask = [false; COUNT];
    let mut at = 0;
    while at < opening::KEYS.len() {
        mask[opening::KEYS[at] as usize] = true;
        at += 1;
    }
    mask
};

/// The text of a key in a language.
pub(crate) fn text(lang: Lang, key: Key) -> &'static str {
    match AT_ONCE[lang as usize][key as usize] {
        "" => later(lang, key),
        text => text,
    }
}

/// Apart, so that what it refers to need not be there before it is called.
#[inline(never)]
fn later(lang: Lang, key: Key) -> &'static str {
    LATER[lang as usize][key as usize]
}

// The texts of the inspector are in files of their own; they join those below.
dissect_texts! {
    // Amounts.
    OneByte = "{0} byte", "{0} 字节";
    Bytes = "{0} bytes", "{0} 字节";
    OneKey = "{0} key", "{0} 个键";
    Keys = "{0} keys", "{0} 个键";

    // The frame of the page.
    Title = "Lockstep: Redis replication, one step at a time", "Lockstep：一步一步看 Redis 主从复制";
    Tagline = "Redis replication, one step at a time", "一步一步看 Redis 主从复制";
    Restart = "Start over", "重新开始";
    ThemeDark = "Dark colours", "深色";
    ThemeLight = "Light colours", "浅色";
    SkipToStage = "Go to the stage", "跳到舞台";
    Help = "Help", "帮助";
    Close = "Close", "关闭";
    PanesLabel = "Parts of the page", "页面的各部分";
    PaneGuide = "Guide", "引导";
    PaneLower = "Time, consoles", "时空图与控制台";
    PaneSide = "Inspector", "检查器";
    StageLabel = "Stage", "舞台";
    ToolsLabel = "What can be done with {0}", "可对 {0} 进行的操作";
    TransportLabel = "Move in time", "时间控制";
    Violated = "This must never happen: {0}.", "这绝不应发生：{0}。";
    NoneAhead = "Nothing of that kind happened in {0} steps: the world is at peace.", "{0} 步之内没有发生这类变化：一切平静。";
    Share = "Share", "分享";
    ShareDone = "The address of this page now names this very moment; it has been copied.", "本页地址现在指向这一时刻，已复制到剪贴板。";
    ShareBad = "The moment in the address cannot be shown: {0}.", "无法显示地址中的时刻：{0}。";
    LinkTooLong = "this link has {0} characters; the longest has {1}", "链接有 {0} 个字符，最长为 {1} 个";
    LinkTooShort = "this link is too short: it was not copied whole; what follows `{0}` is missing", "链接太短，没有复制完整：缺少 `{0}` 之后的内容";
    LinkCharacter = "this link is damaged: character {0}, `{1}`, does not belong there; copy it again", "链接已损坏：第 {0} 个字符 `{1}` 不应出现在这里，请重新复制";
    LinkVersion = "this link has format {0}, and this Lockstep reads format {1}: it was made by another version, or is damaged", "链接的格式是 {0}，而此版本的 Lockstep 读取格式 {1}：链接由其他版本生成，或已损坏";
    LinkDamaged = "this link is damaged, or was not copied whole: its checksum is wrong; copy it again", "链接已损坏或没有复制完整：校验和不符，请重新复制";
    LinkSenseless = "this link makes no sense, though it is not damaged: {0}", "链接没有损坏，但内容不合理：{0}";
    LinkUnknownScenario = "this link is about the scenario `{0}`, which does not exist here", "链接所指的场景 `{0}` 在这里不存在";
    LinkOtherScenario = "this link is about the scenario `{0}`, which begins differently in this version of Lockstep", "链接所指的场景 `{0}` 在此版本的 Lockstep 中开始得不一样";
    LinkPlace = "line {0}, column {1}: expected {2}, found {3}", "第 {0} 行第 {1} 列应为 {2}，实际为 {3}";
    LinkScenario = "the world in this link cannot be made: {0}", "无法建立链接中的环境：{0}";
    MarkViolation = "something that must never happen", "绝不应发生的事";
    Branches = "Histories: {0}", "历史：{0} 条";
    BranchHere = "shown now", "当前显示";
    BranchNumber = "History {0}", "历史 {0}";
    BranchName = "Name of this history", "这条历史的名称";
    BranchAbout = "the same up to step {0}, {1} steps", "到第 {0} 步为止相同，共 {1} 步";
    BranchReturn = "Return", "返回";
    BranchCompare = "Compare", "对比";
    BranchForget = "Forget", "丢弃";
    BranchParted = "Parted after step {0}. At {2}, {1} stood at step {3}.", "第 {0} 步之后分开。时间为 {2} 时，“{1}”位于第 {3} 步。";
    BranchSame = "Nothing differs.", "没有差异。";
    BranchMore = "and {0} more", "另有 {0} 处";
    DiffThere = "is there", "存在";
    DiffValue = "differs", "不同";
    SayYes = "yes", "是";
    SayNo = "no", "否";
    LaneGrip = "drag it, or press the up and down keys, to move its lane", "拖动，或按上下方向键，移动它的泳道";
    LaneWalk = "What happened on the lanes: the arrow keys choose, Enter opens it, Space goes there", "各泳道上发生的事：方向键选择，回车打开，空格跳到那一步";
    LaneLeaves = "{0} leaves for {1}", "{0} 发往 {1}";
    LaneScale = "Scale of the diagram", "时空图的刻度";
    LaneSteps = "Steps", "按步";
    LaneTime = "Time", "按时间";
    LaneSave = "Save the diagram as {0}", "将时空图保存为 {0}";
    TabBacklog = "Backlog", "积压缓冲区";
    BacklogNone = "No backlog: a master creates it when its first replica comes, and gives it up after repl-backlog-ttl without one.",
        "没有复制积压缓冲区：第一个从节点到来时主节点才创建它；没有从节点的时间超过 repl-backlog-ttl，就会释放。";
    BacklogOf = "Backlog of {0}", "{0} 的复制积压缓冲区";
    BacklogLimit = "limit", "上限";
    BacklogRange = "bytes {0} to {1}", "第 {0} 到 {1} 字节";
    BacklogHeld = "held", "已保留";
    BacklogEmpty = "no byte yet", "还没有字节";
    BacklogCame = "{0} bytes came", "新增 {0} 字节";
    BacklogFell = "{0} bytes fell off", "移出 {0} 字节";
    FollowerAcked = "acknowledged {0}, sent {1}", "已确认 {0}，已发送 {1}";
    FollowerUnsent = "acknowledged {0}, sent {1}, {2} still to send", "已确认 {0}，已发送 {1}，待发送 {2}";
    FollowerNeeds = "cut off, needs byte {0}: held", "已断开，需要第 {0} 字节：仍在";
    FollowerGone = "cut off, needs byte {0}: {1} gone", "已断开，需要第 {0} 字节：已丢失 {1} 字节";
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
    BytesMore = "Show more (bytes left: {0})", "显示更多（还有 {0} 字节）";
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
    WhyOwnId = "its ID {0} is my replication ID", "其 ID {0} 等于我的复制 ID";
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
    VerdictBefore = "Of the bytes it needs, {0} left the backlog.", "它需要的字节中有 {0} 个已不在缓冲区里。";
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
    HelpText = "Redis nodes run in this page, over simulated links. They are the code of the real server. Nothing moves until you step; everything can be taken back.",
        "Redis 节点就运行在本页中，代码与真正的服务器相同，只有它们之间的链路是模拟的。你不单步，就什么都不动；每一步都可以退回。";
    HelpPlay = "play or pause", "播放或暂停";
    HelpStep = "one step back, one step forward", "后退一步、前进一步";
    HelpTransition = "to the previous or next transition", "到上一次或下一次状态变化";
    HelpNode = "choose a node", "选择节点";
    HelpMove = "move the card of the chosen node", "移动所选节点的卡片";
    HelpLane = "in the diagram (reach it with Tab): choose what happened, open it, go there", "在时空图中（用 Tab 键进入）：选择发生的事、打开、跳到那一步";
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
    LinkOneWay = "nothing from {0} reaches {1}", "{0} 的数据到不了 {1}";
    DoCutOneWay = "Lose what {0} sends to {1}", "丢弃 {0} 发给 {1} 的数据";
    DoLose = "Lose {0} → {1}", "丢弃 {0} → {1}";
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
