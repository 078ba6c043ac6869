//! What has not run of functions that have: taken out of them, into functions of their own.
//!
//! Most of a large function is for cases that do not arise in the page's first seconds. Such a
//! *region* (instructions of one sequence that follow each other, none of which has run) becomes a
//! function. It gets the local variables it uses as arguments, and returns those it may have
//! changed, followed by the number of the way on which it was left: 0, it came to its end; then the
//! blocks outside that it branches to; then `return`. The instructions left in its place pass it
//! these and go that way. What is computed stays the same, whatever has run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context, Result};
use walrus::ir::{self, Instr, InstrLocId, InstrSeqId, InstrSeqType, Value};
use walrus::{FunctionBuilder, FunctionId, LocalFunction, LocalId, Module, ModuleTypes, ValType};

use crate::pieces::{Piece, inner, pieces};

/// What comes before the name of a function that is needed at once, or later.
pub(crate) const MARKS: [&str; 2] = ["first:", "later:"];
/// A region has to be larger than what stands in its place by this many instructions.
pub(crate) const WORTH: usize = 2;

type Instrs = Vec<(Instr, InstrLocId)>;

/// The module with each function's name after one of [`MARKS`]; `ran` says which pieces have run,
/// `worth` is [`WORTH`].
pub(crate) fn outline(bytes: &[u8], ran: &[bool], worth: usize) -> Result<Vec<u8>> {
    let mut module = Module::from_buffer(bytes).context("the bound module cannot be read")?;
    let functions: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
    let mut index = 0;
    for id in functions {
        let function = module.funcs.get(id).kind.unwrap_local();
        let mut cold = HashMap::new();
        let all = pieces(function);
        let mut any = false;
        for Piece { seq, instrs } in &all {
            let has_run = ran.get(index).copied().unwrap_or(false);
            cold.insert((*seq, instrs.start), !has_run);
            any |= has_run;
            index += 1;
        }
        let name = module.funcs.get(id).name.clone().unwrap_or_default();
        module.funcs.get_mut(id).name = Some(format!("{}{name}", MARKS[usize::from(!any)]));
        if any {
            let later = format!("{}{name}", MARKS[1]);
            Function::new(&mut module, id, later, cold, &all, worth).outline();
        }
    }
    Ok(module.emit_wasm())
}

/// How often a local variable is read and written.
#[derive(Clone, Copy, Default)]
struct Uses {
    gets: usize,
    sets: usize,
}

/// A function that is being worked on.
struct Function<'a> {
    module: &'a mut Module,
    id: FunctionId,
    /// The name of what is taken out.
    later: String,
    /// Whether a piece has not run, by its sequence and the place it begins.
    cold: HashMap<(InstrSeqId, usize), bool>,
    /// The pieces of each sequence, in their order.
    order: HashMap<InstrSeqId, Vec<Piece>>,
    uses: BTreeMap<LocalId, Uses>,
    loops: BTreeSet<InstrSeqId>,
    results: Vec<ValType>,
    worth: usize,
}

/// What has to be known of a region to take it out.
#[derive(Default)]
struct Region {
    size: usize,
    uses: BTreeMap<LocalId, Uses>,
    /// Blocks outside that it branches to.
    exits: Vec<InstrSeqId>,
    returns: bool,
    /// It does something that is not known here.
    strange: bool,
}

impl<'a> Function<'a> {
    fn new(
        module: &'a mut Module,
        id: FunctionId,
        later: String,
        cold: HashMap<(InstrSeqId, usize), bool>,
        all: &[Piece],
        worth: usize,
    ) -> Self {
        let mut order: HashMap<InstrSeqId, Vec<Piece>> = HashMap::new();
        for piece in all {
            order.entry(piece.seq).or_default().push(piece.clone());
        }
        let results = module.types.results(module.funcs.get(id).ty()).to_vec();
        let function = module.funcs.get(id).kind.unwrap_local();
        let mut whole = Region::default();
        let mut loops = BTreeSet::new();
        let entry = function.entry_block();
        survey(function, &function.block(entry).instrs, &mut BTreeSet::new(), &mut whole);
        for piece in all {
            for (instr, _) in &function.block(piece.seq).instrs[piece.instrs.clone()] {
                if let Instr::Loop(block) = instr {
                    loops.insert(block.seq);
                }
            }
        }
        Self { module, id, later, cold, order, uses: whole.uses, loops, results, worth }
    }

    fn local(&self) -> &LocalFunction {
        self.module.funcs.get(self.id).kind.unwrap_local()
    }

    /// Takes out what can be, from the outermost sequence inwards.
    fn outline(&mut self) {
        let mut open = vec![self.local().entry_block()];
        while let Some(seq) = open.pop() {
            let pieces = self.order.remove(&seq).unwrap_or_default();
            // From the last to the first, so that places before it stay what they are.
            let mut end = pieces.len();
            while end > 0 {
                let is_cold = |piece: &Piece| self.cold[&(seq, piece.instrs.start)];
                let mut start = end - 1;
                let cold = is_cold(&pieces[start]);
                while cold && start > 0 && is_cold(&pieces[start - 1]) {
                    start -= 1;
                }
                let range = pieces[start].instrs.start..pieces[end - 1].instrs.end;
                if !(cold && self.take_out(seq, range.clone())) {
                    let instrs = &self.local().block(seq).instrs[range];
                    open.extend(instrs.iter().flat_map(|(instr, _)| inner(instr)));
                }
                end = start;
            }
        }
    }

    /// Makes a function of some instructions of a sequence; false if that cannot be, or is no gain.
    fn take_out(&mut self, seq: InstrSeqId, range: std::ops::Range<usize>) -> bool {
        let function = self.local();
        let block = function.block(seq);
        let to_end = range.end == block.instrs.len();
        let instrs = &block.instrs[range.clone()];
        let mut region = Region::default();
        survey(function, instrs, &mut BTreeSet::new(), &mut region);
        let ends = instrs.last().is_some_and(|(instr, _)| leaves(instr));
        let block_result = match (block.ty, self.results.as_slice()) {
            (InstrSeqType::Simple(result), _) => result,
            (_, []) if seq == function.entry_block() => None,
            (_, [result]) if seq == function.entry_block() => Some(*result),
            _ => return false,
        };
        let level = Heights::of(self.module, function, seq);
        let given: Vec<ValType> = block_result.filter(|_| to_end && !ends).into_iter().collect();
        let plain = |target: &InstrSeqId| {
            let empty = matches!(function.block(*target).ty, InstrSeqType::Simple(None));
            let end = *target == function.entry_block() && self.results.is_empty();
            empty || end || self.loops.contains(target)
        };
        let returned = if region.returns { self.results.clone() } else { Vec::new() };
        let level_at = |at: usize| level.0.get(at).copied().flatten();
        if region.strange
            || !region.exits.iter().all(plain)
            || (!given.is_empty() && !returned.is_empty())
            || given.iter().chain(&returned).any(|ty| matches!(ty, ValType::Ref(_)))
            || level_at(range.start) != Some(0)
            || !(ends || level_at(range.end) == Some(given.len()))
        {
            return false;
        }
        let (taken, changed) = self.passed(instrs, &region);
        let ways = region.exits.len() + usize::from(region.returns);
        let instead = 2 * taken.len() + changed.len() + 3 * ways + 2 * returned.len();
        if region.size < instead + self.worth {
            return false;
        }
        let numbered = ways > usize::from(ends);
        let form = Form { given, returned, taken, changed, numbered, ends };
        let made = self.make(seq, range.clone(), &region, &form);
        let call = self.call(made, &region, &form);
        let function = self.module.funcs.get_mut(self.id).kind.unwrap_local_mut();
        function.block_mut(seq).instrs.splice(range, call);
        true
    }

    /// The local variables that a region has to be given, and those that it has to give back.
    fn passed(
        &self,
        instrs: &[(Instr, InstrLocId)],
        region: &Region,
    ) -> (Vec<LocalId>, Vec<LocalId>) {
        let function = self.local();
        let fresh = written_first(function, instrs);
        let (mut taken, mut changed) = (Vec::new(), Vec::new());
        for (local, inside) in &region.uses {
            let all = self.uses[local];
            let fresh = fresh.contains(local) && !function.args.contains(local);
            // Its own: nobody else has it, and each time it is written before it is read.
            if fresh && all.gets == inside.gets && all.sets == inside.sets {
                continue;
            }
            let back = inside.sets > 0 && (all.gets > inside.gets || !fresh);
            if back {
                changed.push(*local);
            }
            if back || !fresh && inside.gets > 0 {
                taken.push(*local);
            }
        }
        (taken, changed)
    }

    /// Makes the function.
    fn make(
        &mut self,
        seq: InstrSeqId,
        range: std::ops::Range<usize>,
        region: &Region,
        form: &Form,
    ) -> FunctionId {
        let types = |locals: &[LocalId]| -> Vec<ValType> {
            locals.iter().map(|local| self.module.locals.get(*local).ty()).collect()
        };
        let params = types(&form.taken);
        let mut results = [form.given.as_slice(), &form.returned, &types(&form.changed)].concat();
        results.extend(form.numbered.then_some(ValType::I32));
        let mut builder = FunctionBuilder::new(&mut self.module.types, &params, &results);
        let entry = builder.func_body_id();
        // A block around it for each way out, the first innermost: who branches there comes to its
        // end, where the way is noted.
        let mut seqs = HashMap::new();
        let mut at = entry;
        for (number, exit) in region.exits.iter().enumerate().rev() {
            let around = builder.dangling_instr_seq(InstrSeqType::Simple(None)).id();
            seqs.insert(*exit, around);
            let mut body = builder.instr_seq(at);
            body.instr(ir::Block { seq: around });
            for instr in form.leave(number + 1, &form.given, &form.returned) {
                body.instr(instr);
            }
            at = around;
        }
        let function = self.module.funcs.get(self.id).kind.unwrap_local();
        let instrs = &function.block(seq).instrs[range];
        let number = region.exits.len() + 1;
        let leave =
            form.leave(number, if form.returned.is_empty() { &form.given } else { &[] }, &[]);
        let mut copy = Copy { function, builder: &mut builder, seqs, leave, entry };
        let mut body = copy.instrs(instrs, &self.results);
        if !form.ends {
            let leave = form.leave(0, &[], &form.returned);
            body.extend(leave.into_iter().map(|instr| (instr, InstrLocId::default())));
        }
        builder.instr_seq(at).instrs_mut().extend(body);
        let made = builder.finish(form.taken.clone(), &mut self.module.funcs);
        self.module.funcs.get_mut(made).name = Some(self.later.clone());
        made
    }

    /// What stands in the place of the region: the call, and the way on from there.
    fn call(&mut self, made: FunctionId, region: &Region, form: &Form) -> Instrs {
        let mut out: Vec<Instr> = Vec::new();
        let get = |local: LocalId| Instr::from(ir::LocalGet { local });
        let set = |local: LocalId| Instr::from(ir::LocalSet { local });
        out.extend(form.taken.iter().copied().map(get));
        out.push(ir::Call { func: made }.into());
        let number = self.module.locals.add(ValType::I32);
        let kept: Vec<LocalId> =
            form.returned.iter().map(|ty| self.module.locals.add(*ty)).collect();
        out.extend(form.numbered.then(|| set(number)));
        out.extend(form.changed.iter().rev().copied().map(set));
        out.extend(kept.iter().rev().copied().map(set));
        let give_back: Vec<Instr> =
            kept.iter().copied().map(get).chain([ir::Return {}.into()]).collect();
        let function = self.module.funcs.get_mut(self.id).kind.unwrap_local_mut();
        let builder = function.builder_mut();
        let mut block = |instrs: Vec<Instr>| {
            let mut seq = builder.dangling_instr_seq(InstrSeqType::Simple(None));
            for instr in instrs {
                seq.instr(instr);
            }
            seq.id()
        };
        match (region.exits.as_slice(), region.returns, form.ends) {
            ([], false, false) => {}
            ([], false, true) => out.push(ir::Unreachable {}.into()),
            ([exit], false, true) => out.push(ir::Br { block: *exit }.into()),
            ([exit], false, false) => {
                out.extend([get(number), ir::BrIf { block: *exit }.into()]);
            }
            ([], true, true) => out.extend(give_back),
            ([], true, false) => {
                let (consequent, alternative) = (block(give_back), block(Vec::new()));
                out.extend([get(number), ir::IfElse { consequent, alternative }.into()]);
            }
            (exits, returns, ends) => {
                // next: { last: { br_table } return }
                let (next, last) = (block(Vec::new()), block(Vec::new()));
                let blocks: Box<[InstrSeqId]> =
                    [next].into_iter().chain(exits.iter().copied()).collect();
                let default = if returns { last } else { next };
                let jump = ir::BrTable { blocks, default };
                builder.instr_seq(last).instr(get(number)).instr(jump);
                let mut body = builder.instr_seq(next);
                body.instr(ir::Block { seq: last });
                for instr in if returns { give_back } else { vec![ir::Unreachable {}.into()] } {
                    body.instr(instr);
                }
                out.push(ir::Block { seq: next }.into());
                out.extend(ends.then(|| Instr::from(ir::Unreachable {})));
            }
        }
        out.into_iter().map(|instr| (instr, InstrLocId::default())).collect()
    }
}

/// How a region is called and left.
struct Form {
    /// What it leaves on the stack where it comes to its end.
    given: Vec<ValType>,
    /// What the function returns, if the region may return.
    returned: Vec<ValType>,
    taken: Vec<LocalId>,
    changed: Vec<LocalId>,
    /// Whether it says on which way it was left.
    numbered: bool,
    /// It never comes to its end.
    ends: bool,
}

impl Form {
    /// Leaves the function on a way; `given` and `returned` are not on the stack yet.
    fn leave(&self, way: usize, given: &[ValType], returned: &[ValType]) -> Vec<Instr> {
        let number = |value| Instr::from(ir::Const { value });
        let mut out: Vec<Instr> =
            given.iter().chain(returned).map(|ty| number(zero(*ty))).collect();
        out.extend(self.changed.iter().map(|local| Instr::from(ir::LocalGet { local: *local })));
        out.extend(self.numbered.then(|| number(Value::I32(way as i32))));
        out.push(ir::Return {}.into());
        out
    }
}

fn zero(ty: ValType) -> Value {
    match ty {
        ValType::I64 => Value::I64(0),
        ValType::F32 => Value::F32(0.0),
        ValType::F64 => Value::F64(0.0),
        ValType::V128 => Value::V128(0),
        ValType::I32 | ValType::Ref(_) => Value::I32(0),
    }
}

/// Copies a region into another function.
struct Copy<'a> {
    function: &'a LocalFunction,
    builder: &'a mut FunctionBuilder,
    /// What the sequences are there.
    seqs: HashMap<InstrSeqId, InstrSeqId>,
    /// What stands for `return` there.
    leave: Vec<Instr>,
    entry: InstrSeqId,
}

impl Copy<'_> {
    fn instrs(&mut self, instrs: &[(Instr, InstrLocId)], results: &[ValType]) -> Instrs {
        let mut out = Vec::with_capacity(instrs.len());
        for (instr, place) in instrs {
            let copy: Instr = match instr {
                Instr::Block(block) => ir::Block { seq: self.seq(block.seq, results) }.into(),
                Instr::Loop(block) => ir::Loop { seq: self.seq(block.seq, results) }.into(),
                Instr::IfElse(either) => ir::IfElse {
                    consequent: self.seq(either.consequent, results),
                    alternative: self.seq(either.alternative, results),
                }
                .into(),
                Instr::Br(br) if self.seqs.contains_key(&br.block) => {
                    ir::Br { block: self.seqs[&br.block] }.into()
                }
                Instr::BrIf(br) => ir::BrIf { block: self.seqs[&br.block] }.into(),
                Instr::BrTable(br) => ir::BrTable {
                    blocks: br.blocks.iter().map(|block| self.seqs[block]).collect(),
                    default: self.seqs[&br.default],
                }
                .into(),
                // To the end of the function, or `return`.
                Instr::Br(_) | Instr::Return(_) => {
                    out.extend(self.leave.iter().cloned().map(|instr| (instr, *place)));
                    continue;
                }
                other => other.clone(),
            };
            out.push((copy, *place));
        }
        out
    }

    fn seq(&mut self, old: InstrSeqId, results: &[ValType]) -> InstrSeqId {
        let block = self.function.block(old);
        let new = self.builder.dangling_instr_seq(block.ty).id();
        debug_assert_ne!(new, self.entry);
        self.seqs.insert(old, new);
        let instrs = self.instrs(&block.instrs, results);
        self.builder.instr_seq(new).instrs_mut().extend(instrs);
        new
    }
}

/// Adds to a region what instructions use and where they branch to.
fn survey(
    function: &LocalFunction,
    instrs: &[(Instr, InstrLocId)],
    own: &mut BTreeSet<InstrSeqId>,
    region: &mut Region,
) {
    let branch = |region: &mut Region, target: InstrSeqId, own: &BTreeSet<InstrSeqId>| {
        if !own.contains(&target) && !region.exits.contains(&target) {
            region.exits.push(target);
        }
    };
    for (instr, _) in instrs {
        region.size += 1;
        match instr {
            Instr::LocalGet(get) => region.uses.entry(get.local).or_default().gets += 1,
            Instr::LocalSet(set) => region.uses.entry(set.local).or_default().sets += 1,
            Instr::LocalTee(tee) => region.uses.entry(tee.local).or_default().sets += 1,
            Instr::Br(br) => {
                let entry = function.entry_block();
                let value = !matches!(function.block(entry).ty, InstrSeqType::Simple(None));
                if br.block == entry && value && !own.contains(&entry) {
                    region.returns = true;
                } else {
                    branch(region, br.block, own);
                }
            }
            Instr::BrIf(br) => branch(region, br.block, own),
            Instr::BrTable(br) => {
                for target in br.blocks.iter().chain([&br.default]) {
                    branch(region, *target, own);
                }
            }
            Instr::Return(_) => region.returns = true,
            Instr::ReturnCall(_)
            | Instr::ReturnCallIndirect(_)
            | Instr::ReturnCallRef(_)
            | Instr::TryTable(_)
            | Instr::Try(_)
            | Instr::Rethrow(_)
            | Instr::BrOnNull(_)
            | Instr::BrOnNonNull(_)
            | Instr::BrOnCast(_)
            | Instr::BrOnCastFail(_) => region.strange = true,
            _ => {}
        }
        for seq in inner(instr) {
            own.insert(seq);
            survey(function, &function.block(seq).instrs, own, region);
        }
    }
}

/// The local variables that are written by the first of these instructions that have to do with
/// them.
fn written_first(function: &LocalFunction, instrs: &[(Instr, InstrLocId)]) -> BTreeSet<LocalId> {
    let (mut seen, mut written) = (BTreeSet::new(), BTreeSet::new());
    for (instr, _) in instrs {
        match instr {
            Instr::LocalSet(ir::LocalSet { local }) | Instr::LocalTee(ir::LocalTee { local }) => {
                if seen.insert(*local) {
                    written.insert(*local);
                }
            }
            Instr::LocalGet(get) => {
                seen.insert(get.local);
            }
            _ => {
                let mut nested = Region::default();
                for seq in inner(instr) {
                    let instrs = &function.block(seq).instrs;
                    survey(function, instrs, &mut BTreeSet::new(), &mut nested);
                }
                seen.extend(nested.uses.keys());
            }
        }
    }
    written
}

/// Whether nothing that follows an instruction is reached through it.
fn leaves(instr: &Instr) -> bool {
    matches!(instr, Instr::Br(_) | Instr::BrTable(_) | Instr::Return(_) | Instr::Unreachable(_))
}

/// How many values are on the stack before each instruction of a sequence, and after the last; none
/// where that is not known.
struct Heights(Vec<Option<usize>>);

impl Heights {
    fn of(module: &Module, function: &LocalFunction, seq: InstrSeqId) -> Self {
        let mut height = Some(0_usize);
        let mut all = vec![height];
        for (instr, _) in &function.block(seq).instrs {
            height = height.and_then(|height| {
                let (pops, pushes) = effect(module, function, instr)?;
                Some(height.checked_sub(pops)? + pushes)
            });
            all.push(height);
        }
        Self(all)
    }
}

/// How many values an instruction takes from the stack and puts there; none if what follows is not
/// reached, or it is not known here.
fn effect(module: &Module, function: &LocalFunction, instr: &Instr) -> Option<(usize, usize)> {
    let types: &ModuleTypes = &module.types;
    let block = |seq: InstrSeqId| match function.block(seq).ty {
        InstrSeqType::Simple(result) => Some(usize::from(result.is_some())),
        InstrSeqType::MultiValue(_) => None,
    };
    let call = |ty| (types.params(ty).len(), types.results(ty).len());
    Some(match instr {
        Instr::Block(inner) => (0, block(inner.seq)?),
        Instr::Loop(inner) => (0, block(inner.seq)?),
        Instr::IfElse(either) => (1, block(either.consequent)?),
        Instr::Call(callee) => call(module.funcs.get(callee.func).ty()),
        Instr::CallIndirect(callee) => {
            let (params, results) = call(callee.ty);
            (params + 1, results)
        }
        Instr::LocalGet(_) | Instr::GlobalGet(_) | Instr::Const(_) | Instr::MemorySize(_) => (0, 1),
        Instr::LocalSet(_) | Instr::GlobalSet(_) | Instr::Drop(_) | Instr::BrIf(_) => (1, 0),
        Instr::LocalTee(_) | Instr::Unop(_) | Instr::Load(_) | Instr::MemoryGrow(_) => (1, 1),
        Instr::Binop(_) => (2, 1),
        Instr::Select(_) => (3, 1),
        Instr::Store(_) => (2, 0),
        Instr::MemoryCopy(_) | Instr::MemoryFill(_) => (3, 0),
        Instr::RefNull(_) | Instr::RefFunc(_) | Instr::TableSize(_) => (0, 1),
        Instr::RefIsNull(_) | Instr::TableGet(_) => (1, 1),
        Instr::TableSet(_) => (2, 0),
        Instr::TableGrow(_) => (2, 1),
        _ => return None,
    })
}
