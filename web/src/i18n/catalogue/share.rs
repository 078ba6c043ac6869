//! Texts about sharing: links, embedding, files of the conversation.

macro_rules! share_texts {
    ($($rest:tt)*) => { host_texts! { $($rest)*

    ShareTitle = "Share this moment", "分享这一时刻";
    ShareLink = "Link", "链接";
    ShareCopyLink = "Copy link", "复制链接";
    ShareEmbed = "In a page of your own", "嵌入自己的网页";
    ShareCopyEmbed = "Copy embed code", "复制嵌入代码";
    ShareCopied = "Copied.", "已复制。";
    ShareHash = "Trace hash up to here", "截至此刻的轨迹哈希";
    ShareHashNote = "Over all {0} steps and their bytes. `lockstep sim run LINK` prints the same one.",
        "涵盖全部 {0} 步及其字节；`lockstep sim run 链接` 打印的值与此相同。";
    ShareHashLong = "These are too many steps to hash here; `lockstep sim run LINK` prints it.",
        "步数太多，无法在此计算；可用 `lockstep sim run 链接` 打印。";
    ShareExport = "The conversation up to here, as a file", "截至此刻的会话，保存为文件";
    ShareText = "Text", "文本";
    ShareTextNote = "Sentences and bytes", "每一步的说明与字节";
    ShareJsonNote = "Every event, for programs", "全部事件，供程序读取";
    SharePcapNote = "Packets, for Wireshark", "数据包，可用 Wireshark 打开";
    ShareTooLong = "The file would be longer than {0} MB: go to an earlier step and export again.",
        "文件会超过 {0} MB：请回到较早的一步再导出。";
    ShareAbout = "A conversation of Redis replication, {0} steps", "Redis 主从复制会话，共 {0} 步";
    EmbedOpen = "Open in Lockstep", "在 Lockstep 中打开";

    } };
}
