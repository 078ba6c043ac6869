//! Texts about files that people bring.

macro_rules! own_texts {
    ($($rest:tt)*) => { lesson_texts! { $($rest)*

    OwnOpen = "Open a file", "打开文件";
    OwnOpenNote = "An RDB file, a capture (pcap, pcapng) or a trace; or drop it anywhere on the page. It is read here and not uploaded.",
        "RDB 文件、抓包文件（pcap、pcapng）或跟踪记录；也可以直接拖到页面上。文件只在本页读取，不会上传。";
    OwnUnreadable = "The file {0} cannot be read: it may have been moved or changed since it was chosen. Choose it again.",
        "无法读取文件 {0}：它可能在选择之后被移动或修改过，请重新选择。";
    OwnUnknown = "{0} is neither an RDB file, nor a capture (pcap, pcapng), nor a trace of Lockstep: its first bytes are those of none of them.",
        "{0} 既不是 RDB 文件，也不是抓包文件（pcap、pcapng）或 Lockstep 的跟踪记录：开头的字节与它们都不符。";

    OwnTitle = "An RDB file", "RDB 文件";
    OwnClose = "Playground", "返回沙盒";
    OwnReading = "Reading the file", "正在读取文件";
    OwnProgress = "{0} of {1} bytes", "已读 {0}，共 {1} 字节";
    OwnStop = "Stop", "停止";
    OwnStopped = "Stopped at byte {0}: {1} up to there.", "已在第 {0} 字节处停止：到此为止有 {1}。";
    OwnDamaged = "Damaged at byte {0}: {1}.", "文件在第 {0} 字节处损坏：{1}。";
    OwnRedisSays = "Redis would log: “{0}”", "Redis 的日志会写：“{0}”";
    OwnBefore = "Before it: {0}, which are shown below.", "在此之前有 {0}，显示在下面。";
    OwnFault = "The bytes at the damage", "损坏处的字节";
    OwnWhole = "The file is whole: {0} in {1} databases.", "文件完整：{1} 个数据库中有 {0}。";
    OwnWholeButSum = "The checksum is wrong: a byte was changed, though nothing in the file contradicts itself. {0} in {1} databases.",
        "校验和不符：有字节被改动过，尽管文件结构没有矛盾。{1} 个数据库中有 {0}。";
    OwnLoad = "Open in the sandbox", "在沙盒中打开";
    OwnLoadNote = "It becomes the dataset of a master with two replicas, which come to copy it.",
        "文件将成为主节点的数据集，两个从节点会来做全量同步。";
    OwnLoadWithout = "Without {0} of types that these nodes do not hold (streams, values of modules).",
        "不含 {0}：这些节点不支持其类型（流、模块的值）。";
    OwnLoadDamaged = "A damaged file, or one that was not read to its end, cannot be loaded.",
        "损坏或没有读完的文件不能载入。";
    OwnLoadTooLarge = "The sandbox takes files of up to {0}, for it keeps many copies of its world; this one has {1}. A real node loads it: lockstep serve --dbfilename FILE",
        "沙盒要保留许多份环境的副本，因此文件最大为 {0}；这个文件有 {1}。真正的节点可以载入它：lockstep serve --dbfilename 文件";
    OwnLoadVersion = "The nodes do not read this version of the format.", "这些节点不支持此版本的格式。";
    OwnLoadEmpty = "There is no key in it that the nodes hold.", "文件中没有这些节点支持的键。";
    OwnLoaded = "The master has loaded {0} ({1}), and both replicas have copied it. Step back to watch how.",
        "主节点已载入 {0}（{1}），两个从节点都已完成复制。后退几步可以看到过程。";
    OwnLoading = "The master has loaded {0} ({1}); the replicas are still copying it.",
        "主节点已载入 {0}（{1}），从节点还在复制。";
    OwnNotLoaded = "The master could not load {0}: its log says why.", "主节点未能载入 {0}：原因在它的日志里。";
    OwnNoLink = "This world began with a file of yours, which does not fit into an address: it cannot be shared as a link.",
        "这个环境以你的文件开始，文件放不进网址，因此无法生成链接。";

    OwnAbout = "What the file says", "文件信息";
    OwnVersion = "version of the format", "格式版本";
    OwnDatabase = "database {0}", "数据库 {0}";
    OwnExpiring = ", {0} of them expire", "，其中 {0} 个有过期时间";
    OwnAnnounced = "The file announces {0} keys, {1} that expire.", "文件声明有 {0} 个键，其中 {1} 个有过期时间。";
    OwnFunctions = "libraries of functions", "函数库";
    OwnModuleData = "data of a module", "模块数据";
    OwnModuleDataNote = "Skipped: only the module itself can read it.", "已跳过：只有该模块自己能读取。";
    OwnSurplus = "behind the end", "结束之后";
    OwnSurplusMark = "As long as the mark that ends a diskless transfer.", "与无盘传输的结束标记一样长。";
    OwnSumAbsent = "none: there is none before version 5", "无：版本 5 之前没有校验和";
    OwnSumOff = "0: left out by whoever wrote the file (rdbchecksum no)", "0：写入时没有计算（rdbchecksum no）";
    OwnSumRight = "{0}: right", "{0}：正确";
    OwnSumWrong = "the file says {0}, its bytes give {1}", "文件中是 {0}，按内容计算是 {1}";
    OwnHeadBytes = "Bytes of the beginning", "查看开头的字节";
    OwnHead = "The beginning of the file", "文件开头";

    OwnByType = "Room by type", "按类型的占用";
    OwnBytesNote = "Bytes in the file: key, expiry and value as they are stored there. In memory it is another amount; in the sandbox, MEMORY USAGE estimates it.",
        "指文件中的字节数：键、过期时间和值存储后的大小，与占用的内存不同；在沙盒里可用 MEMORY USAGE 估算内存。";
    OwnByPrefix = "Room by prefix", "按前缀的占用";
    OwnGroup = "group", "分组";
    OwnKeys = "keys", "键数";
    OwnBytes = "bytes", "字节";
    OwnShare = "share", "占比";
    OwnSeparator = "separator", "分隔符";
    OwnAllKeys = "all keys", "全部键";
    OwnNoPrefix = "no “{0}” follows", "之后没有“{0}”";
    OwnBeyond = "other prefixes with “{0}”", "其他带“{0}”的前缀";
    OwnMorePrefixes = "{0} smaller groups are not shown.", "另有 {0} 个较小的分组未显示。";
    OwnPrefixLimit = "More than {0} prefixes: the rest is counted together.", "前缀超过 {0} 个，其余合并计算。";

    OwnKeysTitle = "Keys", "键";
    OwnListLimit = "The list holds the first {0} of {1} keys; all are counted.", "列表只包含前 {0} 个键，共 {1} 个；统计包含全部。";
    OwnFilter = "Part of a name, or a pattern such as user:*", "名称的一部分，或 user:* 这样的模式";
    OwnFound = "{0}, {1} in the file", "{0}，在文件中占 {1}";
    OwnAny = "any", "不限";
    OwnKind = "type", "类型";
    OwnDb = "database", "数据库";
    OwnExpiry = "expires", "过期时间";
    OwnExpires = "expires", "有";
    OwnStays = "does not expire", "没有";
    OwnOrder = "order", "排序";
    OwnOrderFile = "as in the file", "文件中的顺序";
    OwnOrderSize = "largest first", "从大到小";
    OwnOrderName = "by name", "按名称";
    OwnKey = "key", "键";
    OwnElements = "elements", "元素";
    OwnPages = "Pages of the list", "列表翻页";
    OwnPage = "{0}–{1} of {2}", "第 {0}–{1} 个，共 {2} 个";
    OwnPageBack = "Previous", "上一页";
    OwnPageNext = "Next", "下一页";

    OwnHas = "{0} elements", "{0} 个元素";
    OwnAt = "{0} at byte {1}", "{0}，位于第 {1} 字节";
    OwnExpiresAt = "expires at {0}", "过期时间 {0}";
    OwnStream = "A stream: its entries are counted, its bytes are explained, but the nodes here hold no streams, so there is no value to show.",
        "这是一个流：条目已计数，字节有解释；但这里的节点不支持流，因此没有值可显示。";
    OwnModule = "A value of a module: it was measured and skipped, for only that module knows what it means. Its bytes are explained as far as the format goes.",
        "这是模块的值：只计算了大小，内容只有该模块才懂。字节按格式解释到能解释的程度。";
    OwnBytesMissing = "{0} more not shown", "另有 {0} 未显示";
    OwnPartsMissing = "{0} more elements not shown", "另有 {0} 个元素未显示";
    OwnMore = "Show more", "显示更多";
    OwnBytesCut = "The first {0} of {1} bytes.", "前 {0} 字节，共 {1} 字节。";

    } };
}
