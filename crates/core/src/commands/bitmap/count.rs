//! `BITCOUNT` and `BITPOS`: looking at many bits.

use crate::commands::string::{int, read};
use crate::commands::{CmdError, Ctx, Outcome};
use crate::resp::Args;

/// A range of bits: first and one past the last.
type Bits = std::ops::Range<u64>;

/// What `start` and `end` mean for a string of `len` bytes, in bits; empty if nothing.
fn bits(start: i64, end: i64, by_bit: bool, len: usize) -> Bits {
    let (total, unit) = if by_bit { (len as i64 * 8, 1) } else { (len as i64, 8) };
    let from_end = |index: i64| if index < 0 { index.saturating_add(total).max(0) } else { index };
    let (start, end) = (from_end(start), from_end(end).min(total - 1));
    if start > end {
        return 0..0;
    }
    start as u64 * unit..(end as u64 + 1) * unit
}

/// Whether both ends count from the end, in the wrong order.
fn backwards(start: i64, end: i64) -> bool {
    start < 0 && end < 0 && start > end
}

/// `BYTE` or `BIT`.
fn unit(arg: &[u8]) -> Result<bool, CmdError> {
    if arg.eq_ignore_ascii_case(b"bit") {
        Ok(true)
    } else if arg.eq_ignore_ascii_case(b"byte") {
        Ok(false)
    } else {
        Err(CmdError::SYNTAX)
    }
}

/// `BITCOUNT key [start end [BYTE | BIT]]`
pub(super) fn bitcount(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let Some(value) = read(ctx.keyspace, ctx.db, args.at(1))? else {
        ctx.reply.int(0);
        return Ok(());
    };
    let bytes = value.bytes();
    let range = match args.len() {
        2 => 0..bytes.len() as u64 * 8,
        4 | 5 => {
            let (start, end) = (int(args.at(2))?, int(args.at(3))?);
            // Redis does not come to look at the unit of a range that runs backwards.
            let unit = args.get(4).filter(|_| !backwards(start, end)).map(unit).transpose()?;
            match backwards(start, end) {
                true => 0..0,
                false => bits(start, end, unit.unwrap_or_default(), bytes.len()),
            }
        }
        _ => return Err(CmdError::SYNTAX),
    };
    ctx.reply.int(ones(bytes, range) as i64);
    Ok(())
}

/// How many bits of the range are set.
fn ones(bytes: &[u8], range: Bits) -> u64 {
    if range.is_empty() {
        return 0;
    }
    let (first, last) = ((range.start >> 3) as usize, ((range.end - 1) >> 3) as usize);
    let mut words = bytes[first..=last].chunks_exact(8);
    let mut sum: u64 = words
        .by_ref()
        .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")).count_ones())
        .map(u64::from)
        .sum();
    sum += words.remainder().iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>();
    let before = bytes[first] & !(0xff >> (range.start & 7));
    let after = bytes[last] & (0x7f >> ((range.end - 1) & 7));
    sum - u64::from(before.count_ones()) - u64::from(after.count_ones())
}

/// `BITPOS key bit [start [end [BYTE | BIT]]]`
pub(super) fn bitpos(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let bit = int(args.at(2))?;
    if !(0..=1).contains(&bit) {
        return Err(CmdError::fixed("ERR The bit argument must be 1 or 0."));
    }
    let Some(value) = read(ctx.keyspace, ctx.db, args.at(1))? else {
        ctx.reply.int(if bit == 1 { -1 } else { 0 });
        return Ok(());
    };
    let bytes = value.bytes();
    if args.len() > 6 {
        return Err(CmdError::SYNTAX);
    }
    let start = args.get(3).map(int).transpose()?.unwrap_or(0);
    let by_bit = args.get(5).map(unit).transpose()?.unwrap_or_default();
    let end = args.get(4).map(int).transpose()?;
    let range = bits(start, end.unwrap_or(-1), by_bit, bytes.len());
    let position = match first(bytes, range.clone(), bit == 1) {
        Some(at) => at as i64,
        // Without an end the string is taken to go on with zeros.
        None if bit == 0 && end.is_none() && !range.is_empty() => range.end as i64,
        None => -1,
    };
    ctx.reply.int(position);
    Ok(())
}

/// The first bit of the range with this value.
fn first(bytes: &[u8], range: Bits, bit: bool) -> Option<u64> {
    if range.is_empty() {
        return None;
    }
    let (from, to) = ((range.start >> 3) as usize, ((range.end - 1) >> 3) as usize);
    let flip = if bit { 0 } else { 0xff };
    let mask = 0xff_u8 >> (range.start & 7);
    let head = (bytes[from] ^ flip) & mask;
    let at = if head != 0 {
        (from, head)
    } else {
        let rest = &bytes[from + 1..=to];
        let skipped = rest.iter().position(|byte| byte ^ flip != 0)?;
        (from + 1 + skipped, rest[skipped] ^ flip)
    };
    let position = at.0 as u64 * 8 + u64::from(at.1.leading_zeros());
    (position < range.end).then_some(position)
}
