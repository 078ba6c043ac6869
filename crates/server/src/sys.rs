//! What the standard library does not offer of the operating system. The only `unsafe` of this
//! crate is here, each use a plain system call on values that live long enough.

use std::io;
use std::mem::MaybeUninit;

use lockstep_core::node::Usage;

/// Local time, as broken down by the system's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LocalTime {
    /// Year.
    pub(crate) year: i32,
    /// Month, 0 is January.
    pub(crate) month: usize,
    /// Day of the month.
    pub(crate) day: i32,
    /// Hour, minute, second.
    pub(crate) clock: (i32, i32, i32),
}

/// The local time of a Unix time in seconds.
///
/// `localtime_r` instead of a crate: Redis's log is in local time, and of all that date crates
/// offer this one call is needed.
pub(crate) fn local_time(unix_seconds: i64) -> LocalTime {
    let mut tm = MaybeUninit::<libc::tm>::zeroed();
    let time = unix_seconds as libc::time_t;
    // SAFETY: both pointers are to live locals; all-zero is a valid `tm` should the call fail.
    let tm = unsafe {
        libc::localtime_r(&raw const time, tm.as_mut_ptr());
        tm.assume_init()
    };
    LocalTime {
        year: tm.tm_year + 1900,
        month: (tm.tm_mon.max(0) as usize) % 12,
        day: tm.tm_mday,
        clock: (tm.tm_hour, tm.tm_min, tm.tm_sec),
    }
}

/// Goes on in a child process without a terminal; the parent exits. Must be called while the
/// process has one thread.
pub(crate) fn daemonize() -> io::Result<()> {
    // SAFETY: no other thread exists yet, so the child may do anything; the parent leaves without
    // running destructors or exit handlers twice.
    unsafe {
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()),
            0 => {}
            _ => libc::_exit(0),
        }
        libc::setsid();
        let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
        if null != -1 {
            for stream in [libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO] {
                libc::dup2(null, stream);
            }
            if null > libc::STDERR_FILENO {
                libc::close(null);
            }
        }
    }
    Ok(())
}

/// Makes room for `wanted` open files; returns how many are possible, and why not more.
pub(crate) fn raise_open_files(wanted: u64) -> (u64, Option<io::Error>) {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` outlives the calls.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == -1 {
            return (1024, Some(io::Error::last_os_error()));
        }
        if limit.rlim_cur >= wanted {
            return (limit.rlim_cur, None);
        }
        let raised = libc::rlimit { rlim_cur: wanted, rlim_max: wanted.max(limit.rlim_max) };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) == 0 {
            return (wanted, None);
        }
        let refused = io::Error::last_os_error();
        let most = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
        libc::setrlimit(libc::RLIMIT_NOFILE, &raw const most);
        (limit.rlim_max.min(wanted), Some(refused))
    }
}

/// Whether the system gives huge pages to processes that have not asked for them.
pub(crate) fn gives_huge_pages() -> bool {
    let path = "/sys/kernel/mm/transparent_hugepage/enabled";
    cfg!(target_os = "linux")
        && std::fs::read_to_string(path).is_ok_and(|modes| modes.contains("[always]"))
}

/// Takes no huge pages from now on; whether the system agrees.
pub(crate) fn refuse_huge_pages() -> bool {
    #[cfg(target_os = "linux")]
    // SAFETY: a call without pointers.
    return unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) } == 0;
    #[cfg(not(target_os = "linux"))]
    false
}

/// Name, release and machine of the operating system, as `INFO` shows them.
pub(crate) fn system_name() -> String {
    let mut name = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: the pointer is to a live local; all-zero is a valid value should the call fail.
    let name = unsafe {
        libc::uname(name.as_mut_ptr());
        name.assume_init()
    };
    let text = |field: &[libc::c_char]| {
        let bytes = field.iter().map(|c| *c as u8).take_while(|b| *b != 0).collect();
        String::from_utf8(bytes).unwrap_or_default()
    };
    format!("{} {} {}", text(&name.sysname), text(&name.release), text(&name.machine))
}

/// Microseconds on the system's monotonic clock, which all processes share.
pub(crate) fn monotonic_us() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` outlives the call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1_000
}

/// What this process uses, for `INFO`. What the system does not tell is zero.
pub(crate) fn usage() -> Usage {
    let mut used = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to a live local; all-zero is a valid value should the call fail.
    let used = unsafe {
        libc::getrusage(libc::RUSAGE_SELF, used.as_mut_ptr());
        used.assume_init()
    };
    // SAFETY: both calls only read a constant of the system.
    let (page, pages) =
        unsafe { (libc::sysconf(libc::_SC_PAGESIZE), libc::sysconf(libc::_SC_PHYS_PAGES)) };
    let page = u64::try_from(page).unwrap_or(0);
    let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    // The second number is the resident set in pages. Linux alone has this file.
    let resident = std::fs::read_to_string("/proc/self/statm").ok();
    let resident = resident.and_then(|text| text.split(' ').nth(1)?.parse::<u64>().ok());
    Usage {
        rss_bytes: resident.unwrap_or(0) * page,
        system_memory_bytes: u64::try_from(pages).unwrap_or(0) * page,
        cpu_sys_us: micros(used.ru_stime),
        cpu_user_us: micros(used.ru_utime),
    }
}

/// Locks a file for this process, as long as it is open; false if another has it.
pub(crate) fn lock(file: &std::fs::File) -> bool {
    use std::os::fd::AsRawFd as _;
    // SAFETY: the descriptor is open for as long as `file` is borrowed.
    unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) == 0 }
}

/// Whether the processor's counter of cycles counts at the same rate whatever the processor does.
pub(crate) fn cycles_are_steady() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::__cpuid;
        const POWER_MANAGEMENT: u32 = 0x8000_0007;
        const INVARIANT: u32 = 1 << 8;
        let known = __cpuid(0x8000_0000).eax >= POWER_MANAGEMENT;
        known && __cpuid(POWER_MANAGEMENT).edx & INVARIANT != 0
    }
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// The processor's counter of cycles; 0 where none is known.
#[inline]
pub(crate) fn cycles() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: every x86-64 processor has the instruction, and it touches no memory.
        unsafe { std::arch::x86_64::_rdtsc() }
    }
    #[cfg(not(target_arch = "x86_64"))]
    0
}

/// The system's words for an error, without Rust's "(os error 2)".
pub(crate) fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_speak_as_the_system_does() {
        assert_eq!(words(&io::Error::from_raw_os_error(2)), "No such file or directory");
        assert_eq!(words(&io::Error::other("x")), "x");
    }

    #[test]
    fn local_time_is_near_utc() {
        // 2026-06-15 12:00:00 UTC: the same month in every time zone.
        let time = local_time(1_781_524_800);
        assert_eq!((time.year, time.month), (2026, 5));
    }
}
