//! Texts about what can be done to a node's host: power, connections, clock, disk.

macro_rules! host_texts {
    ($($rest:tt)*) => { catalogue! { $($rest)*

    Host = "Host", "主机";
    HostTitle = "Host of {0}", "{0} 所在主机";
    DoPowerLoss = "Cut its power", "断电";
    DoRefuse = "Refuse new connections", "拒绝新连接";
    DoAccept = "Accept connections again", "重新接受连接";
    DiskLatency = "Disk latency", "磁盘延迟";
    DiskSpeed = "Disk speed", "磁盘速度";
    DiskFull = "Fill its disk", "写满磁盘";
    DiskFails = "Let its disk fail", "磁盘故障";
    DiskMend = "Mend its disk", "修复磁盘";
    ClockDrift = "Clock runs", "时钟快慢";
    ClockRight = "right", "准确";
    ClockFast = "{0}\u{202f}% fast", "快 {0}\u{202f}%";
    ClockSlow = "{0}\u{202f}% slow", "慢 {0}\u{202f}%";
    ClockBack = "Clock −1\u{202f}min", "时钟 −1 分钟";
    ClockOn = "Clock +1\u{202f}min", "时钟 +1 分钟";
    HostEra = "Add a replica like Redis", "添加从节点，行为同 Redis";

    } };
}
