//! `SORT` and `SORT_RO`.

use crate::num::double;
use std::cmp::Ordering;

use super::int;
use crate::commands::{CmdError, Ctx, Outcome};
use crate::keyspace::list::{End, List};
use crate::keyspace::{KeyEvent, Keyspace, Ttl, Value};
use crate::resp::Args;
use crate::resp::reply::IntBuf;

#[derive(Debug)]
struct Options<'a> {
    descending: bool,
    alpha: bool,
    offset: i64,
    count: i64,
    by: Option<&'a [u8]>,
    /// Whether there is anything to sort by.
    unsorted: bool,
    get: Vec<&'a [u8]>,
    store: Option<&'a [u8]>,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>, read_only: bool) -> Result<Self, CmdError> {
        let mut options = Self {
            descending: false,
            alpha: false,
            offset: 0,
            count: -1,
            by: None,
            unsorted: false,
            get: Vec::new(),
            store: None,
        };
        let mut rest = args.from(2);
        while let Some(word) = rest.next() {
            let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
            let mut next = || rest.next().ok_or(CmdError::SYNTAX);
            if is(b"asc") {
                options.descending = false;
            } else if is(b"desc") {
                options.descending = true;
            } else if is(b"alpha") {
                options.alpha = true;
            } else if is(b"limit") {
                let (offset, count) = (next()?, next()?);
                (options.offset, options.count) = (int(offset)?, int(count)?);
            } else if is(b"store") && !read_only {
                options.store = Some(next()?);
            } else if is(b"by") {
                let pattern = next()?;
                options.unsorted = !pattern.contains(&b'*');
                options.by = Some(pattern);
            } else if is(b"get") {
                options.get.push(next()?);
            } else {
                return Err(CmdError::SYNTAX);
            }
        }
        Ok(options)
    }

    /// The elements to show, of `len` in order.
    fn window(&self, len: usize) -> std::ops::Range<usize> {
        let len = len as i64;
        let start = self.offset.clamp(0, len);
        let end = if self.count < 0 { len } else { start.saturating_add(self.count).min(len) };
        start as usize..end as usize
    }
}

/// `SORT key [BY ..] [LIMIT ..] [GET ..] [ASC | DESC] [ALPHA] [STORE destination]`
pub(super) fn sort(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, false)
}

/// `SORT_RO key [BY ..] [LIMIT ..] [GET ..] [ASC | DESC] [ALPHA]`
pub(super) fn sort_ro(ctx: &mut Ctx<'_>, args: Args<'_>) -> Outcome {
    run(ctx, args, true)
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>, read_only: bool) -> Outcome {
    let mut options = Options::parse(args, read_only)?;
    let hasher = ctx.keyspace.hasher();
    let value = ctx.keyspace.get(ctx.db, args.at(1)).is_some();
    // As in Redis, SORT leaves a sorted set as a skiplist, whatever its size.
    if value && let Some(Value::ZSet(zset)) = ctx.keyspace.get_mut(ctx.db, args.at(1)) {
        zset.convert(hasher);
    }
    let value = ctx.keyspace.peek(ctx.db, args.at(1));
    let mut elements = elements(value)?;
    // A set has no order of its own, and every replica must store the same list.
    if options.unsorted && options.store.is_some() && matches!(value, Some(Value::Set(_))) {
        (options.unsorted, options.alpha, options.by) = (false, true, None);
    }
    if options.unsorted {
        if options.descending && !matches!(value, Some(Value::Set(_))) {
            elements.reverse();
        }
    } else {
        elements = sorted(ctx.keyspace, ctx.db, elements, &options)?;
    }
    let window = options.window(elements.len());
    let rows = output(ctx.keyspace, ctx.db, &elements[window], &options);
    match options.store {
        Some(target) => store(ctx, target, &rows),
        None => {
            ctx.reply.array(rows.len());
            for row in &rows {
                match row {
                    Some(bytes) => ctx.reply.bulk(bytes),
                    None => ctx.reply.null(),
                }
            }
        }
    }
    Ok(())
}

fn elements(value: Option<&Value>) -> Result<Vec<Vec<u8>>, CmdError> {
    Ok(match value {
        None => Vec::new(),
        Some(Value::List(list)) => list.iter().map(|e| e.to_vec()).collect(),
        Some(Value::Set(set)) => set.iter().map(|e| e.to_vec()).collect(),
        Some(Value::ZSet(zset)) => zset.iter().map(|(e, _)| e.to_vec()).collect(),
        Some(_) => return Err(CmdError::WRONG_TYPE),
    })
}

fn sorted(
    keyspace: &mut Keyspace,
    db: usize,
    elements: Vec<Vec<u8>>,
    options: &Options<'_>,
) -> Result<Vec<Vec<u8>>, CmdError> {
    let weight = |element: &[u8], keyspace: &mut Keyspace| match options.by {
        Some(pattern) => by_pattern(keyspace, db, pattern, element),
        None => Some(element.to_vec()),
    };
    let order = |ordering: Ordering| if options.descending { ordering.reverse() } else { ordering };
    if options.alpha {
        let mut keyed: Vec<_> = elements.into_iter().map(|e| (weight(&e, keyspace), e)).collect();
        keyed.sort_by(|a, b| order(a.0.cmp(&b.0)));
        return Ok(keyed.into_iter().map(|(_, element)| element).collect());
    }
    let mut keyed = Vec::with_capacity(elements.len());
    for element in elements {
        let score = match weight(&element, keyspace) {
            Some(text) => number(&text)
                .ok_or(CmdError::fixed("ERR One or more scores can't be converted into double"))?,
            None => 0.0,
        };
        keyed.push((score, element));
    }
    let compare = |a: &(f64, Vec<u8>), b: &(f64, Vec<u8>)| {
        order(a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then_with(|| a.1.cmp(&b.1)))
    };
    keyed.sort_by(compare);
    Ok(keyed.into_iter().map(|(_, element)| element).collect())
}

/// A double as C's `strtod` reads it, if nothing is left over before a zero byte or the end.
fn number(text: &[u8]) -> Option<f64> {
    let text = text.split(|b| *b == 0).next().unwrap_or_default();
    let text = std::str::from_utf8(text).ok()?.trim_start();
    if text.is_empty() {
        return Some(0.0);
    }
    let value = double::parse(text.as_bytes())?;
    let spelled = text.trim_start_matches(['+', '-']).starts_with(['i', 'I']);
    (!value.is_nan() && (value.is_finite() || spelled)).then_some(value)
}

/// What `GET` and `BY` look up for an element: `#` itself, `prefix*suffix` a string,
/// `prefix*suffix->field` a field of a hash.
fn by_pattern(
    keyspace: &mut Keyspace,
    db: usize,
    pattern: &[u8],
    element: &[u8],
) -> Option<Vec<u8>> {
    if pattern == b"#" {
        return Some(element.to_vec());
    }
    let star = pattern.iter().position(|b| *b == b'*')?;
    let suffix = &pattern[star + 1..];
    let arrow = suffix.windows(2).position(|pair| pair == b"->");
    let (suffix, field) = match arrow {
        Some(at) if at + 2 < suffix.len() => (&suffix[..at], Some(&suffix[at + 2..])),
        _ => (suffix, None),
    };
    let key = [&pattern[..star], element, suffix].concat();
    match (keyspace.get(db, &key)?, field) {
        (Value::Str(value), None) => Some(value.bytes().to_vec()),
        (Value::Hash(hash), Some(field)) => {
            hash.get(field).map(|value| value.as_bytes(&mut IntBuf::new()).to_vec())
        }
        _ => None,
    }
}

fn output(
    keyspace: &mut Keyspace,
    db: usize,
    elements: &[Vec<u8>],
    options: &Options<'_>,
) -> Vec<Option<Vec<u8>>> {
    if options.get.is_empty() {
        return elements.iter().cloned().map(Some).collect();
    }
    let mut rows = Vec::with_capacity(elements.len());
    for element in elements {
        for pattern in &options.get {
            rows.push(by_pattern(keyspace, db, pattern, element));
        }
    }
    rows
}

fn store(ctx: &mut Ctx<'_>, target: &[u8], rows: &[Option<Vec<u8>>]) {
    if rows.is_empty() {
        if ctx.keyspace.remove(ctx.db, target).is_some() {
            ctx.changed(KeyEvent::DEL, target, 1);
        }
    } else {
        let mut list = List::new();
        for row in rows {
            list.push(End::Tail, row.as_deref().unwrap_or_default(), ctx.limits.list_size);
        }
        ctx.keyspace.insert(ctx.db, target, Value::List(Box::new(list)), Ttl::Clear);
        ctx.changed(KeyEvent::list("sortstore"), target, rows.len() as u64);
    }
    ctx.reply.count(rows.len());
}
