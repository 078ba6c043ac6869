//! `BITFIELD`: integers of any width at any bit.

use super::{offset, writable};
use crate::commands::string::{STRING_MAX, int, read};
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::{KeyEvent, Str};
use crate::num::parse_i64;
use crate::resp::Args;

/// `i16` or `u8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Type {
    signed: bool,
    bits: u32,
}

impl Type {
    fn parse(text: &[u8]) -> Result<Self, CmdError> {
        let signed = text.first() == Some(&b'i');
        let known = signed || text.first() == Some(&b'u');
        let most = if signed { 64 } else { 63 };
        let bits = text.get(1..).and_then(parse_i64).filter(|bits| (1..=most).contains(bits));
        match bits {
            Some(bits) if known => Ok(Self { signed, bits: bits as u32 }),
            _ => Err(CmdError::fixed(
                "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not \
                 supported but i64 is.",
            )),
        }
    }

    fn min(self) -> i128 {
        if self.signed { -(1 << (self.bits - 1)) } else { 0 }
    }

    fn max(self) -> i128 {
        let bits = if self.signed { self.bits - 1 } else { self.bits };
        (1 << bits) - 1
    }

    /// The value that the low bits of `raw` stand for.
    fn interpret(self, raw: u64) -> i64 {
        let unused = 64 - self.bits;
        if self.signed {
            (raw << unused) as i64 >> unused
        } else {
            (raw << unused >> unused) as i64
        }
    }

    /// `wanted` if it fits, or what the overflow policy makes of it; `None`: do nothing.
    fn fit(self, wanted: i128, overflow: Overflow) -> Option<i64> {
        if (self.min()..=self.max()).contains(&wanted) {
            return Some(wanted as i64);
        }
        match overflow {
            Overflow::Wrap => Some(self.interpret(wanted as u64)),
            Overflow::Saturate if wanted < self.min() => Some(self.min() as i64),
            Overflow::Saturate => Some(self.max() as i64),
            Overflow::Fail => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

#[derive(Debug, Clone, Copy)]
enum Action {
    Get,
    Set(i64),
    Add(i64),
}

#[derive(Debug, Clone, Copy)]
struct Step {
    action: Action,
    kind: Type,
    offset: u64,
    overflow: Overflow,
}

impl Step {
    fn writes(&self) -> bool {
        !matches!(self.action, Action::Get)
    }

    fn last_bit(&self) -> u64 {
        self.offset + u64::from(self.kind.bits) - 1
    }
}

impl Step {
    /// Redis asks how far a value is from the field's largest. For the smallest of all integers
    /// that overflows, so that they saturate at the wrong end.
    fn seems_too_large(&self, value: i64) -> bool {
        let distance = (self.kind.max() as i64).checked_sub(value);
        let saturates = matches!(self.overflow, Overflow::Saturate);
        saturates && self.kind.signed && self.kind.bits < 64 && distance.is_none()
    }
}

/// An offset that may count in widths of the type: `#2`.
fn field_offset(arg: &[u8], kind: Type) -> Result<u64, CmdError> {
    let [b'#', index @ ..] = arg else { return offset(arg) };
    let scaled = parse_i64(index).and_then(|n| n.checked_mul(i64::from(kind.bits)));
    let at = scaled.and_then(|n| u64::try_from(n).ok()).filter(|n| n >> 3 < STRING_MAX as u64);
    at.ok_or(super::BAD_OFFSET)
}

fn parse(args: Args<'_>) -> Result<Vec<Step>, CmdError> {
    let mut steps = Vec::new();
    let mut overflow = Overflow::Wrap;
    let mut rest = args.from(2);
    while let Some(word) = rest.next() {
        let left = rest.len();
        let is = |name: &[u8], args: usize| word.eq_ignore_ascii_case(name) && left >= args;
        let mut next = || rest.next().unwrap_or_default();
        let (get, set) = (is(b"get", 2), is(b"set", 3));
        if is(b"overflow", 1) {
            overflow = match next().to_ascii_lowercase().as_slice() {
                b"wrap" => Overflow::Wrap,
                b"sat" => Overflow::Saturate,
                b"fail" => Overflow::Fail,
                _ => return Err(CmdError::fixed("ERR Invalid OVERFLOW type specified")),
            };
            continue;
        }
        if !get && !set && !is(b"incrby", 3) {
            return Err(CmdError::SYNTAX);
        }
        let kind = Type::parse(next())?;
        let offset = field_offset(next(), kind)?;
        let action = match (get, set) {
            (true, _) => Action::Get,
            (_, true) => Action::Set(int(next())?),
            _ => Action::Add(int(next())?),
        };
        steps.push(Step { action, kind, offset, overflow });
    }
    Ok(steps)
}

/// `BITFIELD key [GET type offset | [OVERFLOW ..] <SET type offset value | INCRBY ..>] ...`
pub(super) fn bitfield(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let steps = parse(args)?;
    run(ctx, args.at(1), &steps)
}

/// `BITFIELD_RO key [GET type offset ...]`
pub(super) fn bitfield_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    let steps = parse(args)?;
    if steps.iter().any(Step::writes) {
        return Err(CmdError::fixed("ERR BITFIELD_RO only supports the GET subcommand"));
    }
    run(ctx, args.at(1), &steps)
}

fn run(ctx: &mut Ctx<'_>, key: &[u8], steps: &[Step]) -> Outcome {
    read(ctx.keyspace, ctx.db, key)?;
    ctx.reply.array(steps.len());
    let Some(last) = steps.iter().filter(|s| s.writes()).map(Step::last_bit).max() else {
        let bytes = read(ctx.keyspace, ctx.db, key)?.map_or(&b""[..], Str::bytes);
        for step in steps {
            ctx.reply.int(step.kind.interpret(load(bytes, step.offset, step.kind.bits)));
        }
        return Ok(());
    };
    let (bytes, grew) = writable(ctx, key, last);
    let mut results = Vec::with_capacity(steps.len());
    let mut changes = 0;
    for step in steps {
        let old_raw = load(bytes, step.offset, step.kind.bits);
        let old = step.kind.interpret(old_raw);
        let wanted = match step.action {
            Action::Get => {
                results.push(Some(old));
                continue;
            }
            Action::Set(value) if step.seems_too_large(value) => i128::MAX,
            Action::Set(value) if step.kind.signed => i128::from(value),
            // A negative value is a large one to an unsigned field.
            Action::Set(value) => i128::from(value as u64),
            Action::Add(by) => i128::from(old) + i128::from(by),
        };
        let new = step.kind.fit(wanted, step.overflow);
        if let Some(new) = new {
            store(bytes, step.offset, step.kind.bits, new as u64);
            changes += u64::from(grew || new != old);
        }
        let shown = if matches!(step.action, Action::Set(_)) { old } else { new.unwrap_or(0) };
        results.push(new.map(|_| shown));
    }
    for result in results {
        match result {
            Some(value) => ctx.reply.int(value),
            None => ctx.reply.null(),
        }
    }
    if changes > 0 {
        ctx.changed(KeyEvent::string("setbit"), key, changes);
    }
    Ok(())
}

/// `bits` bits from bit `offset` on; what lies beyond the bytes is 0.
fn load(bytes: &[u8], offset: u64, bits: u32) -> u64 {
    let first = (offset >> 3) as usize;
    // 64 bits that start inside a byte touch nine.
    let window = (first..first + 9)
        .fold(0_u128, |sum, at| sum << 8 | u128::from(bytes.get(at).copied().unwrap_or_default()));
    let shifted = window >> (72 - (offset & 7) as u32 - bits);
    shifted as u64 & (u64::MAX >> (64 - bits))
}

/// Overwrites `bits` bits; the bytes are there.
fn store(bytes: &mut [u8], offset: u64, bits: u32, value: u64) {
    for n in 0..u64::from(bits) {
        let at = offset + n;
        let on = value >> (u64::from(bits) - 1 - n) & 1 == 1;
        let (byte, mask) = (&mut bytes[(at >> 3) as usize], 0x80 >> (at & 7));
        *byte = if on { *byte | mask } else { *byte & !mask };
    }
}
