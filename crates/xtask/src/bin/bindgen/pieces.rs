//! The pieces of a function: runs of instructions that are entered at one place.
//!
//! A sequence of instructions is cut at its beginning, after each conditional branch and after each
//! block in it. Which pieces of the page's module have run is what a walk through the page finds
//! out; the same bytes are always cut into the same pieces.

use std::ops::Range;

use walrus::LocalFunction;
use walrus::ir::{Instr, InstrSeqId};

/// A run of instructions of a sequence.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) seq: InstrSeqId,
    pub(crate) instrs: Range<usize>,
}

/// The pieces of a function, from its beginning to its end, outer before inner.
pub(crate) fn pieces(function: &LocalFunction) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut open = vec![function.entry_block()];
    while let Some(seq) = open.pop() {
        let instrs = &function.block(seq).instrs;
        let mut start = 0;
        for (at, (instr, _)) in instrs.iter().enumerate() {
            let inner = inner(instr);
            if !inner.is_empty() || matches!(instr, Instr::BrIf(_)) {
                found.push(Piece { seq, instrs: start..at + 1 });
                start = at + 1;
            }
            open.extend(inner);
        }
        if start < instrs.len() || instrs.is_empty() {
            found.push(Piece { seq, instrs: start..instrs.len() });
        }
    }
    found
}

/// The sequences in an instruction.
pub(crate) fn inner(instr: &Instr) -> Vec<InstrSeqId> {
    match instr {
        Instr::Block(block) => vec![block.seq],
        Instr::Loop(block) => vec![block.seq],
        Instr::IfElse(either) => vec![either.consequent, either.alternative],
        _ => Vec::new(),
    }
}
