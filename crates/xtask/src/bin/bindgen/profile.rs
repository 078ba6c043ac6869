//! The page's module as one that remembers which of its functions have run.

use anyhow::Result;
use walrus::{Module, ir};

use crate::names::stable;

/// The memory of its own, exported under this name, with a byte for each function: 1, it has run.
const RAN: &str = "ran";
/// Bytes in a page of memory.
const PAGE: usize = 65_536;

/// The module, and the functions' names, a line for each byte.
pub(crate) fn instrument(bytes: &[u8]) -> Result<(Vec<u8>, String)> {
    let mut module = Module::from_buffer(bytes)?;
    let names: Vec<_> = module
        .funcs
        .iter_local()
        .map(|(id, _)| (id, stable(module.funcs.get(id).name.as_deref().unwrap_or_default())))
        .collect();
    let pages = names.len().div_ceil(PAGE) as u64;
    let memory = module.memories.add_local(false, false, pages, Some(pages), None);
    for (index, (id, _)) in names.iter().enumerate() {
        let function = module.funcs.get_mut(*id).kind.unwrap_local_mut();
        let byte = ir::Value::I32(i32::try_from(index)?);
        let store = ir::Store {
            memory,
            kind: ir::StoreKind::I32_8 { atomic: false },
            arg: ir::MemArg { align: 1, offset: 0 },
        };
        let mark = [
            ir::Const { value: byte }.into(),
            ir::Const { value: ir::Value::I32(1) }.into(),
            ir::Instr::from(store),
        ];
        let entry = function.entry_block();
        let instrs = &mut function.block_mut(entry).instrs;
        instrs.splice(0..0, mark.map(|instr| (instr, ir::InstrLocId::default())));
    }
    module.exports.add(RAN, memory);
    let names: String = names.iter().map(|(_, name)| format!("{name}\n")).collect();
    Ok((module.emit_wasm(), names))
}
