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
    OwnNotYet = "{0} is a capture or a trace; this version of the page shows RDB files only.",
        "{0} 是抓包文件或跟踪记录；此版本的页面只能显示 RDB 文件。";

    } };
}
