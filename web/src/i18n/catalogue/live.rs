//! Texts about live nodes.

macro_rules! live_texts {
    ($($rest:tt)*) => { recording_texts! { $($rest)*

    LiveTitle = "Live", "实况";
    LiveNote = "Real nodes on TCP, started by lockstep play: see what they do while it happens",
        "lockstep play 启动的真实节点（TCP）：实时观看它们的一举一动";
    LiveNow = "now", "实时";
    LivePast = "in the past", "停在过去";
    LiveConnecting = "connecting…", "正在连接…";
    LiveLostShort = "no connection", "连接已断开";
    LiveLost = "`lockstep play` has ended, or cannot be reached. What it told stays here; the page asks again by itself.",
        "`lockstep play` 已经结束，或无法连接。已收到的内容仍留在这里；页面会自动重新连接。";
    LivePastText = "You look at what has happened. The nodes go on meanwhile, and what they do is kept for you.",
        "你看到的是已经发生的事。节点仍在运行，它们之后所做的都替你留着。";
    LiveJump = "Jump to now", "回到现在";
    LiveLeave = "Back to the sandbox", "返回沙盒";
    LiveHeartbeats = "list heartbeats too (PING, ACK, timers)", "列表中也显示心跳（PING、ACK、定时器）";
    LiveFirst = "began as the master", "启动时为主节点";
    LiveOther = "began as a replica", "启动时为从节点";
    LiveNodesText = "These are real servers on this machine. Type into one with redis-cli, and watch here what becomes of it:",
        "这些是本机上真实的服务器。用 redis-cli 向其中一个输入命令，在这里看它引起的一切：";
    LiveFollowText = "{0} is a real Redis. A replica of it was started on this machine; you see what the two say to each other. The replica takes commands too:",
        "{0} 是一台真实的 Redis。本机启动了它的一个从节点，你看到的是两者之间的对话。这个从节点也接受命令：";
    LiveNobody = "At {0} nobody answers. The replica tries again every second; start a Redis there, or end this and follow another address.",
        "{0} 没有应答。从节点每秒重试一次：请在该地址启动 Redis，或结束后改为跟随别的地址。";
    LiveAuth = "{0} asks for the right password: {1} Start again with --pass PASSWORD, and --user USER if it is not the default user’s.",
        "{0} 要求正确的密码：{1} 请加上 --pass 密码 重新启动；如果不是默认用户，再加 --user 用户名。";
    LiveRefused = "{0} refuses the replica: {1} It tries again every second.",
        "{0} 拒绝了从节点：{1} 从节点每秒重试一次。";
    LiveHonest = "Times, bytes and states are those of the running processes; of a node that tells nothing itself only what it was seen to say is known.",
        "时间、字节和状态都来自正在运行的进程；对于自己不报告的节点，只知道它被看到说过的话。";
    LiveUnreadable = "{0} lines from `lockstep play` could not be read: this page is of another version. Reload it.",
        "来自 `lockstep play` 的 {0} 行无法读取：此页面与程序的版本不同，请重新加载。";

    } };
}
