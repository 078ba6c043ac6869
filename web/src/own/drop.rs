//! Files that people bring: dropped anywhere on the page, or chosen with a button. They are read in
//! pieces where they lie; nothing leaves the browser.
//!
//! What a file is decides its first bytes, never its name: [`Magic::of`]. Whoever shows a kind of
//! file takes the [`File`] and reads what it wants of it with [`File::read`].

use wasm_bindgen::prelude::*;
use yew::Callback;

/// As many bytes of a file say what it is.
pub(crate) const MAGIC_BYTES: u64 = 64;

/// How a trace begins, in any version of the format.
const TRACE: &[u8] = b"# lockstep trace ";

/// What a file holds, as its first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Magic {
    /// An RDB file, of Redis or of Valkey.
    Rdb,
    /// A capture of packets by tcpdump, in either byte order, in micro- or nanoseconds.
    Pcap,
    /// A capture of packets in the newer form.
    PcapNg,
    /// What was done in lessons, exported from this page.
    Progress,
    /// What `lockstep serve --trace` or `lockstep sim trace` writes.
    Trace,
}

impl Magic {
    /// What begins with these bytes.
    pub(crate) fn of(start: &[u8]) -> Option<Self> {
        let word = start.first_chunk::<4>().copied().map(u32::from_le_bytes)?;
        match word {
            0xa1b2_c3d4 | 0xd4c3_b2a1 | 0xa1b2_3c4d | 0x4d3c_b2a1 => Some(Self::Pcap),
            0x0a0d_0d0a => Some(Self::PcapNg),
            _ if start.starts_with(b"REDIS0") || start.starts_with(b"VALKEY") => Some(Self::Rdb),
            _ if start.starts_with(b"lockstep progress ") => Some(Self::Progress),
            _ if start.starts_with(TRACE) => Some(Self::Trace),
            _ => None,
        }
    }
}

/// A file that somebody brought. A handle: its bytes stay where they are until they are read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct File {
    /// What the browser knows it by.
    blob: JsValue,
    /// Its name.
    pub(crate) name: String,
    /// Its size in bytes.
    pub(crate) size: u64,
}

impl File {
    /// Reads a range of the file and then calls: with its bytes, or with nothing if the file cannot
    /// be read (any more). The page goes on meanwhile. `to` may lie beyond the end.
    pub(crate) fn read(&self, from: u64, to: u64, then: Callback<Option<Vec<u8>>>) {
        let done = Closure::once_into_js(move |bytes: Option<Vec<u8>>| then.emit(bytes));
        lockstep_read(&self.blob, from as f64, to.min(self.size) as f64, &done);
    }
}

/// Calls with every file that is brought from now on, and with those that were brought before.
pub(crate) fn on_file(then: Callback<File>) {
    let each = move |blob: JsValue, name: String, size: f64| {
        then.emit(File { blob, name, size: size as u64 });
    };
    let each = Closure::<dyn FnMut(JsValue, String, f64)>::new(each);
    lockstep_files(&each.into_js_value());
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = lockstepFiles)]
    fn lockstep_files(each: &JsValue);

    #[wasm_bindgen(js_name = lockstepRead)]
    fn lockstep_read(file: &JsValue, from: f64, to: f64, done: &JsValue);
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_first_bytes_say_what_a_file_is() {
        let cases: [(&[u8], Option<Magic>); 10] = [
            (b"REDIS0011\xfa", Some(Magic::Rdb)),
            (b"VALKEY080", Some(Magic::Rdb)),
            (b"REDISLESS", None),
            (b"\xd4\xc3\xb2\xa1\x02\0\x04\0", Some(Magic::Pcap)),
            (b"\xa1\xb2\xc3\xd4\0\x02\0\x04", Some(Magic::Pcap)),
            (b"\x4d\x3c\xb2\xa1\x02\0\x04\0", Some(Magic::Pcap)),
            (b"\n\r\r\n\x1c\0\0\0", Some(Magic::PcapNg)),
            (b"# lockstep trace 1\n", Some(Magic::Trace)),
            (b"*1\r\n$4\r\nPING\r\n", None),
            (b"RE", None),
        ];
        for (start, magic) in cases {
            assert_eq!(Magic::of(start), magic, "{}", start.escape_ascii());
        }
    }
}
