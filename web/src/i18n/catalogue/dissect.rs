//! Texts of the inspector of bytes: what every byte means.

macro_rules! dissect_texts {
    ($($rest:tt)*) => { inspect_texts! { $($rest)*

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

    DissectOdd = "not understood", "无法解析";
    DissectOddNote = "These bytes do not follow the protocol here, so nothing is read into them.",
        "这里的字节不符合协议，因此不作解释。";
    DissectCutOffNote = "The bytes end before the thing that they began.", "字节在一项内容结束之前就没有了。";
    DissectEmpty = "empty command", "空命令";
    DissectEmptyNote = "Redis skips it.", "Redis 会跳过它。";
    DissectNamed = "argument: {0}", "参数：{0}";
    DissectIpAddress = "address the replica announces", "从节点公布的地址";
    DissectAll = "anything: Redis ignores it", "任意值：Redis 不看它";
    DissectFormat = "format of the text", "文本格式";
    DissectVerbatim = "text for people", "供人阅读的文本";
    DissectAttribute = "attribute of {0}", "含 {0} 个条目的属性";

    // Damage, and how a file ends.
    DissectDamaged = "damaged: not taken apart", "已损坏，未逐项解析";
    DissectDamagedNote = "What stands here contradicts its own lengths.", "此处内容与其自身的长度不符。";
    DissectSurplus = "after the end of the file", "文件结束之后";
    DissectSurplusNote = "The announced length goes on behind the end of the RDB.", "声明的长度超出了 RDB 的结尾。";
    DissectChecksumRight = "CRC64 of everything from the magic to here: it is right.",
        "从魔数到此处全部内容的 CRC64：正确。";
    DissectChecksumWrong = "CRC64 of everything from the magic to here: it is wrong, {0} would be right.",
        "从魔数到此处全部内容的 CRC64：不正确，应为 {0}。";
    DissectUnknownType = "a value of type {0}", "类型为 {0} 的值";
    DissectUnknownTypeNote = "A type that is not known here. Its length is not in the file, so all that follows stays unread.",
        "未知的类型。文件中没有它的长度，所以其后的内容都无法解读。";

    // Parts of values.
    DissectMember = "member", "成员";
    DissectField = "field", "字段";
    DissectFieldExpiry = "field expires at (ms)", "字段过期时间（毫秒）";
    DissectFieldTtl = "field expires after the earliest by (ms)", "字段比最早者晚过期（毫秒）";
    DissectEarliest = "earliest expiry of a field (ms)", "最早的字段过期时间（毫秒）";
    DissectScoreLen = "length of the score, or which of NaN, +inf, -inf", "分值长度，或 NaN、+inf、-inf";
    DissectPlainNode = "node: one large element", "节点：单个大元素";
    DissectPackedNode = "node: packed elements", "节点：紧凑编码的元素";
    DissectListpack = "listpack: {0} entries", "listpack：{0} 个条目";
    DissectZiplist = "ziplist: {0} entries", "ziplist：{0} 个条目";
    DissectIntsetHead = "intset: {0} integers of {1} bytes", "intset：{0} 个 {1} 字节整数";
    DissectZipmap = "zipmap: {0} pairs", "zipmap：{0} 对";
    DissectTotalBytes = "its size in bytes", "总字节数";
    DissectTailOffset = "where its last entry begins", "最后一个条目的位置";
    DissectEntryCount = "number of entries", "条目数量";
    DissectIntWidth = "bytes per integer", "每个整数的字节数";
    DissectEntryEncoding = "how the entry is kept", "条目的编码方式";
    DissectEntryInt = "a small integer, kept in its encoding", "小整数，直接存于编码中";
    DissectBackLen = "length of the entry, to walk backwards", "条目长度，用于反向遍历";
    DissectPrevLen = "length of the entry before, to walk backwards", "前一条目的长度，用于反向遍历";
    DissectPackedEnd = "end of the entries", "条目结束";
    DissectFree = "bytes left free", "空闲字节";
    DissectLzfLiteral = "literal bytes", "原样字节";
    DissectLzfLiteralHead = "{0} bytes as they are", "{0} 个字节原样保留";
    DissectLzfCopyHead = "copy {0} bytes from {1} back", "从 {1} 字节之前复制 {0} 字节";

    // Streams, modules, functions.
    TypeStream = "stream", "流";
    TypeModule = "value of a module", "模块的值";
    TypeHashTtl = "hash with expiring fields", "带字段过期时间的哈希";
    TypeHashTtlPacked = "hash with expiring fields, packed", "带字段过期时间的哈希（紧凑编码）";
    DissectStreamNodes = "number of listpacks", "listpack 数量";
    DissectStreamId = "stream ID", "流条目 ID";
    DissectStreamEntry = "packed entries", "紧凑编码的条目";
    DissectStreamItem = "entry of the listpack", "listpack 条目";
    DissectStreamLength = "length of the stream", "流的长度";
    DissectStreamLast = "last ID (ms, number)", "最后一个 ID（毫秒，序号）";
    DissectStreamFirst = "first ID (ms, number)", "第一个 ID（毫秒，序号）";
    DissectStreamDeleted = "highest deleted ID (ms, number)", "已删除的最大 ID（毫秒，序号）";
    DissectStreamAdded = "entries ever added", "累计添加的条目数";
    DissectStreamRead = "entries read", "已读取的条目数";
    DissectGroups = "number of consumer groups", "消费者组数量";
    DissectGroup = "consumer group", "消费者组";
    DissectPending = "number of pending entries", "待确认条目数量";
    DissectPendingEntry = "pending entry", "待确认条目";
    DissectDelivered = "delivered at (ms)", "投递时间（毫秒）";
    DissectDeliveries = "times delivered", "投递次数";
    DissectConsumers = "number of consumers", "消费者数量";
    DissectConsumer = "consumer", "消费者";
    DissectSeen = "last seen (ms)", "最近出现（毫秒）";
    DissectActive = "last active (ms)", "最近活动（毫秒）";
    DissectModuleId = "module and version", "模块与版本";
    DissectModuleAux = "data of a module", "模块数据";
    DissectModuleItem = "item of the module", "模块的数据项";
    DissectModuleMark = "type of the item", "数据项类型";
    DissectModuleEnd = "end of the module's data", "模块数据结束";
    DissectFunction = "library of functions", "函数库";
    DissectSlotInfo = "sizes of a slot", "槽的大小";
    } };
}
