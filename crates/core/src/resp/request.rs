//! Commands as clients send them.

use std::ops::Index;

/// A half-open range of bytes in a query buffer. Query buffers are limited to 1 GB, so 32 bits do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Range32 {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The arguments of one command, borrowed from the buffer it was parsed in; `args[0]` is its name.
#[derive(Debug, Clone, Copy)]
pub struct Args<'a> {
    buf: &'a [u8],
    ranges: &'a [Range32],
}

impl<'a> Args<'a> {
    /// Arguments at `ranges` of `buf`. Every range must lie inside `buf`.
    pub fn new(buf: &'a [u8], ranges: &'a [Range32]) -> Self {
        Self { buf, ranges }
    }

    /// How many arguments there are, the command's name included.
    #[allow(clippy::len_without_is_empty)] // a command has at least its name
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Argument `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        self.ranges.get(index).map(|r| &self.buf[r.start as usize..r.end as usize])
    }

    /// Argument `index`. Panics if there is none: the dispatcher checked the arity.
    pub fn at(&self, index: usize) -> &'a [u8] {
        let r = self.ranges[index];
        &self.buf[r.start as usize..r.end as usize]
    }

    /// The whole command as canonical RESP, if it was parsed from a connection.
    pub fn raw(&self) -> &'a [u8] {
        self.buf
    }

    /// Where the arguments lie in [`Args::raw`].
    pub fn ranges(&self) -> &'a [Range32] {
        self.ranges
    }

    /// All arguments from `index` on.
    pub fn from(&self, index: usize) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        let buf = self.buf;
        self.ranges[index.min(self.ranges.len())..]
            .iter()
            .map(move |r| &buf[r.start as usize..r.end as usize])
    }
}

/// The arguments of a command that was not received, or that outlives its buffer.
#[derive(Debug, Clone, Default, Hash)]
pub struct OwnedArgs {
    raw: Vec<u8>,
    ranges: Vec<Range32>,
}

impl OwnedArgs {
    /// A command of these arguments.
    pub fn new(args: &[&[u8]]) -> Self {
        let mut raw = Vec::new();
        encode(&mut raw, args);
        let mut ranges = Vec::with_capacity(args.len());
        let mut at = raw.len();
        // From the end: every argument is followed by CRLF, and preceded by its header.
        for arg in args.iter().rev() {
            at -= arg.len() + 2;
            ranges.push(Range32 { start: at as u32, end: (at + arg.len()) as u32 });
            at -= arg.len().to_string().len() + 3;
        }
        ranges.reverse();
        Self { raw, ranges }
    }

    /// The arguments.
    pub fn args(&self) -> Args<'_> {
        Args::new(&self.raw, &self.ranges)
    }
}

impl From<Args<'_>> for OwnedArgs {
    fn from(args: Args<'_>) -> Self {
        Self { raw: args.raw().to_vec(), ranges: args.ranges().to_vec() }
    }
}

impl Index<usize> for Args<'_> {
    type Output = [u8];
    fn index(&self, index: usize) -> &[u8] {
        self.at(index)
    }
}

/// Appends a command as RESP, as a client library sends it.
pub fn encode(out: &mut Vec<u8>, args: &[&[u8]]) {
    let mut digits = super::reply::IntBuf::new();
    out.push(b'*');
    out.extend_from_slice(digits.format(args.len() as i64));
    out.extend_from_slice(b"\r\n");
    for arg in args {
        out.push(b'$');
        out.extend_from_slice(digits.format(arg.len() as i64));
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(arg);
        out.extend_from_slice(b"\r\n");
    }
}
