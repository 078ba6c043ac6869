//! The page's module, divided in two: what the page starts with, and what comes later.
//!
//! Which functions the page starts with is said by marks before their names (`outline`); all others
//! come later, and with them the constants that only they reach. The two share one memory, one
//! table of functions and the stack pointer. A call from one into the other goes through the table.
//! Before the first part calls a later function it waits for it, if it has not come: it calls the
//! import `later.load`, which returns once the second module has been instantiated and has filled
//! its places. In those that were in the table anyhow, and may be called by anybody, stand stubs
//! that do the same. So the marks decide what has to be waited for, and nothing else: a call that
//! comes too early waits.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result, bail};
use walrus::ir::{self, Instr, Visitor};
use walrus::{
    ConstExpr, DataKind, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId,
    FunctionKind, GlobalKind, Module, TableId,
};

use crate::data::Data;
use crate::outline::MARKS;

/// The one "module" the second imports from; the script that instantiates it gives the exports of
/// the first under this name.
const FIRST: &str = "first";
/// What is called to wait, of JavaScript: module and name.
const LOAD: [&str; 2] = ["later", "load"];
/// A function of at most so many instructions, that calls nothing of what comes later, is no larger
/// than what it would take to wait for it.
const SMALL: u64 = 4;
/// A function of the first part that the second calls at so many places is lent to it by name: a
/// call through the table is longer.
const OFTEN: usize = 12;
/// Constants with at most so many bytes of others between them are sent as one.
const GAP: u32 = 8;

/// Functions, by their place in the module that was given.
type Index = usize;

/// A module in two.
pub(crate) struct Parts {
    pub(crate) first: Vec<u8>,
    pub(crate) second: Vec<u8>,
    /// What went where: a line for each function, with its size in instructions and its name.
    pub(crate) listing: String,
}

/// Divides a module by the marks before its functions' names; `data` is what the linker knew.
pub(crate) fn split(bytes: &[u8], data: &Data) -> Result<Parts> {
    let module = parse(bytes)?;
    let plan = Plan::new(&module, data)?;
    let listing = plan.listing(&module);
    Ok(Parts { first: plan.first(parse(bytes)?)?, second: plan.second(parse(bytes)?)?, listing })
}

fn parse(bytes: &[u8]) -> Result<Module> {
    Module::from_buffer(bytes).context("the page's module cannot be read")
}

/// What goes where. It holds for each reading of the same bytes.
struct Plan {
    /// Whether a function goes into the second module.
    late: Vec<bool>,
    /// Places in the table, for functions that the other module calls or that were there anyhow.
    slots: BTreeMap<Index, u32>,
    /// Later functions that were there anyhow.
    known: BTreeSet<Index>,
    /// Functions of the first part that it lends to the second by name.
    named: Vec<Index>,
    /// Functions of the first part that get new places, in the order of these; those of the second
    /// part come after them.
    lent: Vec<Index>,
    /// The table's size before, and with the new places.
    table: Range<u32>,
    /// The addresses of the constants that come later.
    constants: Vec<Range<u32>>,
    /// The names by which wasm-opt puts the functions in order.
    order: BTreeMap<Index, String>,
}

impl Plan {
    fn new(module: &Module, data: &Data) -> Result<Self> {
        let calls = calls(module);
        let placed = placed(module)?;
        let late = late(module, &calls, data);
        let constants = constants(module, &late, data);
        let mut slots = BTreeMap::new();
        for (slot, id) in placed {
            slots.entry(id.index()).or_insert(slot);
        }
        let (mut lent, mut asked) = (BTreeMap::<Index, usize>::new(), Vec::new());
        for (caller, called) in calls.iter().enumerate() {
            let other = |callee: &&(Index, usize)| late[caller] != late[callee.0];
            for (callee, times) in called.iter().flatten().filter(other) {
                if late[*callee] {
                    asked.push(*callee);
                } else if calls[*callee].is_some() {
                    *lent.entry(*callee).or_default() += times;
                }
            }
        }
        let is_named = |(index, times): (&Index, &usize)| (*times >= OFTEN).then_some(*index);
        let named: Vec<Index> = lent.iter().filter_map(is_named).collect();
        lent.retain(|_, times| *times < OFTEN);
        let table = module.tables.get(function_table(module)?);
        let size = u32::try_from(table.initial)?;
        let known = slots.keys().copied().filter(|index| late[*index]).collect();
        let order = order(module);
        let mut end = size;
        let mut give_places = |mut callees: Vec<Index>| {
            let mut new = Vec::new();
            callees.sort_by_key(|callee| &order[callee]);
            for callee in callees {
                slots.entry(callee).or_insert_with(|| {
                    new.push(callee);
                    end += 1;
                    end - 1
                });
            }
            new
        };
        let lent = give_places(lent.into_keys().collect());
        give_places(asked);
        Ok(Self { late, slots, known, named, lent, table: size..end, constants, order })
    }

    /// The module that the page starts with.
    fn first(&self, mut module: Module) -> Result<Vec<u8>> {
        let table = self.widen_table(&mut module)?;
        let ids = ids(&module);
        let shared = variables(&module);
        let wait = wait(&mut module);
        self.reroute(&mut module, table, Some(wait));
        let stubs = self.stubs(&mut module, table, wait);
        for segment in module.elements.iter_mut() {
            if let ElementItems::Functions(functions) = &mut segment.items {
                for function in functions.iter_mut() {
                    *function = stubs.get(&function.index()).copied().unwrap_or(*function);
                }
            }
        }
        for id in module.data.iter().map(|segment| segment.id()).collect::<Vec<_>>() {
            let segment = module.data.get_mut(id);
            let Some(start) = address(segment) else { continue };
            for range in &self.constants {
                if let Some(inside) = inside(start, segment.value.len(), range) {
                    segment.value[inside].fill(0);
                }
            }
        }
        let lent = self.lent.iter().map(|index| ids[index]).collect();
        fill(&mut module, table, self.table.start, lent);
        for (number, index) in self.named.iter().enumerate() {
            export(&mut module, &format!("f{number}"), ids[index].into());
        }
        let memory = module.get_memory_id()?;
        export(&mut module, "m", memory.into());
        export(&mut module, "t", table.into());
        for (index, other) in other_tables(&module, table).into_iter().enumerate() {
            export(&mut module, &format!("t{index}"), other.into());
        }
        for (index, global) in shared.into_iter().enumerate() {
            export(&mut module, &format!("g{index}"), global.into());
        }
        walrus::passes::gc::run(&mut module);
        Ok(emit(module, &self.order))
    }

    /// The module that comes later.
    fn second(&self, mut module: Module) -> Result<Vec<u8>> {
        let table = self.widen_table(&mut module)?;
        let ids = ids(&module);
        self.reroute(&mut module, table, None);
        module.start = None;
        for id in module.exports.iter().map(|export| export.id()).collect::<Vec<_>>() {
            module.exports.delete(id);
        }
        for id in module.elements.iter().map(|segment| segment.id()).collect::<Vec<_>>() {
            module.elements.delete(id);
        }
        let memory = module.get_memory_id()?;
        self.keep_constants(&mut module, memory);
        for other in module.tables.iter_mut() {
            other.elem_segments.clear();
        }
        for (number, index) in self.named.iter().enumerate() {
            let (id, ty) = (ids[index], module.funcs.get(ids[index]).ty());
            let import = module.imports.add(FIRST, &format!("f{number}"), id);
            let kind = FunctionKind::Import(walrus::ImportedFunction { import, ty });
            module.funcs.get_mut(id).kind = kind;
        }
        let import = module.imports.add(FIRST, "m", memory);
        module.memories.get_mut(memory).import = Some(import);
        let import = module.imports.add(FIRST, "t", table);
        module.tables.get_mut(table).import = Some(import);
        for (index, other) in other_tables(&module, table).into_iter().enumerate() {
            let import = module.imports.add(FIRST, &format!("t{index}"), other);
            module.tables.get_mut(other).import = Some(import);
        }
        for (index, global) in variables(&module).into_iter().enumerate() {
            let import = module.imports.add(FIRST, &format!("g{index}"), global);
            module.globals.get_mut(global).kind = GlobalKind::Import(import);
        }
        // One segment for each run of neighbouring places.
        let mut places: Vec<(u32, FunctionId)> = Vec::new();
        for (function, slot) in &self.slots {
            if self.late[*function] {
                places.push((*slot, ids[function]));
            }
        }
        places.sort_unstable_by_key(|(slot, _)| *slot);
        let next = |run: &[(u32, FunctionId)]| run.last().map(|(slot, _)| slot + 1);
        let mut run: Vec<(u32, FunctionId)> = Vec::new();
        for place in places {
            if next(&run).is_some_and(|slot| slot != place.0) {
                fill_run(&mut module, table, std::mem::take(&mut run));
            }
            run.push(place);
        }
        fill_run(&mut module, table, run);
        walrus::passes::gc::run(&mut module);
        Ok(emit(module, &self.order))
    }

    /// For each later function that has been in the table a stub that waits for it.
    fn stubs(
        &self,
        module: &mut Module,
        table: TableId,
        wait: FunctionId,
    ) -> BTreeMap<Index, FunctionId> {
        let types: BTreeMap<Index, walrus::TypeId> =
            module.funcs.iter().map(|function| (function.id().index(), function.ty())).collect();
        let mut stubs = BTreeMap::new();
        for index in &self.known {
            let (ty, slot) = (types[index], self.slots[index]);
            let (params, results) = module.types.params_results(ty);
            let (params, results) = (params.to_vec(), results.to_vec());
            let args: Vec<_> = params.iter().map(|param| module.locals.add(*param)).collect();
            let mut stub = FunctionBuilder::new(&mut module.types, &params, &results);
            let mut body = stub.func_body();
            body.call(wait);
            for arg in &args {
                body.local_get(*arg);
            }
            body.i32_const(slot.cast_signed()).call_indirect(ty, table);
            stubs.insert(*index, stub.finish(args, &mut module.funcs));
        }
        stubs
    }

    /// Leaves the constants that come later, and no other data.
    fn keep_constants(&self, module: &mut Module, memory: walrus::MemoryId) {
        let all: Vec<_> = module
            .data
            .iter()
            .filter_map(|segment| Some((address(segment)?, segment.value.clone())))
            .collect();
        for id in module.data.iter().map(|segment| segment.id()).collect::<Vec<_>>() {
            module.data.delete(id);
        }
        module.memories.get_mut(memory).data_segments.clear();
        let mut near: Vec<Range<u32>> = Vec::new();
        for range in &self.constants {
            match near.last_mut() {
                Some(last) if range.start - last.end <= GAP => last.end = range.end,
                _ => near.push(range.clone()),
            }
        }
        for (start, bytes) in &all {
            for range in &near {
                let Some(inside) = inside(*start, bytes.len(), range) else { continue };
                let offset = ConstExpr::Value(ir::Value::I32(range.start.cast_signed()));
                let kind = DataKind::Active { memory, offset };
                let segment = module.data.add(kind, bytes[inside].to_vec());
                module.memories.get_mut(memory).data_segments.insert(segment);
            }
        }
    }

    fn listing(&self, module: &Module) -> String {
        let line = |(id, function): (FunctionId, &walrus::LocalFunction)| {
            let part = if self.late[id.index()] { "later" } else { "first" };
            let name = module.funcs.get(id).name.as_deref().unwrap_or_default();
            format!("{part}\t{}\t{}\n", function.size(), readable(name))
        };
        module.funcs.iter_local().map(line).collect()
    }

    fn widen_table(&self, module: &mut Module) -> Result<TableId> {
        let id = function_table(module)?;
        let table = module.tables.get_mut(id);
        table.initial = self.table.end.into();
        table.maximum = table.maximum.map(|most| most.max(table.initial));
        Ok(id)
    }

    /// Sends calls from one module's functions to the other's through the table; those of the first
    /// call `wait` before.
    fn reroute(&self, module: &mut Module, table: TableId, wait: Option<FunctionId>) {
        let late = wait.is_none();
        let types: BTreeMap<Index, walrus::TypeId> =
            module.funcs.iter().map(|function| (function.id().index(), function.ty())).collect();
        // `wait` itself was not there when the plan was made.
        let is_late = |id: FunctionId| self.late.get(id.index()).copied().unwrap_or(late);
        let direct: BTreeSet<Index> = if late {
            let imports = module.imports.iter().filter_map(|import| match import.kind {
                walrus::ImportKind::Function(id) => Some(id.index()),
                _ => None,
            });
            imports.chain(self.named.iter().copied()).collect()
        } else {
            BTreeSet::new()
        };
        let other = |id: FunctionId| {
            (is_late(id) != late && !direct.contains(&id.index())).then(|| id.index())
        };
        for (id, function) in module.funcs.iter_local_mut() {
            if is_late(id) != late {
                continue;
            }
            for block in blocks(function) {
                let instrs = &mut function.block_mut(block).instrs;
                let mut at = 0;
                while at < instrs.len() {
                    let callee = match &instrs[at].0 {
                        Instr::Call(call) => other(call.func).map(|f| (f, false)),
                        Instr::ReturnCall(call) => other(call.func).map(|f| (f, true)),
                        _ => None,
                    };
                    if let Some((callee, tail)) = callee {
                        let (ty, place) = (types[&callee], instrs[at].1);
                        let slot = ir::Value::I32(self.slots[&callee].cast_signed());
                        instrs[at].0 = if tail {
                            ir::ReturnCallIndirect { ty, table }.into()
                        } else {
                            ir::CallIndirect { ty, table }.into()
                        };
                        instrs.insert(at, (ir::Const { value: slot }.into(), place));
                        at += 1;
                        if let Some(func) = wait {
                            instrs.insert(at - 1, (ir::Call { func }.into(), place));
                            at += 1;
                        }
                    }
                    at += 1;
                }
            }
        }
    }
}

/// Adds the function that waits for the second module, once.
fn wait(module: &mut Module) -> FunctionId {
    let ty = module.types.add(&[], &[]);
    let (load, _) = module.add_import_func(LOAD[0], LOAD[1], ty);
    let zero = ConstExpr::Value(ir::Value::I32(0));
    let here = module.globals.add_local(walrus::ValType::I32, true, false, zero);
    let mut wait = FunctionBuilder::new(&mut module.types, &[], &[]);
    wait.func_body().global_get(here).unop(ir::UnaryOp::I32Eqz).if_else(
        None,
        |then| {
            then.call(load).i32_const(1).global_set(here);
        },
        |_| {},
    );
    wait.finish(Vec::new(), &mut module.funcs)
}

/// Whether each function comes later.
fn late(module: &Module, calls: &[Option<Vec<(Index, usize)>>], data: &Data) -> Vec<bool> {
    let mut late = vec![false; calls.len()];
    for (id, _) in module.funcs.iter_local() {
        let name = module.funcs.get(id).name.as_deref();
        late[id.index()] = name.is_some_and(|name| name.starts_with(MARKS[1]));
    }
    // What JavaScript calls stays with it, whether it has run or not.
    let exported = module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(id) => Some(id),
        _ => None,
    });
    for id in exported.chain(module.start) {
        late[id.index()] = false;
    }
    loop {
        let small = |(id, function): (FunctionId, &walrus::LocalFunction)| {
            let called = calls[id.index()].iter().flatten();
            // Data would come with it.
            let bare = !data.is_used_by(symbol(module.funcs.get(id).name.as_deref()));
            (late[id.index()]
                && bare
                && function.size() <= SMALL
                && called.copied().all(|(f, _)| !late[f]))
            .then(|| id.index())
        };
        let found: Vec<Index> = module.funcs.iter_local().filter_map(small).collect();
        if found.is_empty() {
            return late;
        }
        for index in found {
            late[index] = false;
        }
    }
}

/// The addresses of the constants that no function of the first module can reach.
fn constants(module: &Module, late: &[bool], data: &Data) -> Vec<Range<u32>> {
    #[derive(Default)]
    struct Numbers(BTreeSet<u32>);
    impl Visitor<'_> for Numbers {
        fn visit_const(&mut self, instr: &ir::Const) {
            if let ir::Value::I32(value) = instr.value {
                self.0.insert(value.cast_unsigned());
            }
        }
        fn visit_load(&mut self, instr: &ir::Load) {
            self.0.extend(u32::try_from(instr.arg.offset));
        }
        fn visit_store(&mut self, instr: &ir::Store) {
            self.0.extend(u32::try_from(instr.arg.offset));
        }
    }
    let mut functions = Vec::new();
    for (id, function) in module.funcs.iter_local().filter(|(id, _)| !late[id.index()]) {
        let mut numbers = Numbers::default();
        ir::dfs_in_order(&mut numbers, function, function.entry_block());
        functions.push((symbol(module.funcs.get(id).name.as_deref()), numbers.0));
    }
    data.unreached(&functions)
}

/// What the linker calls a function.
fn symbol(name: Option<&str>) -> &str {
    let name = name.unwrap_or_default();
    MARKS.iter().find_map(|mark| name.strip_prefix(mark)).unwrap_or(name)
}

/// What the source calls a function, without the hashes of crates.
fn readable(name: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol(Some(name))))
}

/// Names that sort functions so that what is alike is near each other, which is what gzip finds: by
/// their size, roughly, and of one size by their type. Places in the table follow the same order.
fn order(module: &Module) -> BTreeMap<Index, String> {
    let key = |(id, function): (FunctionId, &walrus::LocalFunction)| {
        let size = function.size().max(1);
        let digits = size.ilog2();
        // Four steps for each doubling.
        let rough = u64::from(digits) * 4 + ((size << 2 >> digits) & 3);
        let ty = function.ty().index();
        (id.index(), format!("{:03}{ty:04}{:07}", 999 - rough, 9_999_999 - size))
    };
    module.funcs.iter_local().map(key).collect()
}

/// Where a segment of the data begins.
fn address(segment: &walrus::Data) -> Option<u32> {
    match segment.kind {
        DataKind::Active { offset: ConstExpr::Value(ir::Value::I32(start)), .. } => {
            Some(start.cast_unsigned())
        }
        _ => None,
    }
}

/// What of a segment has these addresses, if all of them are in it.
fn inside(start: u32, len: usize, range: &Range<u32>) -> Option<Range<usize>> {
    let from = range.start.checked_sub(start)? as usize;
    let to = from + range.len();
    (to <= len).then_some(from..to)
}

fn function_table(module: &Module) -> Result<TableId> {
    module.tables.main_function_table()?.context("the page's module has no table of functions")
}

/// What each function calls, at how many places; `None` for what JavaScript gives.
fn calls(module: &Module) -> Vec<Option<Vec<(Index, usize)>>> {
    struct Calls(Vec<Index>);
    impl Visitor<'_> for Calls {
        fn visit_function_id(&mut self, function: &FunctionId) {
            self.0.push(function.index());
        }
    }
    let count = module.funcs.iter().map(|function| function.id().index() + 1).max();
    let mut all = vec![None; count.unwrap_or(0)];
    for (id, function) in module.funcs.iter_local() {
        let mut found = Calls(Vec::new());
        ir::dfs_in_order(&mut found, function, function.entry_block());
        let mut times = BTreeMap::new();
        for callee in found.0 {
            *times.entry(callee).or_default() += 1;
        }
        all[id.index()] = Some(times.into_iter().collect());
    }
    all
}

/// The functions that are in the table, each with its place.
fn placed(module: &Module) -> Result<Vec<(u32, FunctionId)>> {
    let mut found = Vec::new();
    for segment in module.elements.iter() {
        match (&segment.kind, &segment.items) {
            (
                ElementKind::Active { offset: ConstExpr::Value(ir::Value::I32(start)), .. },
                ElementItems::Functions(functions),
            ) => found.extend((start.cast_unsigned()..).zip(functions.iter().copied())),
            (ElementKind::Declared, _) => {}
            _ => bail!("the page's table of functions is filled in a way not known here"),
        }
    }
    Ok(found)
}

fn ids(module: &Module) -> BTreeMap<Index, FunctionId> {
    module.funcs.iter().map(|function| (function.id().index(), function.id())).collect()
}

/// The globals that change: the stack pointer.
fn variables(module: &Module) -> Vec<walrus::GlobalId> {
    module.globals.iter().filter(|global| global.mutable).map(|global| global.id()).collect()
}

/// Every block of a function.
fn blocks(function: &walrus::LocalFunction) -> Vec<ir::InstrSeqId> {
    struct Blocks(Vec<ir::InstrSeqId>);
    impl<'a> Visitor<'a> for Blocks {
        fn start_instr_seq(&mut self, block: &'a ir::InstrSeq) {
            self.0.push(block.id());
        }
    }
    let mut found = Blocks(Vec::new());
    ir::dfs_in_order(&mut found, function, function.entry_block());
    found.0
}

fn fill_run(module: &mut Module, table: TableId, run: Vec<(u32, FunctionId)>) {
    if let Some((start, _)) = run.first().copied() {
        fill(module, table, start, run.into_iter().map(|(_, function)| function).collect());
    }
}

fn fill(module: &mut Module, table: TableId, start: u32, functions: Vec<FunctionId>) {
    let offset = ConstExpr::Value(ir::Value::I32(start.cast_signed()));
    let kind = ElementKind::Active { table, offset };
    let segment = module.elements.add(kind, ElementItems::Functions(functions));
    module.tables.get_mut(table).elem_segments.insert(segment);
}

/// The tables that hold no functions: that of what the page's script lends to the program.
fn other_tables(module: &Module, functions: TableId) -> Vec<TableId> {
    module.tables.iter().map(|table| table.id()).filter(|id| *id != functions).collect()
}

fn export(module: &mut Module, name: &str, item: ExportItem) {
    module.exports.add(name, item);
}

fn emit(mut module: Module, order: &BTreeMap<Index, String>) -> Vec<u8> {
    for function in module.funcs.iter_mut() {
        function.name = order.get(&function.id().index()).cloned();
    }
    // The linker's notes are no longer true.
    for section in module.customs.iter().map(|(id, _)| id).collect::<Vec<_>>() {
        module.customs.delete(section);
    }
    module.emit_wasm()
}
