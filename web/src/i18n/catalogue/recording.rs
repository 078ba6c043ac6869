//! Texts about recordings: captures and traces that are shown instead of the sandbox.

macro_rules! recording_texts {
    ($($rest:tt)*) => { share_texts! { $($rest)*

    RecCapture = "A capture", "抓包";
    RecTrace = "A trace", "跟踪记录";
    RecLabel = "What is shown", "正在查看的内容";
    RecFacts = "{0} packets, {1} connections: {2} replication links, {3} of clients.",
        "{0} 个数据包，{1} 个连接：{2} 条复制链路，{3} 个客户端连接。";
    RecTraceFacts = "{0} nodes, {1} events.", "{0} 个节点，{1} 个事件。";
    RecTime = "It began on {0} UTC and lasts {1}.", "开始于 {0}（UTC），时长 {1}。";
    RecSpan = "It lasts {0}.", "时长 {0}。";
    RecProtocol = "The protocol", "协议";
    RecNoBreach = "Everything that was said follows the replication protocol.",
        "其中的所有内容都符合复制协议。";
    RecNoBreachSeen = "Nothing that was captured departs from the replication protocol. What is missing cannot be judged.",
        "抓到的内容中没有不符合复制协议之处；缺失的部分无从判断。";
    RecBreach = "The first departure from the protocol:", "首个不符合协议之处：";
    RecBreachPlace = "Step {0}, packet {1}, byte {2} of its direction", "第 {0} 步，第 {1} 个数据包，该方向的第 {2} 字节";
    RecBreachGo = "Go there", "转到该处";
    RecBreachMore = "{0} more after it: marked over the slider.", "其后还有 {0} 处，已标在滑块上方。";
    RecBreachHere = "Against the protocol: {0}", "不符合协议：{0}";
    RecKnown = "What is known", "已知与未知";
    RecKnownText = "A capture shows what was said, not what nodes hold. Offsets and histories are those that were said or follow from the bytes; keys and backlogs are not known.",
        "抓包只记录了通信内容，看不到节点内部。偏移量和复制历史来自通信内容或由字节推出；键和复制积压缓冲区未知。";
    RecTraceText = "A trace tells what its nodes told: events, messages, states. Of nodes that were not traced only the messages are known.",
        "跟踪记录包含被跟踪节点的事件、消息和状态；对未被跟踪的节点，只知道与它有关的消息。";
    RecMissing = "{0} bytes are missing; the steps say where.", "缺少 {0} 个字节，缺失之处在步骤中标明。";
    RecAgain = "{0} segments were sent again; each byte is shown once.", "有 {0} 个报文段被重传；每个字节只显示一次。";
    RecFragments = "{0} packets are parts of IP packets: they are not put together.", "有 {0} 个 IP 分片，未做重组。";
    RecDamaged = "{0} packets are damaged and left out.", "有 {0} 个数据包已损坏，未计入。";
    RecEncrypted = "{0} connections are encrypted (TLS) and cannot be read.", "有 {0} 个连接经过加密（TLS），无法读取。";
    RecBroken = "The file breaks off, or is damaged, at byte {0}.", "文件在第 {0} 字节处中断或损坏。";
    RecLeftOut = "There is more in it than is shown at once: the rest was left out.", "内容超出了可一次显示的范围，其余部分未显示。";
    RecForgotten = "The first {0} steps were given up for want of memory.", "因内存有限，最早的 {0} 步已舍弃。";
    RecLeave = "Back to the sandbox", "回到沙盒";
    RecTake = "Begin a sandbox with this data", "以这些数据开始沙盒";
    RecTakeNote = "The RDB and the commands that the replica has received up to this step become the data of a new master with two replicas.",
        "从节点到此步为止收到的 RDB 与命令，将成为新主节点的数据，并配两个从节点。";
    RecNoRdb = "Up to this step no RDB was received to its end: go further, or there is none in it.",
        "到此步为止还没有完整收到 RDB：请继续向后，或其中没有 RDB。";
    RecTakeMissing = "Some bytes of the RDB or of the stream are missing here: a sandbox with half of the data would be wrong.",
        "这里缺少 RDB 或复制流的部分字节：用残缺的数据开始沙盒会是错误的。";
    RecTakeLarge = "The RDB is damaged, or larger than {0} MB, the most that a sandbox takes.",
        "RDB 已损坏，或超过 {0} MB（沙盒可接受的上限）。";
    RecTakeMany = "More than {0} commands followed the RDB, the most that a sandbox takes: go back some steps.",
        "RDB 之后的命令超过 {0} 条，超出沙盒可接受的上限：请后退一些。";
    RecReading = "Reading {0}…", "正在读取 {0}…";
    RecTooLarge = "{0} is larger than {1} MB, the most that is read here. Keep the part that matters: tcpdump -r FILE -w PART, or editcap.",
        "{0} 超过 {1} MB，超出此处可读取的上限。请截取需要的部分：tcpdump -r FILE -w PART，或使用 editcap。";
    RecLink = "{0}: its packets were captured in a way that is not known here (link type {1}). Ethernet, Linux cooked, raw IP and loopback are.",
        "{0}：无法识别其抓包方式（链路类型 {1}）。支持以太网、Linux cooked、raw IP 和 loopback。";
    RecNoRedis = "{0} holds {1} packets and {2} TCP connections, but on none of them is RESP spoken ({3} are encrypted).",
        "{0} 含 {1} 个数据包和 {2} 个 TCP 连接，但其中没有 RESP 通信（{3} 个连接已加密）。";
    RecBadTrace = "{0} cannot be read: {1}", "无法读取 {0}：{1}";
    RecEmpty = "{0} tells of nothing that happened.", "{0} 中没有任何事件。";
    RecUnknown = "unknown", "未知";
    RecKeysUnknown = "keys unknown", "键未知";
    RecBacklogUnknown = "backlog unknown", "积压缓冲区未知";
    RecSeenUpTo = "seen so far", "目前所见";
    RecRoleUnknown = "role unknown", "角色未知";
    RecWhyNone = "Why a master answered as it did, only it knows: its ids and its backlog are not in the recording. What was asked and what was answered is in the messages.",
        "主节点为何如此答复，只有它自己知道：它的复制 ID 和复制积压缓冲区不在记录中。请求与答复见各条消息。";
    RecBacklogNone = "The backlog of this node is not in the recording.", "该节点的复制积压缓冲区不在记录中。";
    RecNoLog = "No log of this node is in the recording.", "记录中没有该节点的日志。";
    RecNoShare = "A link cannot hold a recording, and it is nobody else's business: hand on the file itself.",
        "链接装不下一份记录，其内容也与他人无关：请直接转交文件。";
    RecNotHere = "A recording cannot be changed. Go back to the sandbox, or begin one with its data.",
        "记录无法更改。请回到沙盒，或以其数据开始一个沙盒。";
    RecCutBytes = "{0} more bytes of it were not recorded (--trace-bytes).", "另有 {0} 个字节未记录（--trace-bytes）。";

    } };
}
