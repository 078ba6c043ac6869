//! Which constants of the linked module are reached by which functions.
//!
//! The linker is told to leave its notes in the module (`--emit-relocs`): where each symbol of the
//! data lies, and which places in the code and in the data hold the address of which symbol. From
//! these follows exactly what data a set of functions can reach. wasm-bindgen leaves the data where
//! it is, and the functions their names.
//!
//! Each note is checked against the place it speaks of. A module whose notes do not hold, or that
//! has none, is not divided by its data.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use wasmparser::{
    BinaryReader, DataKind, KnownCustom, Linking, Name, Operator, Parser, Payload, RelocAddendKind,
    RelocSectionReader, RelocationEntry, RelocationType, SymbolInfo, TypeRef,
};

/// A symbol of the data, by its place in the linker's table.
type Symbol = usize;

/// What lies where in the data, and what refers to what.
#[derive(Default)]
pub(crate) struct Data {
    symbols: BTreeMap<Symbol, Place>,
    /// The symbols that a function refers to, by its name, each with the number that stands there.
    functions: BTreeMap<String, Vec<(u32, Symbol)>>,
    /// The symbols whose addresses lie in the data: at which address, which symbol.
    pointers: BTreeMap<u32, Symbol>,
}

struct Place {
    addresses: Range<u32>,
    /// Whether the program may write there.
    variable: bool,
}

/// A segment of the data: from which address on, and where in the file.
struct Segment {
    address: u32,
    file: Range<usize>,
}

impl Data {
    /// Reads the notes of the linker.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self> {
        let mut parts = Parts::default();
        for payload in Parser::new(0).parse_all(bytes) {
            parts.take(bytes, payload?)?;
        }
        let mut data = Self { symbols: parts.symbols()?, ..Self::default() };
        ensure!(!data.symbols.is_empty(), "the linker has left no notes");
        data.functions = parts.names.values().map(|name| (name.clone(), Vec::new())).collect();
        for entry in &parts.code_notes {
            let at = parts.code_start + entry.offset as usize;
            if let Some(number) = data.check(bytes, at, entry)? {
                let index = parts.bodies.partition_point(|body| body.end <= at);
                let name = parts.names.get(&(parts.imported + u32::try_from(index)?));
                let name = name.context("a function without a name")?;
                let known = data.functions.entry(name.clone()).or_default();
                known.push((number, entry.index as Symbol));
            }
        }
        for entry in &parts.data_notes {
            let at = parts.data_start + entry.offset as usize;
            if data.check(bytes, at, entry)?.is_some() {
                let segment = parts.segments.iter().find(|segment| segment.file.contains(&at));
                let segment = segment.context("a note about no data")?;
                let address = segment.address + u32::try_from(at - segment.file.start)?;
                data.pointers.insert(address, entry.index as Symbol);
            }
        }
        Ok(data)
    }

    /// What stands at the place of a note about the data: the address it says. None for others.
    fn check(&self, bytes: &[u8], at: usize, entry: &RelocationEntry) -> Result<Option<u32>> {
        if entry.ty.addend_kind() == RelocAddendKind::None {
            return Ok(None);
        }
        let Some(symbol) = self.symbols.get(&(entry.index as Symbol)) else { return Ok(None) };
        let expected = i64::from(symbol.addresses.start) + entry.addend;
        let place = bytes.get(at..).context("a note beyond the end")?;
        let found = match entry.ty {
            RelocationType::MemoryAddrLeb => {
                i64::from(BinaryReader::new(place, at).read_var_u32()?)
            }
            RelocationType::MemoryAddrSleb => {
                i64::from(BinaryReader::new(place, at).read_var_i32()?.cast_unsigned())
            }
            RelocationType::MemoryAddrI32 => i64::from(BinaryReader::new(place, at).read_u32()?),
            other => anyhow::bail!("a note of a kind not known here: {other:?}"),
        };
        ensure!(found == expected, "a note says {expected}, and {found} stands there");
        Ok(Some(u32::try_from(found)?))
    }

    /// Whether a function refers to any data, by its name.
    pub(crate) fn is_used_by(&self, function: &str) -> bool {
        self.functions.get(function).is_some_and(|symbols| !symbols.is_empty())
    }

    /// The constants that nothing can reach from these functions, in order. A function is given by
    /// its name and the numbers in it: it may be less than what the linker knew, and more.
    pub(crate) fn unreached(&self, functions: &[(&str, BTreeSet<u32>)]) -> Vec<Range<u32>> {
        let variable = self.symbols.iter().filter(|(_, place)| place.variable);
        let mut open: Vec<Symbol> = variable.map(|(id, _)| *id).collect();
        for (name, numbers) in functions {
            if let Some(known) = self.functions.get(*name) {
                let here = known.iter().filter(|(number, _)| numbers.contains(number));
                open.extend(here.map(|(_, symbol)| *symbol));
                continue;
            }
            // Not the linker's: what could be an address is taken for one.
            for (id, place) in &self.symbols {
                if numbers.range(place.addresses.clone()).next().is_some() {
                    open.push(*id);
                }
            }
        }
        let mut reached: BTreeMap<Symbol, bool> =
            self.symbols.keys().map(|symbol| (*symbol, false)).collect();
        while let Some(next) = open.pop() {
            let Some(seen) = reached.get_mut(&next) else { continue };
            if std::mem::replace(seen, true) {
                continue;
            }
            let inside = self.symbols[&next].addresses.clone();
            open.extend(self.pointers.range(inside).map(|(_, symbol)| *symbol));
        }
        let of = |wanted: bool| {
            let chosen = reached.iter().filter(move |(_, reached)| **reached == wanted);
            joined(chosen.map(|(symbol, _)| self.symbols[symbol].addresses.clone()).collect())
        };
        without(of(false), &of(true))
    }
}

/// What is found in the module on the way through it.
#[derive(Default)]
struct Parts {
    imported: u32,
    code_start: usize,
    bodies: Vec<Range<usize>>,
    data_start: usize,
    segments: Vec<Segment>,
    names: BTreeMap<u32, String>,
    segment_names: Vec<String>,
    /// Segment, offset in it, size.
    found: BTreeMap<Symbol, (u32, u32, u32)>,
    code_notes: Vec<RelocationEntry>,
    data_notes: Vec<RelocationEntry>,
}

impl Parts {
    fn take(&mut self, bytes: &[u8], payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionStart { range, .. } => self.code_start = range.start,
            Payload::CodeSectionEntry(body) => self.bodies.push(body.range()),
            Payload::DataSection(reader) => {
                self.data_start = reader.range().start;
                for data in reader {
                    let data = data?;
                    let DataKind::Active { offset_expr, .. } = data.kind else { continue };
                    let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
                    else {
                        continue;
                    };
                    let start = data.data.as_ptr() as usize - bytes.as_ptr() as usize;
                    let file = start..start + data.data.len();
                    self.segments.push(Segment { address: value.cast_unsigned(), file });
                }
            }
            Payload::CustomSection(section) => match (section.name(), section.as_known()) {
                (_, KnownCustom::Name(reader)) => {
                    for part in reader {
                        if let Name::Function(functions) = part? {
                            for naming in functions {
                                let naming = naming?;
                                self.names.insert(naming.index, naming.name.to_owned());
                            }
                        }
                    }
                }
                (_, KnownCustom::Linking(reader)) => self.linking(reader)?,
                ("reloc.CODE", KnownCustom::Reloc(reader)) => self.code_notes = notes(&reader)?,
                ("reloc.DATA", KnownCustom::Reloc(reader)) => self.data_notes = notes(&reader)?,
                _ => {}
            },
            _ => {}
        }
        Ok(())
    }

    fn linking(&mut self, reader: wasmparser::LinkingSectionReader<'_>) -> Result<()> {
        for part in reader.subsections() {
            match part? {
                Linking::SegmentInfo(segments) => {
                    for segment in segments {
                        self.segment_names.push(segment?.name.to_owned());
                    }
                }
                Linking::SymbolTable(symbols) => {
                    for (index, symbol) in symbols.into_iter().enumerate() {
                        if let SymbolInfo::Data { symbol: Some(at), .. } = symbol? {
                            self.found.insert(index, (at.index, at.offset, at.size));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn symbols(&self) -> Result<BTreeMap<Symbol, Place>> {
        let mut symbols = BTreeMap::new();
        for (symbol, (segment, offset, size)) in &self.found {
            // The linker's own symbols (where the heap begins) lie in no segment.
            let Some(place) = self.segments.get(*segment as usize) else { continue };
            let start = place.address.checked_add(*offset).context("an address")?;
            let name = self.segment_names.get(*segment as usize).map_or("", String::as_str);
            let variable = !name.starts_with(".rodata");
            let addresses = start..start.checked_add(*size).context("an address")?;
            symbols.insert(*symbol, Place { addresses, variable });
        }
        Ok(symbols)
    }
}

fn notes(reader: &RelocSectionReader<'_>) -> Result<Vec<RelocationEntry>> {
    reader.entries().into_iter().map(|entry| Ok(entry?)).collect()
}

/// The same addresses in order, with what touches or overlaps put together.
fn joined(mut ranges: Vec<Range<u32>>) -> Vec<Range<u32>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable_by_key(|range| range.start);
    let mut all: Vec<Range<u32>> = Vec::new();
    for range in ranges {
        match all.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => all.push(range),
        }
    }
    all
}

/// `ranges` less `others`, both joined.
fn without(ranges: Vec<Range<u32>>, others: &[Range<u32>]) -> Vec<Range<u32>> {
    let mut left = Vec::new();
    for range in ranges {
        let mut start = range.start;
        let from = others.partition_point(|other| other.end <= range.start);
        for other in others[from..].iter().take_while(|other| other.start < range.end) {
            if start < other.start {
                left.push(start..other.start);
            }
            start = start.max(other.end);
        }
        if start < range.end {
            left.push(start..range.end);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Symbols 0 to 4 of ten bytes each from 100 on, the last one variable. Symbol 0 has a pointer
    /// to 1. `f` refers to 0, `g` to 2 and 3, the program's variables to 3.
    fn data() -> Data {
        let place = |symbol: Symbol| {
            let start = 100 + 10 * symbol as u32;
            (symbol, Place { addresses: start..start + 10, variable: symbol == 4 })
        };
        let known = |pairs: &[(u32, Symbol)]| pairs.to_vec();
        Data {
            symbols: (0..5).map(place).collect(),
            functions: [
                ("f".to_owned(), known(&[(100, 0)])),
                ("g".to_owned(), known(&[(121, 2), (130, 3)])),
            ]
            .into(),
            pointers: [(104, 1), (142, 3)].into(),
        }
    }

    #[test]
    fn what_a_function_refers_to_is_reached_with_all_behind_it() {
        let left = |functions: &[(&str, &[u32])]| {
            let given = functions
                .iter()
                .map(|(name, numbers)| (*name, numbers.iter().copied().collect::<BTreeSet<u32>>()));
            let ranges = data().unreached(&given.collect::<Vec<_>>());
            ranges.into_iter().map(|range| (range.start, range.end)).collect::<Vec<_>>()
        };
        // Through the variables only.
        assert_eq!(left(&[]), [(100, 130)]);
        assert_eq!(left(&[("f", &[100])]), [(120, 130)]);
        assert_eq!(left(&[("f", &[100]), ("g", &[121, 130])]), []);
        // What is left of `g` does not have the number any more.
        assert_eq!(left(&[("g", &[130])]), [(100, 130)]);
        // A function that the linker did not know: what may be an address is one.
        assert_eq!(left(&[("h", &[7, 125])]), [(100, 120)]);
    }

    #[test]
    fn ranges_are_joined_and_taken_from_each_other() {
        assert_eq!(joined(vec![5..9, 1..3, 3..4, 8..12, 20..20]), [1..4, 5..12]);
        assert_eq!(without(vec![1..10, 20..30], &[3..5, 8..22, 29..40]), [1..3, 5..8, 22..29]);
        assert_eq!(without(vec![1..10, 20..30], &[]), [1..10, 20..30]);
    }

    #[test]
    fn a_module_without_notes_is_said_to_have_none() {
        let plain = wat::parse_str("(module (memory 1) (data (i32.const 8) \"text\"))");
        assert!(Data::read(&plain.expect("well formed")).is_err());
    }
}
