//! The page's module, divided in two: what the page needs to appear, and what may come later.
//!
//! Which functions come later is said by the beginnings of their names; with them goes whatever
//! only they reach. The two share one memory, one table of functions and the stack pointer. A call
//! from one into the other goes through the table, in which the places of the later functions trap
//! until the second module is instantiated and fills them: a call that comes too early stops the
//! page where it stands, and never runs something else.
//!
//! Data stays in the first module, for it must be there before either runs.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context, Result, bail};
use walrus::ir::{self, Instr, Visitor};
use walrus::{
    ConstExpr, ElementItems, ElementKind, ExportItem, FunctionBuilder, FunctionId, GlobalKind,
    Module, TableId,
};

/// The one "module" the second imports from; the script that instantiates it gives the exports of
/// the first under this name.
const FIRST: &str = "first";

/// Functions, by their place in the module that was given.
type Index = usize;

/// A module in two.
pub(crate) struct Parts {
    pub(crate) first: Vec<u8>,
    pub(crate) second: Vec<u8>,
    /// What went where: a line for each function, with its size in instructions and its name.
    pub(crate) listing: String,
}

/// Divides a module into what is needed at once and what `later` names.
pub(crate) fn split(bytes: &[u8], later: &List) -> Result<Parts> {
    let module = parse(bytes)?;
    let plan = Plan::new(&module, later)?;
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
    /// Functions of the first module that get new places, in the order of these.
    lent: Vec<Index>,
    /// The table's size before, and with the new places.
    table: Range<u32>,
}

impl Plan {
    fn new(module: &Module, later: &List) -> Result<Self> {
        let calls = calls(module);
        let placed = placed(module)?;
        let late = late(module, &calls, &placed, later);
        let mut slots = BTreeMap::new();
        for (slot, id) in placed {
            slots.entry(id.index()).or_insert(slot);
        }
        let (mut lent, mut asked) = (Vec::new(), Vec::new());
        for (caller, called) in calls.iter().enumerate() {
            for callee in called.iter().flatten().filter(|callee| late[caller] != late[**callee]) {
                if late[*callee] { &mut asked } else { &mut lent }.push(*callee);
            }
        }
        let table = module.tables.get(function_table(module)?);
        let size = u32::try_from(table.initial)?;
        let mut plan = Self { late, slots, lent: Vec::new(), table: size..size };
        for callee in lent {
            if plan.place(callee) {
                plan.lent.push(callee);
            }
        }
        for callee in asked {
            plan.place(callee);
        }
        Ok(plan)
    }

    /// Gives a function a place in the table, unless it has one.
    fn place(&mut self, function: Index) -> bool {
        if self.slots.contains_key(&function) {
            return false;
        }
        self.slots.insert(function, self.table.end);
        self.table.end += 1;
        true
    }

    /// The module that the page starts with.
    fn first(&self, mut module: Module) -> Result<Vec<u8>> {
        let table = self.widen_table(&mut module)?;
        let ids = ids(&module);
        self.reroute(&mut module, table, false);
        let mut trap = FunctionBuilder::new(&mut module.types, &[], &[]);
        trap.func_body().unreachable();
        let trap = trap.finish(Vec::new(), &mut module.funcs);
        for segment in module.elements.iter_mut() {
            if let ElementItems::Functions(functions) = &mut segment.items {
                for function in functions.iter_mut().filter(|f| self.late[f.index()]) {
                    *function = trap;
                }
            }
        }
        let lent = self.lent.iter().map(|function| ids[function]).collect();
        fill(&mut module, table, self.table.start, lent);
        let memory = module.get_memory_id()?;
        export(&mut module, "m", memory.into());
        export(&mut module, "t", table.into());
        for (index, global) in variables(&module).into_iter().enumerate() {
            export(&mut module, &format!("g{index}"), global.into());
        }
        walrus::passes::gc::run(&mut module);
        Ok(emit(module))
    }

    /// The module that comes later.
    fn second(&self, mut module: Module) -> Result<Vec<u8>> {
        let table = self.widen_table(&mut module)?;
        let ids = ids(&module);
        self.reroute(&mut module, table, true);
        module.start = None;
        for id in module.exports.iter().map(|export| export.id()).collect::<Vec<_>>() {
            module.exports.delete(id);
        }
        for id in module.elements.iter().map(|segment| segment.id()).collect::<Vec<_>>() {
            module.elements.delete(id);
        }
        for id in module.data.iter().map(|segment| segment.id()).collect::<Vec<_>>() {
            module.data.delete(id);
        }
        for other in module.tables.iter_mut() {
            other.elem_segments.clear();
        }
        let memory = module.get_memory_id()?;
        let import = module.imports.add(FIRST, "m", memory);
        module.memories.get_mut(memory).import = Some(import);
        module.memories.get_mut(memory).data_segments.clear();
        let import = module.imports.add(FIRST, "t", table);
        module.tables.get_mut(table).import = Some(import);
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
        Ok(emit(module))
    }

    fn listing(&self, module: &Module) -> String {
        let line = |(id, function): (FunctionId, &walrus::LocalFunction)| {
            let part = if self.late[id.index()] { "later" } else { "first" };
            let name = module.funcs.get(id).name.as_deref().unwrap_or_default();
            format!("{part}\t{}\t{name}\n", function.size())
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

    /// Sends calls from one module's functions to the other's through the table.
    fn reroute(&self, module: &mut Module, table: TableId, late: bool) {
        let types: BTreeMap<Index, walrus::TypeId> =
            module.funcs.iter().map(|function| (function.id().index(), function.ty())).collect();
        let other = |id: FunctionId| (self.late[id.index()] != late).then(|| id.index());
        for (id, function) in module.funcs.iter_local_mut() {
            if self.late[id.index()] != late {
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
                    }
                    at += 1;
                }
            }
        }
    }
}

/// Whether each function comes later: the list names it, or only functions that come later call
/// it. What is in the table of functions may be called by anything.
fn late(
    module: &Module,
    calls: &[Option<Vec<Index>>],
    placed: &[(u32, FunctionId)],
    later: &List,
) -> Vec<bool> {
    let mut named = vec![false; calls.len()];
    for (id, _) in module.funcs.iter_local() {
        named[id.index()] =
            module.funcs.get(id).name.as_deref().is_some_and(|name| later.names(name));
    }
    let mut open: Vec<Index> = placed.iter().map(|(_, id)| id.index()).collect();
    open.retain(|index| !named[*index]);
    // What JavaScript calls stays, whatever the list says.
    open.extend(module.start.map(|id| id.index()));
    open.extend(module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(id) => Some(id.index()),
        _ => None,
    }));
    // What JavaScript gives stays with the module that it is given to.
    let mut late: Vec<bool> = calls.iter().map(Option::is_some).collect();
    while let Some(next) = open.pop() {
        if std::mem::replace(&mut late[next], false) {
            open.extend(calls[next].iter().flatten().filter(|callee| !named[**callee]));
        }
    }
    late
}

/// Which functions come later, by their names.
pub(crate) struct List {
    /// Beginnings of names without type arguments; `false` for an exception.
    beginnings: Vec<(String, bool)>,
    /// What stands anywhere in a whole name.
    parts: Vec<String>,
}

impl List {
    /// Reads a list: on each line a beginning, an exception after `!`, a part after `*`, a comment
    /// after `#`.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut beginnings, mut parts) = (Vec::new(), Vec::new());
        for line in text.lines().map(str::trim) {
            match line.chars().next() {
                None | Some('#') => {}
                Some('*') => parts.push(line[1..].to_owned()),
                Some('!') => beginnings.push((line[1..].to_owned(), false)),
                Some(_) => beginnings.push((line.to_owned(), true)),
            }
        }
        Self { beginnings, parts }
    }

    /// Whether the function comes later: the longest beginning that fits decides, then the parts.
    fn names(&self, name: &str) -> bool {
        let name = whole(name);
        let short = plain(&name);
        let fitting = self.beginnings.iter().filter(|(start, _)| short.starts_with(start.as_str()));
        if let Some((_, late)) = fitting.max_by_key(|(start, _)| start.len()) {
            return *late;
        }
        self.parts.iter().any(|part| name.contains(part.as_str()))
    }
}

/// A function's name without crates' hashes.
fn whole(name: &str) -> String {
    let mut inside = false;
    let outside = |char: &char| {
        let out = !inside && *char != '[';
        inside = if inside { *char != ']' } else { *char == '[' };
        out
    };
    name.chars().filter(outside).collect()
}

/// A whole name without type arguments: of `<node::Node<trace::Recorder>>::admin`, it is
/// `node::Node::admin`.
fn plain(whole: &str) -> String {
    let mut angles = 0_u32;
    let mut text = String::with_capacity(whole.len());
    for char in whole.trim_start_matches('<').chars() {
        match char {
            '<' => angles += 1,
            '>' => angles = angles.saturating_sub(1),
            _ if angles == 0 => text.push(char),
            _ => {}
        }
    }
    text
}

fn function_table(module: &Module) -> Result<TableId> {
    module.tables.main_function_table()?.context("the page's module has no table of functions")
}

/// What each function calls; `None` for what JavaScript gives.
fn calls(module: &Module) -> Vec<Option<Vec<Index>>> {
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
        found.0.sort_unstable();
        found.0.dedup();
        all[id.index()] = Some(found.0);
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

fn export(module: &mut Module, name: &str, item: ExportItem) {
    module.exports.add(name, item);
}

fn emit(mut module: Module) -> Vec<u8> {
    for function in module.funcs.iter_mut() {
        function.name = None;
    }
    module.emit_wasm()
}
