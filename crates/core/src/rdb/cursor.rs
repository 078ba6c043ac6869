//! Reading one item from bytes that may not all be there.

use super::format::{INT8, INT16, INT32, LZF};
use super::lzf;
use crate::num::double;
use crate::packed::Elem;
use crate::resp::reply::IntBuf;

/// Why an item was not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The item has at least this many bytes, and they are not all there.
    More(u64),
    /// The bytes are wrong.
    Bad(String),
    /// The bytes are wrong in a way for which Redis has a line of its own, given second.
    Known(String, String),
    /// The sink does not want them.
    Refused(String),
}

pub(super) type Step<T> = Result<T, Stop>;

pub(super) fn bad<T>(what: impl Into<String>) -> Step<T> {
    Err(Stop::Bad(what.into()))
}

pub(super) fn known<T>(what: impl Into<String>, redis: impl Into<String>) -> Step<T> {
    Err(Stop::Known(what.into(), redis.into()))
}

/// A place in the bytes of an item.
pub(super) struct Cursor<'a> {
    buf: &'a [u8],
    at: usize,
    string_max: u64,
}

/// The number that begins a string, or most things else.
pub(super) enum Length {
    Plain(u64),
    /// A string in a special form, by its first byte.
    Special(u8),
}

impl<'a> Cursor<'a> {
    pub(super) fn new(buf: &'a [u8], string_max: u64) -> Self {
        Self { buf, at: 0, string_max }
    }

    /// How many bytes were read.
    pub(super) fn consumed(&self) -> usize {
        self.at
    }

    /// The next `len` bytes.
    pub(super) fn take(&mut self, len: u64) -> Step<&'a [u8]> {
        let rest = &self.buf[self.at..];
        if (rest.len() as u64) < len {
            return Err(Stop::More(self.at as u64 + len));
        }
        self.at += len as usize;
        Ok(&rest[..len as usize])
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Step<[u8; N]> {
        match self.buf[self.at..].first_chunk() {
            Some(bytes) => {
                self.at += N;
                Ok(*bytes)
            }
            None => Err(Stop::More((self.at + N) as u64)),
        }
    }

    pub(super) fn byte(&mut self) -> Step<u8> {
        self.array().map(|[byte]| byte)
    }

    /// A length or a count.
    pub(super) fn length(&mut self) -> Step<u64> {
        match self.any_length()? {
            Length::Plain(len) => Ok(len),
            Length::Special(_) => bad("a string where a length should be"),
        }
    }

    /// A string, in whatever form.
    pub(super) fn string(&mut self) -> Step<Text<'a>> {
        match self.any_length()? {
            Length::Plain(len) => {
                self.check_len(len)?;
                self.take(len).map(Text::Borrowed)
            }
            Length::Special(INT8) => self.array().map(i8::from_le_bytes).map(Text::int),
            Length::Special(INT16) => self.array().map(i16::from_le_bytes).map(Text::int),
            Length::Special(INT32) => self.array().map(i32::from_le_bytes).map(Text::int),
            Length::Special(LZF) => {
                let packed = self.length()?;
                let len = self.length()?;
                self.check_len(packed)?;
                self.check_len(len)?;
                let packed = self.take(packed)?;
                match lzf::decompress(packed, len) {
                    Some(bytes) => Ok(Text::Owned(bytes)),
                    None => bad(format!(
                        "a compressed string of {} bytes that does not give the {len} it announces",
                        packed.len()
                    )),
                }
            }
            Length::Special(other) => bad(format!("unknown string encoding {:#04x}", other)),
        }
    }

    /// A score in text form.
    pub(super) fn text_double(&mut self) -> Step<f64> {
        match self.byte()? {
            255 => Ok(f64::NEG_INFINITY),
            254 => Ok(f64::INFINITY),
            253 => Ok(f64::NAN),
            len => {
                let text = self.take(u64::from(len))?;
                double::parse(text).map_or_else(|| bad("a score that is not a number"), Ok)
            }
        }
    }

    /// A length, or what stands in its place.
    pub(super) fn any_length(&mut self) -> Step<Length> {
        let first = self.byte()?;
        Ok(match first {
            0..=0x3f => Length::Plain(u64::from(first)),
            0x40..=0x7f => {
                let low = self.byte()?;
                Length::Plain(u64::from(u16::from_be_bytes([first & 0x3f, low])))
            }
            0x80 => Length::Plain(u64::from(u32::from_be_bytes(self.array()?))),
            0x81 => Length::Plain(u64::from_be_bytes(self.array()?)),
            0x82..=0xbf => return bad(format!("unknown length encoding {first:#04x}")),
            0xc0..=0xff => Length::Special(first),
        })
    }

    fn check_len(&self, len: u64) -> Step<()> {
        if len > self.string_max {
            return bad(format!(
                "a string of {len} bytes, longer than the limit of {}",
                self.string_max
            ));
        }
        Ok(())
    }
}

/// A string as it was read.
#[derive(Debug)]
pub(super) enum Text<'a> {
    Int(i64),
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl<'a> Text<'a> {
    fn int(value: impl Into<i64>) -> Self {
        Self::Int(value.into())
    }

    pub(super) fn elem(&self) -> Elem<'_> {
        match self {
            Self::Int(value) => Elem::Int(*value),
            Self::Borrowed(bytes) => Elem::Bytes(bytes),
            Self::Owned(bytes) => Elem::Bytes(bytes),
        }
    }

    pub(super) fn bytes<'b>(&'b self, digits: &'b mut IntBuf) -> &'b [u8] {
        self.elem().as_bytes(digits)
    }

    pub(super) fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Int(value) => IntBuf::new().format(value).to_vec(),
            Self::Borrowed(bytes) => bytes.to_vec(),
            Self::Owned(bytes) => bytes,
        }
    }
}
