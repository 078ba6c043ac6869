//! The page's module as one that remembers what of it has run.

use anyhow::Result;
use walrus::{Module, ir};

use crate::pieces::pieces;

/// The memory of its own, exported under this name, with a byte for each piece: 1, it has run.
const RAN: &str = "ran";
/// Bytes in a page of memory.
const PAGE: usize = 65_536;

/// The module with a mark at the beginning of each piece of each function.
pub(crate) fn instrument(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::from_buffer(bytes)?;
    let functions: Vec<_> = module.funcs.iter_local().map(|(id, _)| id).collect();
    let memory = module.memories.add_local(false, false, 0, None, None);
    let mut count = 0;
    for id in functions {
        let function = module.funcs.get_mut(id).kind.unwrap_local_mut();
        let pieces = pieces(function);
        // From the last to the first, so that places before it stay what they are.
        for (index, piece) in pieces.iter().enumerate().rev() {
            let store = ir::Store {
                memory,
                kind: ir::StoreKind::I32_8 { atomic: false },
                arg: ir::MemArg { align: 1, offset: 0 },
            };
            let mark = [
                ir::Const { value: ir::Value::I32(i32::try_from(count + index)?) }.into(),
                ir::Const { value: ir::Value::I32(1) }.into(),
                ir::Instr::from(store),
            ];
            let at = piece.instrs.start;
            let instrs = &mut function.block_mut(piece.seq).instrs;
            instrs.splice(at..at, mark.map(|instr| (instr, ir::InstrLocId::default())));
        }
        count += pieces.len();
    }
    module.memories.get_mut(memory).initial = count.div_ceil(PAGE) as u64;
    module.exports.add(RAN, memory);
    Ok(module.emit_wasm())
}
